"""Tables and figures of the top pixels."""

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.colors import to_hex, to_rgb

from saliency_audit.report.figures.ggig.sparse import measure_table, over_grey, show_measures
from saliency_audit.report.names import BASE_COLOUR, IDGI_COLOUR, TOP_PIXEL_NAMES

METHODS = ("saliency", "ggig", "random")


@pytest.fixture
def rows():
    random = np.random.default_rng(0)
    table = pd.DataFrame(
        [
            {"model": model, "share": share, "method": method, "image": image}
            for model in ("shapes_cnn", "mobilenet_v2")
            for share in (0.05, 0.1)
            for method in METHODS
            for image in range(20)
        ]
    )
    for measure in TOP_PIXEL_NAMES:
        table[measure] = random.random(len(table)) * (
            50 if measure == "connected_components" else 1
        )
    return table


def test_marked_pixels_are_blue_over_a_pale_picture():
    pictures = torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    pictures[0, :, 0, 0] = 0.0
    pixels = torch.zeros(2, 4, 4, dtype=torch.bool)
    pixels[1, 2, 3] = True
    drawn = over_grey(pictures, pixels)
    assert drawn.shape == (2, 3, 4, 4)
    assert drawn[1, :, 2, 3].tolist() == pytest.approx(to_rgb(IDGI_COLOUR))
    assert drawn[0, :, 0, 0].tolist() == pytest.approx([0.35] * 3)
    grey = drawn[~pixels[:, None].expand_as(drawn)].reshape(-1)
    assert grey.min() >= 0.35
    assert grey.max() <= 1
    assert over_grey(pictures[:, :1], pixels).shape == (2, 3, 4, 4)


def test_a_row_of_panels_per_network_and_a_column_per_measure(rows):
    figure = show_measures(rows, 0.1)
    axes = np.array(figure.axes).reshape(2, 4)
    assert [axis.get_title() for axis in axes[0]] == list(TOP_PIXEL_NAMES.values())
    assert [axis.get_ylabel() for axis in axes[:, 0]] == ["small CNN on shapes", "MobileNetV2"]
    names = [label.get_text() for label in axes[1, 0].get_yticklabels()]
    assert names == ["Saliency", "GGIG", "Random"]
    mine = rows[(rows["model"] == "mobilenet_v2") & (rows["share"] == 0.1)]
    for axis, measure in zip(axes[1], TOP_PIXEL_NAMES, strict=True):
        medians = [line for line in axis.lines if to_hex(line.get_color()) == BASE_COLOUR]
        for line, method in zip(medians, METHODS, strict=True):
            expected = mine.loc[mine["method"] == method, measure].median()
            assert line.get_xdata()[0] == pytest.approx(expected)
    assert axes[0, 1].get_xlim()[1] > 10 > axes[0, 0].get_xlim()[1]
    with pytest.raises(ValueError, match="no rows to show"):
        show_measures(rows, 0.2)


def test_means_stand_by_network_share_and_method(rows):
    table = measure_table({"recorded": rows[rows["method"] != "random"], "this machine": rows})
    line = table.loc[("MobileNetV2", "top 5%", "GGIG", "recorded")]
    mine = rows[
        (rows["model"] == "mobilenet_v2") & (rows["share"] == 0.05) & (rows["method"] == "ggig")
    ]
    assert line["on edges"] == f"{mine['edge_overlap'].mean():.2f}"
    assert line["components"] == f"{mine['connected_components'].mean():.1f}"
    assert ("MobileNetV2", "top 5%", "Random", "recorded") not in table.index
    assert table.index[0][3] == "recorded"
    assert table.index[1] == (*table.index[0][:3], "this\nmachine")


def test_undefined_values_are_counted_beside_the_mean(rows):
    rows.loc[(rows["method"] == "ggig") & (rows["image"] == 0), "edge_overlap"] = np.nan
    table = measure_table({"recorded": rows})
    line = table.loc[("MobileNetV2", "top 5%", "GGIG", "recorded")]
    mine = rows[
        (rows["model"] == "mobilenet_v2") & (rows["share"] == 0.05) & (rows["method"] == "ggig")
    ]
    assert line["on edges"] == f"{mine['edge_overlap'].mean():.2f}, 1 of 20 undefined"
    assert "undefined" not in line["components"]
    rows["object_precision"] = np.nan
    assert set(measure_table({"recorded": rows})["on the object\u00a0↑"]) == {"—"}
