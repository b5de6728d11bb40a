"""Sanity checks of all methods as a picture and tables."""

import pandas as pd
import pytest

from saliency_audit.ledger.method_checks import Answer
from saliency_audit.ledger.statistics import Estimate
from saliency_audit.report.method_checks import check_table, cost_table, show_checks
from saliency_audit.report.names import network

FOUND = (
    Answer("noise", "digits_cnn", "digits", "ig", Estimate(0.1, 0.05, 0.15, 30), 0, True),
    Answer("noise", "digits_cnn", "digits", "edge", Estimate(1.0, 1.0, 1.0, 30), 0, False),
    Answer("noise", "digits_cnn", "digits", "gradcam", None, 30, None),
    Answer("background", "shapes_cnn", "shapes", "ig", Estimate(0.5, 0.4, 0.6, 26), 4, None),
)


def test_a_panel_per_check_and_a_mark_per_estimate():
    figure = show_checks(FOUND)
    noise, background = figure.axes
    assert [label.get_text() for label in noise.get_yticklabels()] == ["IG", "Grad-CAM", "Edges"]
    marks = [line for line in noise.lines if line.get_marker() in ("o", "X", "D")]
    assert sorted((line.get_marker(), float(line.get_xdata()[0])) for line in marks) == [
        ("X", 1.0),
        ("o", 0.1),
    ]
    assert next(line.get_marker() for line in background.lines) == "D"


def test_nothing_to_show_is_said():
    with pytest.raises(ValueError, match="no rows"):
        show_checks(())


def test_cells_say_whether_a_method_passes_and_what_is_undefined():
    table = check_table(FOUND)
    noise, background = "noise", "background"
    assert list(table.columns) == [noise, background]
    small = table.loc[network("digits_cnn")]
    assert "yes" in small.loc["IG", noise]
    assert "n = 30" in small.loc["IG", noise]
    assert "no</span>" in small.loc["Edges", noise]
    assert small.loc["Grad-CAM", noise] == "—<br>30 undefined"
    other = table[table[background] != "—"]
    assert len(other) == 1
    assert "undecided" in other[background].iloc[0]
    assert "4 undefined" in other[background].iloc[0]


def test_costs_are_spans_of_passes_and_medians_of_time():
    rows = pd.DataFrame(
        {
            "model": "shapes_cnn",
            "method": ["ig", "ig", "ig", "rise", "rise", "rise"],
            "forward_passes": [51, 51, 51, 1000, 1001, 1002],
            "backward_passes": [51, 51, 51, 0, 0, 0],
            "seconds": [0.5, 0.6, 0.7, 4.0, 4.0, 4.0],
            "gradient_seconds": [0.01, 0.01, 0.01, 0.02, 0.02, 0.02],
        }
    )
    table = cost_table(rows).droplevel("network")
    assert table.loc["IG"].tolist() == ["51", "51", "60.0"]
    assert table.loc["RISE"].tolist() == ["1,000–1,002", "0", "200"]
