"""Sanity checks of all methods as a picture and tables."""

import pandas as pd
import pytest

from saliency_audit.ledger.sanity_checks import Answer, Finding, Score
from saliency_audit.ledger.statistics import Estimate
from saliency_audit.report.figures.sanity_checks import sanity_table, seconds_table, show_sanity
from saliency_audit.report.names import network

SCORE = Score(Estimate(0.65, 0.55, 0.75, 30), 0.1, forgotten=False)


def answer(method, finding, estimate=None, check="noise", **more):
    """An answer of 30 images of digits."""
    given = {"model": "digits_cnn", "images": "digits", "limit": 0.5, "n": 30, "undefined": 0}
    return Answer(check=check, method=method, finding=finding, estimate=estimate, **given | more)


FOUND = (
    answer(
        "ig_without_product",
        Finding.PASSES,
        Estimate(0.1, 0.05, 0.15, 30),
        similarity=Estimate(0.64, 0.6, 0.7, 30),
        floor=0.6,
    ),
    answer("ggig_absolute", Finding.FAILS, Estimate(0.8, 0.7, 0.9, 30)),
    answer("edge", Finding.CANNOT_TELL, similarity=Estimate(1.0, 1.0, 1.0, 30), floor=1.0),
    answer("gradcam", Finding.UNDECIDED, n=0, undefined=30),
    answer("rise", Finding.NO_FLOOR, similarity=Estimate(0.3, 0.2, 0.4, 30)),
    answer("gig", Finding.DOES_NOT_APPLY, Estimate(0.3, 0.2, 0.4, 30), score=SCORE),
    answer(
        "ig_without_product",
        Finding.UNDECIDED,
        Estimate(0.9, 0.8, 0.95, 26),
        "baseline",
        model="shapes_cnn",
        limit=0.9,
        n=26,
        undefined=4,
    ),
)
COSTS = pd.DataFrame(
    {
        "model": "shapes_cnn",
        "method": ["ig_without_product", "ig_without_product", "ggig", "rise", "rise", "rise"],
        "forward_passes": [51, 51, 10200, 1000, 1001, 1002],
        "backward_passes": [51, 51, 10200, 0, 0, 0],
        "seconds": [0.5, 0.7, 9.0, 4.0, 4.0, 4.0],
        "gradient_seconds": [0.01, 0.01, 0.01, 0.02, 0.02, 0.02],
    }
)


def test_a_panel_per_check_and_a_mark_per_estimate():
    figure = show_sanity(FOUND)
    noise, baseline = figure.axes
    labels = [label.get_text() for label in noise.get_yticklabels()]
    assert labels == ["IG", "GGIG, magnitudes", "Guided IG", "Grad-CAM", "RISE", "Edges"]
    marks = [line for line in noise.lines if line.get_marker() in ("o", "X", "D")]
    drawn = {
        (float(line.get_xdata()[0]), line.get_marker(), line.get_markerfacecolor() == "none")
        for line in marks
    }
    assert drawn == {(0.1, "o", False), (0.8, "X", False), (0.3, "o", True)}
    assert next(line.get_marker() for line in baseline.lines) == "D"


def test_the_dashed_line_is_the_limit_of_the_answers():
    noise, baseline = show_sanity(FOUND).axes
    limits = [
        next(line.get_xdata()[0] for line in axis.lines if line.get_linestyle() == "--")
        for axis in (noise, baseline)
    ]
    assert limits == [0.5, 0.9]


def test_nothing_to_show_is_said():
    with pytest.raises(ValueError, match="no rows"):
        show_sanity(())


def test_cells_say_what_was_found_and_from_what():
    table = sanity_table(FOUND)
    assert list(table.columns) == ["noise", "baseline"]
    small = table.loc[network("digits_cnn")]["noise"]
    assert small["IG"] == (
        '<span class="holds">yes</span><br>0.10<br>[0.05, 0.15]<br>ρ 0.64, floor 0.60<br>n = 30'
    )
    assert "no</span>" in small["GGIG, magnitudes"]
    assert small["Edges"] == "cannot tell<br>ρ 1.00, floor 1.00<br>n = 30"
    assert small["RISE"] == "no floor recorded<br>ρ 0.30<br>n = 30"
    assert small["Guided IG"].startswith("does not apply<br>")
    assert "score 0.65, 1/C 0.100<br>" in small["Guided IG"]
    assert small["Grad-CAM"].endswith("undecided</span><br>n = 0<br>30 undefined")
    other = table.loc[network("shapes_cnn")]
    assert other.loc["IG", "noise"] == "—"
    assert "4 undefined" in other.loc["IG", "baseline"]
    partly = answer("gradcam", Finding.PASSES, undefined=2, undefined_pairs=0.314)
    cell = sanity_table([partly]).iloc[0, 0]
    assert cell.endswith("2 undefined<br>31% of pairs undefined")


def test_passes_stand_beside_the_checks():
    table = sanity_table(FOUND, COSTS)
    assert list(table.columns) == ["passes\nper map", "noise", "baseline"]
    cost = table["passes\nper map"]
    assert cost[network("digits_cnn"), "IG"] == "51 forward<br>51 back"
    assert cost[network("shapes_cnn"), "IG"] == "51 forward<br>51 back"
    assert cost[network("digits_cnn"), "GGIG, magnitudes"] == "10,200 forward<br>10,200 back"
    assert cost[network("digits_cnn"), "RISE"] == "1,000–1,002 forward<br>0 back"
    assert cost[network("digits_cnn"), "Edges"] == "—"


def test_costs_are_spans_of_passes_and_medians_of_time():
    table = seconds_table(COSTS).droplevel("network")
    assert table.loc["IG"].tolist() == ["51", "51", "60.0"]
    assert table.loc["RISE"].tolist() == ["1,000–1,002", "0", "200"]
