"""Figures and table of maps from several baselines."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from saliency_audit.report.figures.ggig.product import (
    baseline_table,
    show_agreement,
    show_dominance,
)
from saliency_audit.sanity import DIFFERENCE

BASELINES = ("black", "white", "blur")


@pytest.fixture
def rows():
    generator = np.random.default_rng(0)
    places = [*combinations(BASELINES, 2), *((name, DIFFERENCE) for name in BASELINES)]
    table = pd.DataFrame(
        [
            {"model": model, "method": method, "sign": sign, "first": first, "second": second}
            | {"image": image}
            for model in ("digits_cnn", "shapes_cnn")
            for method in ("ig", "ig_without_product", "ggig")
            for sign in ("absolute", "signed")
            for first, second in places
            for image in range(12)
        ]
    )
    table["spearman"] = generator.random(len(table))
    return table


def mean_of(rows, model, method, sign, first, second):
    chosen = rows[
        (rows["model"] == model)
        & (rows["method"] == method)
        & (rows["sign"] == sign)
        & (rows["first"] == first)
        & (rows["second"] == second)
    ]
    return chosen["spearman"].mean()


def drawn_means(axis):
    return [bar.lines[0].get_xdata()[0] for bar in axis.containers]


def test_a_panel_per_network_and_pair_with_the_limit(rows):
    figure = show_agreement(rows, "signed", 0.8)
    titles = [axis.get_title() for axis in figure.axes]
    assert titles == ["black and white", "black and blur", "white and blur"] * 2
    last = figure.axes[5]
    expected = [
        mean_of(rows, "shapes_cnn", name, "signed", "white", "blur")
        for name in ("ig", "ig_without_product", "ggig")
    ]
    assert drawn_means(last) == pytest.approx(expected)
    assert any(list(line.get_xdata()) == [0.8, 0.8] for line in last.lines)
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == ["IG with product", "IG", "GGIG"]


def test_a_panel_per_baseline_beside_the_input(rows):
    rows.loc[rows["method"] == "ig_without_product", "spearman"] = np.nan
    figure = show_dominance(rows)
    assert [axis.get_title() for axis in figure.axes][:3] == [
        *("input − black", "input − white", "input − blur"),
    ]
    expected = [
        mean_of(rows, "digits_cnn", name, "absolute", "white", DIFFERENCE)
        for name in ("ig", "ggig")
    ]
    assert drawn_means(figure.axes[1]) == pytest.approx(expected)
    assert "|x − x′|" in figure.get_supxlabel()
    with pytest.raises(ValueError, match="no rows to show"):
        show_dominance(rows[:0])


def test_means_stand_by_network_method_and_source(rows):
    rows.loc[(rows["method"] == "ig_without_product") & (rows["second"] == "blur"), "spearman"] = (
        np.nan
    )
    table = baseline_table(
        {"recorded": rows[rows["model"] == "digits_cnn"], "here": rows}, "signed"
    )
    assert list(table.columns) == [
        *("black and white", "black and blur", "white and blur"),
        *("input − black", "input − white", "input − blur"),
    ]
    line = table.loc[("small CNN on digits", "GGIG", "recorded")]
    expected = mean_of(rows, "digits_cnn", "ggig", "signed", "blur", DIFFERENCE)
    assert line["input − blur"] == f"{expected:.2f}"
    assert table.loc[("small CNN on digits", "IG", "here"), "black and blur"] == "—"
    networks = list(dict.fromkeys(table.index.get_level_values("network")))
    assert networks == ["small CNN on digits", "small CNN on shapes"]
    assert len(table) == 3 + 6
    # The lines of one method stand together.
    assert table.index[0][:2] == table.index[1][:2]


def test_undefined_values_are_counted_beside_the_mean(rows):
    lost = (
        (rows["method"] == "ig_without_product") & (rows["second"] == "blur") & (rows["image"] < 5)
    )
    rows.loc[lost, "spearman"] = np.nan
    table = baseline_table({"recorded": rows}, "signed")
    line = table.loc[("small CNN on shapes", "IG", "recorded")]
    expected = mean_of(rows, "shapes_cnn", "ig_without_product", "signed", "black", "blur")
    assert line["black and blur"] == f"{expected:.2f}, 5 of 12 undefined"
    assert "undefined" not in line["black and white"]
