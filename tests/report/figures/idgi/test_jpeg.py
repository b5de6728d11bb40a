"""The figure and the tables of JPEG stability show what the rows say, on comparable scales."""

import numpy as np
import pandas as pd
import pytest
import torch

from saliency_audit.attributions import saliency
from saliency_audit.ledger.external import paired_difference
from saliency_audit.report.figures.idgi.jpeg import (
    gain_table,
    least_stable_table,
    show_compressed,
    show_stability,
    stability_table,
)
from saliency_audit.report.figures.maps import CLIP_PERCENTILE
from saliency_audit.report.names import PATH_NAMES

BESIDE = {"maps divided by their norm": {"where": {"scale": "unit_norm"}}}
DECLARED = {
    "questions": [
        {
            "name": "gain",
            "value": ["value"],
            "where": {"scale": "raw"},
            "pairs": [["ig+idgi", "ig"], ["gig+idgi", "gig"]],
            "expected": "higher",
            "beside": BESIDE,
        },
        {
            "name": "least stable",
            "value": ["value"],
            "where": {"scale": "raw"},
            "pairs": [["gig", "ig"], ["gig", "ig+idgi"]],
            "expected": "lower",
            "beside": BESIDE,
        },
    ],
    "alpha": 0.05,
}
RAW = {"ig": 3.0, "ig+idgi": 9.0, "gig": 1.0, "gig+idgi": 8.0}
UNIT = {"ig": 9.0, "ig+idgi": 9.5, "gig": 8.0, "gig+idgi": 8.5}


@pytest.fixture
def rows():
    generator = np.random.default_rng(0)
    found = [
        ("vgg16", method.removesuffix("+idgi"), method, 32, image, scale, level + noise)
        for scale, levels in (("raw", RAW), ("unit_norm", UNIT))
        for method, level in levels.items()
        for image, noise in enumerate(0.1 * generator.normal(size=25))
    ]
    columns = ["model", "path", "method", "steps", "image", "scale", "value"]
    return pd.DataFrame(found, columns=columns)


@pytest.fixture
def maps():
    generator = torch.Generator().manual_seed(0)
    before = torch.randn(1, 3, 6, 6, generator=generator)
    return before, before + 0.1 * torch.randn(1, 3, 6, 6, generator=generator)


def line_of(axis, path):
    """End points of the line that joins a path's two means."""
    height = list(PATH_NAMES).index(path)
    (line,) = (
        line
        for line in axis.lines
        if len(line.get_xdata()) == 2 and np.all(np.array(line.get_ydata()) == height)
    )
    return np.array(line.get_xdata())


def test_a_line_joins_the_means_of_base_and_variant(rows):
    figure = show_stability(rows)
    for axis, levels in zip(figure.axes, (RAW, UNIT), strict=True):
        for path in ("ig", "gig"):
            expected = [levels[path], levels[f"{path}+idgi"]]
            np.testing.assert_allclose(line_of(axis, path), expected, atol=0.1)


def test_both_scales_of_a_network_span_the_same_range(rows):
    raw, unit = show_stability(rows).axes
    assert np.ptp(raw.get_xlim()) == pytest.approx(np.ptp(unit.get_xlim()))
    assert unit.get_xlim()[0] < UNIT["gig"] < UNIT["ig+idgi"] < unit.get_xlim()[1]


def test_images_without_a_finite_value_are_left_out(rows):
    infinite = rows.copy()
    infinite.loc[(infinite["image"] == 3), "value"] = np.inf
    without = show_stability(rows[rows["image"] != 3])
    for found, expected in zip(show_stability(infinite).axes, without.axes, strict=True):
        np.testing.assert_allclose(line_of(found, "ig"), line_of(expected, "ig"))


def test_no_rows_are_refused(rows):
    with pytest.raises(ValueError, match="no rows to show"):
        show_stability(rows[:0])


def test_gains_stand_beside_the_printed_ones(rows):
    table = gain_table({"recorded": paired_difference(rows, DECLARED)})
    assert list(table.index.unique("difference")) == [
        "IG+IDGI − IG",
        "Guided IG+IDGI − Guided IG",
    ]
    printed = table.loc[("IG+IDGI − IG", "paper", "InceptionV3")]
    assert printed["maps as they are", "from → to"] == "2.619 → 8.949"
    assert printed["maps as they are", "difference"] == "6.330"
    assert printed["maps divided by their norm", "difference"] == ""
    ours = table.loc[("IG+IDGI − IG", "recorded", "VGG16")]
    assert ours["", "n"] == "25"
    assert ours["maps as they are", "difference"].startswith(("5.9", "6.0"))
    assert ours["maps divided by their norm", "difference"].startswith(("0.4", "0.5"))
    assert "yes" in ours["maps as they are", "holds"]
    # What stands beside decides nothing.
    assert ("maps divided by their norm", "holds") not in table.columns


def test_guided_ig_is_compared_with_the_others(rows):
    table = least_stable_table({"recorded": paired_difference(rows, DECLARED)})
    assert list(table.index.unique("difference")) == ["Guided IG − IG", "Guided IG − IG+IDGI"]
    printed = table.loc[("Guided IG − IG+IDGI", "paper", "InceptionV3")]
    assert printed["maps as they are", "difference"] == "−8.104"
    ours = table.loc[("Guided IG − IG+IDGI", "recorded", "VGG16")]
    assert ours["maps as they are", "difference"].startswith(("−7.9", "−8.0"))
    assert "yes" in ours["maps as they are", "holds"]
    assert ours["maps divided by their norm", "difference"].startswith(("−1.4", "−1.5"))


def test_smaller_maps_gain_on_the_raw_scale_only(maps):
    table = stability_table({"map": maps, "tenth": tuple(part / 10 for part in maps)})
    norm, raw, unit = (table[name].astype(float) for name in table.columns)
    assert norm["map"] == pytest.approx(10 * norm["tenth"], rel=0.01)
    assert raw["tenth"] - raw["map"] == pytest.approx(2 * np.log(10), abs=0.02)
    assert unit["tenth"] == unit["map"]


def test_a_difference_is_drawn_on_the_scale_of_its_map(maps):
    before, after = maps
    picture = torch.rand(1, 3, 6, 6, generator=torch.Generator().manual_seed(1))
    figure = show_compressed(picture, picture, {"IG": maps})
    columns = np.array(figure.axes).reshape(3, 2)
    drawn = [axis.images[0] for axis in columns[:, 1]]
    for image, shown in zip(drawn, (before, after, before - after), strict=True):
        np.testing.assert_allclose(image.get_array(), saliency(shown)[0])
        assert image.get_clim() == (0, np.percentile(saliency(before)[0], CLIP_PERCENTILE))
    assert not columns[2, 0].images[0].get_array().any()
    assert columns[0, 1].get_title() == "IG"
