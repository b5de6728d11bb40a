"""Tables and figures of the saliency on a replaced background."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from saliency_audit.report.figures.ggig.background import kept_table, share_table, show_shares
from saliency_audit.report.names import BASE_COLOUR

METHODS = ("saliency", "ggig", "edge")
VIEWS = (("checkerboard", 14), ("checkerboard", 7), ("none", 0))


@pytest.fixture
def rows():
    random = np.random.default_rng(0)
    table = pd.DataFrame(
        [
            {
                "model": model,
                "background": background,
                "squares": squares,
                "method": method,
                "image": image,
                "area_outside": 0.5 + 0.01 * image,
                "still_right": image < (10 if squares else 20),
                "probability": 0.25 if squares else 0.75,
            }
            for model in ("shapes_cnn", "mobilenet_v2")
            for background, squares in VIEWS
            for method in METHODS
            for image in range(20)
        ]
    )
    return table.assign(outside=random.random(len(table)))


def test_boxes_stand_beside_the_share_of_the_area(rows):
    rows.loc[(rows["method"] == "edge") & (rows["image"] == 3), "outside"] = np.nan
    figure = show_shares(rows, "checkerboard", 7)
    assert [axis.get_title() for axis in figure.axes] == [
        "small CNN on shapes, n = 20",
        "MobileNetV2, n = 20",
    ]
    first = figure.axes[0]
    names = [label.get_text() for label in first.get_yticklabels()]
    assert names == ["Saliency", "GGIG", "Edges"]
    low, high = first.get_ylim()
    assert low > high  # the first method is at the top
    dashed = next(line for line in first.lines if line.get_linestyle() == "--")
    assert dashed.get_xdata()[0] == pytest.approx(0.595)
    medians = [line for line in first.lines if to_hex(line.get_color()) == BASE_COLOUR]
    mine = rows[(rows["model"] == "shapes_cnn") & (rows["squares"] == 7)]
    for line, method in zip(medians, METHODS, strict=True):
        expected = mine.loc[mine["method"] == method, "outside"].median()
        assert line.get_xdata()[0] == pytest.approx(expected)
    with pytest.raises(ValueError, match="no rows to show"):
        show_shares(rows, "grey", 0)


def test_shares_of_all_backgrounds_stand_side_by_side(rows):
    only = rows[(rows["method"] != "edge") & (rows["squares"] == 14)]
    table = share_table({"recorded": only, "this machine": rows})
    assert list(table.columns) == ["checkerboard, 14", "checkerboard, 7", "original"]
    line = table.loc[("MobileNetV2", "GGIG", "this\nmachine")]
    mine = rows[(rows["model"] == "mobilenet_v2") & (rows["method"] == "ggig")]
    for column, (background, squares) in zip(table.columns, VIEWS, strict=True):
        at = mine[(mine["background"] == background) & (mine["squares"] == squares)]
        assert line[column] == f"{at['outside'].mean():.2f}"
    assert table.loc[("MobileNetV2", "GGIG", "recorded"), "original"] == "—"
    assert ("MobileNetV2", "Edges", "recorded") not in table.index
    area = table.loc[("small CNN on shapes", "share of the area", "recorded")]
    assert area["checkerboard, 14"] in ("0.59", "0.60")
    # The sources of one method stand under each other.
    lines = [line[:2] for line in table.index]
    changes = sum(before != after for before, after in pairwise(lines))
    assert len(set(lines)) == changes + 1


def test_undefined_shares_are_counted_beside_the_mean(rows):
    lost = (rows["method"] == "ggig") & (rows["squares"] == 7) & (rows["image"] < 3)
    rows.loc[lost, "outside"] = np.nan
    line = share_table({"recorded": rows}).loc[("MobileNetV2", "GGIG", "recorded")]
    mine = rows[(rows["model"] == "mobilenet_v2") & (rows["method"] == "ggig")]
    expected = mine.loc[mine["squares"] == 7, "outside"].mean()
    assert line["checkerboard, 7"] == f"{expected:.2f}, 3 of 20 undefined"
    assert "undefined" not in line["checkerboard, 14"]


def test_kept_classes_are_counted_by_image(rows):
    table = kept_table({"this machine": rows})
    kept = table.loc[("small CNN on shapes", "class kept", "this\nmachine")]
    assert kept.tolist() == ["10 of 20", "10 of 20", "20 of 20"]
    probability = table.loc[("small CNN on shapes", "its probability", "this\nmachine")]
    assert probability.tolist() == ["0.25", "0.25", "0.75"]
