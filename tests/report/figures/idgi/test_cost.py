"""Rates, shares and hours as the timed batches say, beside the printed rate."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger import ScopedResult, load_claims
from saliency_audit.ledger.external import cost
from saliency_audit.report.figures.idgi.cost import METHODS, cost_table, printed_rate, show_cost

SECONDS = dict(zip(METHODS, (2.0, 2.0, 4.0, 4.0, 3.0, 3.0), strict=True))


@pytest.fixture(scope="module")
def claim():
    return load_claims()["IDGI-COST"]


@pytest.fixture
def rows():
    found = [
        (model, method, repeat, 4, 128, seconds * factor, 1.5 * factor, "Some GPU")
        for model in ("vgg19", "vgg16")
        for method, seconds in SECONDS.items()
        for repeat, factor in enumerate((1.0, 1.0, 1.0, 1.1, 0.9))
    ]
    columns = ["model", "method", "repeat", "images", "steps", "seconds", "raw_seconds", "device"]
    return pd.DataFrame(found, columns=columns).sample(frac=1, random_state=0)


def test_the_printed_time_is_a_rate(claim):
    assert printed_rate(claim) == pytest.approx(1.08, abs=0.005)


def test_medians_stand_on_the_line_of_their_method(rows, claim):
    figure = show_cost(rows, claim)
    rates, shares = figure.axes[:2]
    assert rates.get_title() == "VGG16"
    assert shares.get_title() == "on Some GPU"
    for axis, expected in (
        (rates, {method: 4 / seconds for method, seconds in SECONDS.items()}),
        (shares, {method: 150 / seconds for method, seconds in SECONDS.items()}),
    ):
        bars = [line for line in axis.lines if line.get_linewidth() == 2.5]
        for height, (method, bar) in enumerate(zip(METHODS, bars, strict=True)):
            assert np.mean(bar.get_ydata()) == pytest.approx(height)
            assert bar.get_xdata()[0] == pytest.approx(expected[method])
    (paper,) = (line for line in rates.lines if line.get_linestyle() == "--")
    assert paper.get_xdata()[0] == pytest.approx(printed_rate(claim))


def test_no_rows_are_refused(rows, claim):
    with pytest.raises(ValueError, match="no rows to show"):
        show_cost(rows[:0], claim)


def test_the_paper_comes_first_then_networks_by_name(rows, claim):
    table = cost_table(claim, {"recorded": cost(rows, claim.external.parameters)})
    assert list(table.index.unique("source")) == ["paper", "recorded"]
    networks = ["mean of ten", "all", "VGG16", "VGG19"]
    assert list(table.index.unique("network")) == networks
    methods = list(table.loc[("recorded", "VGG16")].index)
    assert methods[:3] == ["IG", "IG+IDGI", "Guided IG"]
    hours = "hours for 35 000 images"
    assert table.iloc[0][hours] == "9"
    assert float(table.loc[("recorded", "VGG16", "IG")][hours]) == pytest.approx(
        35000 * 0.5 / 3600, abs=0.01
    )
    assert table.loc[("recorded", "VGG16", "Guided IG")]["share of plain passes"].startswith("0.37")


def test_the_mean_that_decides_stands_before_what_it_is_the_mean_of(rows, claim):
    other = rows.assign(model="squeezenet1_0", seconds=2 * rows["seconds"])
    both = ScopedResult(*(cost(each, claim.external.parameters) for each in (rows, other[:30])))
    table = cost_table(claim, {"recorded": both})
    hours = "hours for 35 000 images"
    means = table[[place[-1].startswith("mean of") for place in table.index]][1:]
    assert list(means.index) == [
        ("recorded, replication", "all", "mean of 12"),
        ("recorded, generalisation", "all", "mean of 6"),
    ]
    expected = 35000 / 4 / 3600 * np.mean(list(SECONDS.values()))
    assert list(means[hours].str.split(" ").str[0].astype(float)) == pytest.approx(
        [expected, 2 * expected], abs=0.1
    )
    assert means[hours].str.contains("[", regex=False).all()
    assert list(table.index.unique("network"))[-1] == "SqueezeNet1.0"
