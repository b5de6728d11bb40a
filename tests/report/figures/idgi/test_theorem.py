"""Errors against the number of steps: lines, guides and tables follow the rows."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger.external import completeness, taylor_order
from saliency_audit.report.figures.idgi.theorem import (
    SMALLEST,
    completeness_table,
    show_completeness,
    show_taylor_error,
    taylor_table,
)

STEPS = [8, 16, 32]
COMPLETE = {"paths": ["ig", "gig"], "steps": STEPS, "tolerance": 1e-5, "resamples": 200}
TAYLOR = {"paths": ["ig", "gig"], "steps": STEPS, "floor": 1e-7, "resamples": 200}


@pytest.fixture
def rows():
    sizes = 1 + 0.2 * np.random.default_rng(0).normal(size=12)
    found = []
    for path in ("ig", "gig"):
        for steps in STEPS:
            for image, size in enumerate(sizes):
                plain, taylor = -0.1 * size * 8 / steps, 0.02 * size * (8 / steps) ** 2
                found.append(("vgg16", path, path, steps, image, plain, np.nan))
                found.append(("vgg16", path, f"{path}+idgi", steps, image, 1e-8, taylor))
    columns = ["model", "path", "method", "steps", "image", "completeness_error", "taylor_error"]
    return pd.DataFrame(found, columns=columns)


def lines(axis):
    return {line.get_label(): np.array(line.get_ydata(), dtype=float) for line in axis.lines}


def test_both_rules_are_drawn_with_the_allowed_error(rows):
    figure = show_completeness(rows, 1e-5)
    assert [axis.get_title() for axis in figure.axes] == [
        "VGG16\nIG, n = 12",
        "VGG16\nGuided IG, n = 12",
    ]
    for axis in figure.axes:
        found = lines(axis)
        np.testing.assert_allclose(found["IDGI rule"], 1e-8)
        np.testing.assert_allclose(found["plain rule"][0] / found["plain rule"], [1, 2, 4])
        assert set(found["allowed for IDGI"]) == {1e-5}
        assert (axis.get_xscale(), axis.get_yscale()) == ("log", "log")


def test_an_error_of_zero_stays_on_the_axis(rows):
    exact = rows.assign(completeness_error=0.0)
    found = lines(show_completeness(exact, 1e-5).axes[0])
    np.testing.assert_allclose(found["IDGI rule"], SMALLEST)


def test_guides_start_at_the_error_and_fall_with_their_slopes(rows):
    for axis in show_taylor_error(rows).axes:
        found = lines(axis)
        means = found["mean over images"]
        np.testing.assert_allclose(means / means[0], [1, 1 / 4, 1 / 16])
        np.testing.assert_allclose(found["slope −1"], means[0] * np.array([1, 1 / 2, 1 / 4]))
        np.testing.assert_allclose(found["slope −2"], means)


def test_a_path_without_rows_leaves_its_panel_empty(rows):
    other = rows[rows["path"] == "ig"].assign(model="vgg19")
    figure = show_taylor_error(pd.concat([rows, other]))
    assert [bool(axis.lines) for axis in figure.axes] == [True, True, True, False]


def test_no_rows_are_refused(rows):
    with pytest.raises(ValueError, match="no rows to show"):
        show_taylor_error(rows[:0])


def test_completeness_by_path_and_run(rows):
    result = completeness(rows, COMPLETE)
    table = completeness_table({"recorded": result, "this machine": result})
    assert list(table.index) == [
        ("VGG16", path, run) for path in ("IG", "Guided IG") for run in ("recorded", "this machine")
    ]
    straight = table.loc[("VGG16", "IG", "recorded")]
    assert straight["IDGI, largest"] == "1.0e−8"
    assert straight["plain, slope"].startswith("−1.00")
    assert "yes" in straight["holds"]
    assert table.loc[("VGG16", "Guided IG", "recorded")]["plain, slope"] == ""


def test_slopes_by_path_and_run(rows):
    table = taylor_table({"recorded": taylor_order(rows, TAYLOR)})
    line = table.loc[("VGG16", "Guided IG", "recorded")]
    assert line["slope"].startswith("−2.00")
    assert line["images with an error"] == "100%"
    first, last = float(line["error, fewest steps"]), float(line["error, most steps"])
    assert first / last == pytest.approx(16, rel=0.05)


def test_without_comparisons_the_tables_are_empty(rows):
    single = rows[rows["steps"] == 8]
    assert taylor_table({"recorded": taylor_order(single, TAYLOR)}).empty
