"""Curves of several methods, and their areas beside the printed ones."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger.external.evidence.curves import curves_of
from saliency_audit.metrics import curve_area
from saliency_audit.report.figures.ggig.information_curves import (
    area_table,
    show_areas,
    show_method_curves,
)
from saliency_audit.report.figures.information import dropped_images

METHODS = ("saliency", "ig_without_product", "ggig", "edge", "random")
DECLARED = {
    "methods": list(METHODS),
    "curves": ["sic", "aic"],
    "aggregate": {"sic": "median", "aic": "mean"},
    "complexity": "shannon_entropy",
    "also": "file_size",
}


@pytest.fixture
def rows():
    generator = np.random.default_rng(0)
    found = []
    for model in ("shapes_cnn", "digits_cnn"):
        for image in range(15):
            for method in METHODS:
                inner = np.sort(generator.uniform(0.1, 0.9, 3))
                right = np.sort(generator.integers(0, 2, 3))
                found.append(
                    {
                        "model": model,
                        "images": "set",
                        "method": method,
                        "image": image,
                        "ic_shannon_entropy": [3.0, 4.0, 6.0, 6.5, 7.0],
                        "ic_file_size": [1e3, 2e3, 4e3, 5e3, 9e3]
                        if model == "shapes_cnn"
                        else None,
                        "ic_probability": [0.05, *inner, 0.95],
                        "ic_correct": [float(image == 0), *right, 1.0],
                    }
                )
    return pd.DataFrame(found)


def area_of(rows, model, method, curve, complexity, aggregate):
    chosen = rows[(rows["model"] == model) & (rows["method"] == method)]
    return curve_area(curves_of(chosen, curve, complexity), aggregate)


def test_a_line_per_method_on_the_images_that_count(rows):
    figure = show_method_curves(rows, DECLARED)
    assert [axis.get_title() for axis in figure.axes] == ["SIC, n = 15", "AIC, n = 14"] * 2
    sic, aic = figure.axes[2:]
    assert [line.get_label() for line in sic.lines] == ["Saliency", "IG", "GGIG", "Edges", "Random"]
    chosen = rows[(rows["model"] == "shapes_cnn") & (rows["method"] == "edge")]
    # A quarter of the way lies the first threshold; the accuracy there is a share of images.
    heights = chosen["ic_correct"].map(lambda points: points[1])[chosen["image"] > 0]
    drawn = aic.lines[3]
    assert np.interp(0.25, drawn.get_xdata(), drawn.get_ydata()) == pytest.approx(heights.mean())
    assert sic.get_ylabel() == "small CNN on shapes"
    small = rows[rows["model"] == "digits_cnn"]
    with pytest.raises(ValueError, match="no image whose file size could be measured"):
        show_method_curves(small, {**DECLARED, "complexity": "file_size"})
    with pytest.raises(ValueError, match="no rows to show"):
        show_method_curves(rows[:0], DECLARED)


def test_areas_stand_beside_the_printed_ones(rows):
    table = area_table({"this machine": rows}, DECLARED)
    assert table.loc[("InceptionV3", "paper", "GGIG"), "SIC"] == "0.576"
    assert table.loc[("ResNet101", "paper", "Edges"), "AIC"] == "0.404"
    mine = table.loc[("small CNN on shapes", "this machine", "Edges")]
    kinds = {
        "SIC": ("sic", "shannon_entropy", "median"),
        "AIC": ("aic", "shannon_entropy", "mean"),
        "SIC, mean": ("sic", "shannon_entropy", "mean"),
        "AIC, median": ("aic", "shannon_entropy", "median"),
        "SIC, compressed": ("sic", "file_size", "median"),
        "AIC, compressed": ("aic", "file_size", "mean"),
    }
    assert list(table.columns) == list(kinds)
    for column, kind in kinds.items():
        assert mine[column] == f"{area_of(rows, 'shapes_cnn', 'edge', *kind):.3f}", column
    small = table.loc[("small CNN on digits", "this machine", "Edges")]
    assert small["SIC, compressed"] == ""


def test_a_symbol_per_printed_column_and_network(rows):
    figure = show_areas({"this machine": rows}, DECLARED)
    sic, aic = figure.axes
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        *("paper: InceptionV3", "paper: ResNet101"),
        *("this machine: small CNN on digits", "this machine: small CNN on shapes"),
    ]
    drawn = [bar.lines[0].get_xdata()[0] for bar in sic.containers]
    assert drawn[:5] == pytest.approx([0.337, 0.409, 0.576, 0.384, 0.201])
    expected = [
        area_of(rows, "shapes_cnn", name, "sic", "shannon_entropy", "median") for name in METHODS
    ]
    assert drawn[15:] == pytest.approx(expected)
    assert len(aic.containers) == 20


def test_drops_of_rows_without_steps(rows):
    table = dropped_images({"this machine": rows})
    line = table.loc[
        ("small CNN on digits", "normalised entropy of grey levels", "AIC", "this machine")
    ]
    assert line["no rise"] == 1
    assert line["used"] == 14
    assert len(table) == 2 + 4
