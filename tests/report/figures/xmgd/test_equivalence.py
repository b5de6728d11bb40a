"""Figure and table of weighted fits beside duplicated ones."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger import load_claims
from saliency_audit.report.figures.xmgd.equivalence import equivalence_table, show_equivalence


@pytest.fixture(scope="module")
def claim():
    return load_claims()["XM-EQUIV"]


@pytest.fixture
def rows():
    return pd.DataFrame(
        {
            "model": "vgg16",
            "images": "set",
            "method": "ig",
            "image": image,
            "bin": width,
            "components": 10,
            "copies": round(100 / width),
            "lost": width,
            "mixture_wasserstein": np.nan if (width, image) == (0.1, 0) else width * (1 + image),
            "log_likelihood": width / 10,
            "same_weights_parameter": 1e-12 * (image + 1),
            "same_weights_likelihood": 1e-14,
            "seconds_weighted": 0.1,
            "seconds_duplicated": 1 / width,
        }
        for width in (0.1, 0.01, 0.001)
        for image in range(20)
    )


def test_limits_and_percentiles_are_drawn(rows, claim):
    figure = show_equivalence(rows, claim)
    distance, likelihood, seconds = figure.axes
    assert [line.get_ydata()[0] for line in distance.lines if line.get_color() == "0.4"] == [0.005]
    assert [line.get_ydata()[0] for line in likelihood.lines if line.get_color() == "0.4"] == [
        0.001
    ]
    bars = [line.get_ydata()[0] for line in distance.lines if line.get_linewidth() == 2]
    # The 19th of 20, of the saliency's fit.
    assert bars[2] == pytest.approx(0.001 * 19)
    assert [text.get_text() for text in distance.get_xticklabels()] == ["0.1", "0.01", "0.001"]
    assert len(seconds.get_legend().get_texts()) == 2


def test_every_bin_has_a_line_and_maps_without_a_fit_are_not_counted(rows, claim):
    table = equivalence_table({"recorded": rows}, claim)
    assert list(table.index.get_level_values("b")) == ["0.1", "0.01", "0.001"]
    assert list(table["maps"]) == ["19", "20", "20"]
    assert list(table["saliency lost"]) == ["10.0%", "1.0%", "0.1%"]
    assert table["MW₂ to the saliency's fit"].iloc[2].startswith("0.019")
    assert table["parameters, same weights"].iloc[2] == "1.9e−11 [1.6e−11, 2.0e−11]"
    assert table["seconds, duplicated"].iloc[2].startswith("1000")


def test_nothing_is_not_drawn(rows, claim):
    with pytest.raises(ValueError, match="no rows to show"):
        show_equivalence(rows.iloc[:0], claim)
