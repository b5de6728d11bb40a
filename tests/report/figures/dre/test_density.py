"""The curves of Figure 5, drawn scores under them, and the numbers of both."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.attributions.controlled_scores import ControlledScores, normal_scores
from saliency_audit.report.figures.dre.density import (
    FIGURE_5,
    shape_table,
    show_densities,
    show_drawn_scores,
)


def rows(settings=((1.5, 2.5), (0.5, 2.5))):
    return pd.DataFrame(
        [
            {
                "eta": eta,
                "h": h,
                "draw": draw,
                "ks_distance": 0.0004 + 1e-5 * draw,
                "pearson_skewness": 1.0,
                "above_half": 0.25,
                "middle_third": 0.2,
                "upper_third": 0.1,
            }
            for eta, h in settings
            for draw in range(5)
        ]
    )


def test_a_panel_per_part_of_the_figure_and_a_curve_per_setting():
    figure = show_densities()
    assert [axis.get_title() for axis in figure.axes] == list(FIGURE_5)
    assert [len(axis.lines) for axis in figure.axes] == [5, 4, 4, 4]
    for axis, settings in zip(figure.axes, FIGURE_5.values(), strict=True):
        for line, setting in zip(axis.lines, settings, strict=True):
            z, density = line.get_data()
            share = ControlledScores(normal_scores(), *setting).share_between(z[0], z[-1])
            assert np.trapezoid(density, z) == pytest.approx(share, abs=2e-3)


def test_ones_own_controller_is_in_every_panel():
    figure = show_densities([(2.0, 1.5)])
    for axis in figure.axes:
        assert axis.lines[-1].get_label() == "own: η = 2, h = 1.5"


@pytest.mark.parametrize("count", [1, 5, 7])
def test_drawn_scores_lie_under_the_closed_form(count):
    settings = [(0.5, 2.5)] * count
    figure = show_drawn_scores(settings, 20, 56, 0)
    axis = figure.axes[0]
    assert axis.get_title() == "η = 0.5, h = 2.5"
    heights = np.array([patch.get_height() for patch in axis.patches])
    middles = np.array([patch.get_x() + patch.get_width() / 2 for patch in axis.patches])
    z, density = axis.lines[0].get_data()
    np.testing.assert_allclose(heights, np.interp(middles, z, density), atol=0.25)
    assert sum(axis.axison for axis in figure.axes) == count


def test_closed_form_stands_above_the_sources():
    table = shape_table({"recorded": rows(), "this machine": rows([(2.0, 1.5)])})
    assert table.index.tolist() == [
        ("η = 1.5\nh = 2.5", "closed\nform"),
        ("η = 1.5\nh = 2.5", "recorded"),
        ("η = 0.5\nh = 2.5", "closed\nform"),
        ("η = 0.5\nh = 2.5", "recorded"),
        ("η = 2\nh = 1.5", "closed\nform"),
        ("η = 2\nh = 1.5", "this\nmachine"),
    ]
    exact = table.loc[("η = 1.5\nh = 2.5", "closed\nform")]
    assert exact["above 1/2"] == "0.2234"
    assert exact["skewness"] == "1.0660"
    assert exact["KL to uniform"] == "0.497"
    drawn = table.loc[("η = 1.5\nh = 2.5", "recorded")]
    assert drawn["above 1/2"] == "0.2500"
    assert drawn["modes at"] == ""
    with pytest.raises(ValueError, match="no rows to show"):
        shape_table({"recorded": rows()[:0]})
