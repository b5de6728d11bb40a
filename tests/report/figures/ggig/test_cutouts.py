"""What the network sees before a checkerboard, in figure and table."""

import pandas as pd
import pytest

from saliency_audit.report.figures.ggig.cutouts import seen_table, show_seen


@pytest.fixture
def rows():
    return pd.DataFrame(
        {
            "model": "mobilenet_v2",
            "background": background,
            "squares": 14 if background == "checkerboard" else 0,
            "method": method,
            "asked": asked,
            "image": image,
            "kept": background == "none" or image < 3,
            "probability": {"seen": 0.75, "own": 0.25}[asked],
            "area_outside": 0.75,
            "outside": 0.5 if asked == "seen" else 0.875,
        }
        for background in ("checkerboard", "none")
        for method in ("ggig", "edge")
        for asked in ("seen", "own")[: 2 if background == "checkerboard" else 1]
        for image in range(10)
    )


def test_classes_that_are_kept_are_counted_once_per_image(rows):
    table = seen_table({"recorded": rows}, "checkerboard", 14)
    line = table.loc["MobileNetV2", "recorded"]
    assert line.tolist() == ["3 of 10", "0.75", "0.25"]


def test_boxes_are_of_the_class_that_is_seen(rows):
    figure = show_seen(rows, "checkerboard", 14)
    (axis,) = figure.axes
    assert axis.get_title() == "MobileNetV2, n = 10"
    drawn = {x for line in axis.lines for x in line.get_xdata()}
    assert 0.5 in drawn
    assert 0.875 not in drawn
