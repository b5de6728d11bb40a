"""Figure and table of the levels' terms."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.report.figures.xmgd.scales import show_scales, term_table

FIELDS = {"vgg16": 100, "vgg19": 200, "resnet50": 400}


def line(pair, model, other, image, window, terms):
    return {
        "pair": pair,
        "model": model,
        "other_model": other,
        "method": "ig",
        "other_method": "ig" if pair == "networks" else "saliency",
        "image": image,
        "window": window,
        "terms": terms,
        "receptive_field": FIELDS[model],
        "other_receptive_field": FIELDS[other],
        "variation": 0.1 + 0.5 * (image % 2),
        "other_variation": 0.1 + 0.5 * (image % 2),
    }


@pytest.fixture
def rows():
    found = []
    for window in ("mean", "gaussian"):
        for image in range(4):
            for model, other in (("vgg16", "vgg19"), ("vgg16", "resnet50")):
                found.append(line("networks", model, other, image, window, [0.01, 0.02, 0.03]))
            sharp = 2.0 if image % 2 else 1.0
            found.append(
                line("methods", "vgg16", "vgg16", image, window, [sharp, sharp, 4 * sharp])
            )
    return pd.DataFrame(found)


def test_distances_over_gaps_and_by_sharpness(rows):
    figure = show_scales(rows)
    networks, methods = figure.axes[:2]
    dots = {
        shown.get_label(): list(shown.get_ydata())
        for shown in networks.lines
        if shown.get_marker() == "o"
    }
    assert dots["three levels"] == pytest.approx([0.02, 0.02])
    assert dots["one level"] == pytest.approx([0.01, 0.01])
    places = [shown.get_xdata() for shown in networks.lines if shown.get_marker() == "o"]
    assert list(places[0]) == [100, 300]
    heights = [shown.get_ydata()[0] for shown in methods.lines if shown.get_marker() == "o"]
    assert heights == pytest.approx([4, 2, 2, 1])


def test_one_network_has_no_panel_of_receptive_fields(rows):
    figure = show_scales(rows[rows["pair"] == "methods"])
    assert len(figure.axes) == 2
    assert all(axis.get_title().startswith("two methods") for axis in figure.axes)


def test_terms_in_thousandths(rows):
    table = term_table({"recorded": rows})
    assert list(table.columns) == [
        "without a filter",
        "mean, 3×3",
        "mean, 5×5",
        "gaussian, 3×3",
        "gaussian, 5×5",
    ]
    first = table.iloc[0]
    assert [cell.split("<br>")[0] for cell in first] == ["10.0", "20.0", "30.0", "20.0", "30.0"]
    assert "VGG16 (100)" in table.index[0][1]
    assert np.isin(["sharp maps", "smooth maps"], table.index.get_level_values("which")).all()
