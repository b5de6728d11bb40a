"""Figure and table of GGIG's settings beside the whole climb."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.report.figures.ggig.climb import (
    climb_checks_table,
    climb_settings,
    climb_table,
    show_climb,
    show_climb_checks,
)
from saliency_audit.study import get_experiment

OTHERS = ("saliency", "ig_without_product", "edge", "random")


@pytest.fixture
def rows():
    settings = [("ggig", points, steps) for points in (6, 51) for steps in (1, 10)]
    settings += [(name, 0, 0) for name in OTHERS]
    table = pd.DataFrame(
        [
            {"model": model, "method": method, "points": points, "ascents": steps}
            | {"sign": sign, "image": image}
            for model in ("digits_cnn", "shapes_cnn")
            for method, points, steps in settings
            for sign in ("absolute", "signed")
            for image in range(7)
        ]
    )
    table["spearman"] = np.random.default_rng(0).random(len(table))
    return table


def mean_of(rows, **keys):
    for name, value in keys.items():
        rows = rows[rows[name] == value]
    return rows["spearman"].mean()


def test_a_panel_per_network_with_a_line_per_number_of_points(rows):
    figure = show_climb(rows, "signed")
    assert [axis.get_title() for axis in figure.axes] == [
        *("small CNN on digits, n = 7", "small CNN on shapes, n = 7"),
    ]
    axis = figure.axes[1]
    keys = {"model": "shapes_cnn", "sign": "signed"}
    lines = {line.get_label(): line for line in axis.lines}
    expected = [mean_of(rows, points=51, ascents=steps, **keys) for steps in (1, 10)]
    assert list(lines["51 points"].get_xdata()) == [1, 10]
    assert list(lines["51 points"].get_ydata()) == pytest.approx(expected)
    dashed = {line.get_ydata()[0] for line in axis.lines if line.get_linestyle() == "--"}
    assert sorted(dashed) == pytest.approx(
        sorted(mean_of(rows, method=name, **keys) for name in OTHERS)
    )
    assert {text.get_text() for text in axis.texts} == {"Saliency", "IG", "Edges", "Random"}


def test_the_table_has_a_line_per_network_map_and_source(rows):
    lost = (rows["method"] == "ggig") & (rows["image"] < 2) & (rows["points"] == 6)
    rows.loc[lost & (rows["ascents"] == 10), "spearman"] = np.nan
    recorded = rows[rows["model"] == "shapes_cnn"].assign(spearman=0.25)
    table = climb_table({"recorded": recorded, "this machine": rows})
    assert list(table.columns) == ["no climb", "1 step", "10 steps"]
    assert table.loc[("small CNN on shapes", "51 points", "recorded"), "10 steps"] == "0.250"
    mine = table.loc[("small CNN on digits", "6 points", "this\nmachine")]
    keys = {"model": "digits_cnn", "sign": "absolute", "points": 6}
    assert mine["1 step"] == f"{mean_of(rows, ascents=1, **keys):.3f}"
    assert mine["10 steps"].endswith(", 2 of 7 undefined")
    assert mine["no climb"] == "—"
    edges = table.loc[("small CNN on digits", "Edges", "this\nmachine")]
    assert edges["no climb"] != "—"
    assert edges["1 step"] == "—"


@pytest.fixture
def checked():
    table = pd.DataFrame(
        [
            {"model": "digits_cnn", "against": against, "draw": draw, "points": points}
            | {"ascents": steps, "sign": sign, "image": image}
            for against in ("noise", "unrelated")
            for draw in range(3)
            for points in (6, 51)
            for steps in (1, 10)
            for sign in ("absolute", "signed")
            for image in range(7)
        ]
    )
    table["spearman"] = np.random.default_rng(1).random(len(table))
    return table


def test_a_panel_per_change_of_the_network(checked):
    figure = show_climb_checks(checked, "signed")
    assert [axis.get_title() for axis in figure.axes] == [
        *("noise of 1 σ on the weights", "all layers re-initialised"),
    ]
    line = next(line for line in figure.axes[1].lines if line.get_label() == "51 points")
    keys = {"against": "unrelated", "sign": "signed", "points": 51}
    expected = [mean_of(checked, ascents=steps, **keys) for steps in (1, 10)]
    assert list(line.get_ydata()) == pytest.approx(expected)


def test_the_check_is_noise_minus_the_floor(checked):
    table = climb_checks_table({"here": checked})
    cell = table.loc[("small CNN on digits", "6 points", "here"), "10 steps"]
    keys = {"sign": "absolute", "points": 6, "ascents": 10}
    noise, floor = (mean_of(checked, against=name, **keys) for name in ("noise", "unrelated"))
    assert float(cell.split(" [")[0].replace("−", "-")) == pytest.approx(noise - floor, abs=0.01)
    assert list(table.columns) == ["1 step", "10 steps"]


def test_how_far_a_run_climbs_is_said():
    for name, expected in (
        ("ggig_product", "MobileNetV2 26 points × 2 steps; quick: small CNN on shapes 11 points"),
        ("ggig_sigma", "MobileNetV2 26 points × 2 steps; quick: small CNN on shapes 5 points × 3"),
    ):
        experiment = get_experiment(name)
        quick = experiment.configure("embedded", {"models": "shapes_cnn"})
        said = climb_settings(experiment, recorded=experiment.configure("reference"), quick=quick)
        assert expected in said


def test_no_rows_nothing_to_show(rows):
    with pytest.raises(ValueError, match="no rows"):
        show_climb(rows[:0])
