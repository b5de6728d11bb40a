"""Tables and figures of GGIG's MNIST study."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from saliency_audit.report.figures.ggig.mnist import (
    show_similarities,
    show_training,
    similarity_table,
)

METHODS = ("saliency", "ig_without_product", "ggig", "edge")


@pytest.fixture
def rows():
    random = np.random.default_rng(0)
    table = pd.DataFrame(
        [
            {"method": method, "sign": sign, "image": image}
            for method in METHODS
            for sign in ("absolute", "signed")
            for image in range(30)
        ]
    )
    for measure in ("spearman", "weighted_jaccard", "ssim", "reverse_mse"):
        table[measure] = random.random(len(table))
    return table


def test_medians_stand_under_the_papers(rows):
    rows["ssim"] = np.nan
    table = similarity_table({"recorded": rows, "this machine": rows[:0]}, "signed")
    mine = rows[(rows["method"] == "ggig") & (rows["sign"] == "signed")]["spearman"]
    line = table.loc[("GGIG", "recorded")]
    assert line["Spearman"] == f"{mine.median():.3f} ({mine.std():.3f})"
    assert line["SSIM"] == "—"
    assert line["images"] == "30"
    assert table.loc[("GGIG", "paper"), "images"] == ""
    assert table.loc[("GGIG", "paper"), "1 − normalised MSE"] == "0.540 (0.099)"
    assert table.loc[("GGIG", "this\nmachine"), "Spearman"] == "—"
    assert ("Edges", "paper") not in table.index


def test_undefined_values_are_counted_beside_the_median(rows):
    lost = (rows["method"] == "ig_without_product") & (rows["image"] < 4)
    rows.loc[lost, "spearman"] = np.nan
    table = similarity_table({"recorded": rows}, "signed")
    mine = rows[(rows["method"] == "ig_without_product") & (rows["sign"] == "signed")]["spearman"]
    cell = table.loc[("IG", "recorded"), "Spearman"]
    assert cell == f"{mine.median():.3f} ({mine.std():.3f}), 4 of 30 undefined"
    assert not any("undefined" in each for each in table.loc[("GGIG", "recorded")])


def test_a_panel_per_measure_that_has_values(rows):
    rows["ssim"] = np.nan
    figure = show_similarities(rows)
    titles = [axis.get_title() for axis in figure.axes]
    assert titles == ["Spearman", "weighted Jaccard", "1 − normalised MSE"]
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == ["Saliency", "IG", "GGIG", "Edges"]
    mine = rows[(rows["method"] == "ig_without_product") & (rows["sign"] == "absolute")]["spearman"]
    medians = [line for line in figure.axes[0].lines if line.get_color() == "#d55e00"]
    assert medians[1].get_xdata()[0] == pytest.approx(mine.median())
    plt.close(figure)
    with pytest.raises(ValueError, match="no rows to show"):
        show_similarities(rows[:0])


def test_a_line_per_training():
    rows = pd.DataFrame(
        [
            {"scaling": scaling, "seed": seed, "iterations": n, "correct": 90 + k, "tested": 100}
            for scaling in ("unit", "bytes")
            for seed in ((0, 1) if scaling == "unit" else (1, 2, 3))
            for k, n in enumerate((1, 10, 100))
        ]
    )
    figure = show_training(rows, 0.9915, 400)
    (axis,) = figure.axes
    lines = [line for line in axis.lines if len(line.get_xdata()) == 3]
    assert len(lines) == 5
    assert list(lines[0].get_ydata()) == pytest.approx([0.1, 0.09, 0.08])
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["0 to 1, n = 2", "0 to 255, n = 3"]
    plt.close(figure)
