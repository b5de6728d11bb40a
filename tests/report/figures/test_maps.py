"""Outlines of the object in every panel of its column."""

import numpy as np
import torch

from saliency_audit.report.figures.maps import show_regions


def test_every_panel_of_a_column_has_the_outline_of_its_object():
    pictures = torch.rand(2, 3, 12, 12, generator=torch.Generator().manual_seed(0))
    regions = torch.zeros(2, 12, 12, dtype=torch.bool)
    regions[0, 2:5, 2:5] = True
    regions[1, 6:11, 4:9] = True
    maps = {"IG": pictures.sum(dim=1), "IG+IDGI": pictures.mean(dim=1)}
    figure = show_regions(pictures, regions, maps, ["first", "second"])
    panels = np.array(figure.axes).reshape(3, 2)
    for line in panels:
        for axis, (low, high) in zip(line, ((1.5, 4.5), (5.5, 10.5)), strict=True):
            (outline,) = axis.collections
            heights = np.concatenate([path.vertices for path in outline.get_paths()])[:, 1]
            assert (heights.min(), heights.max()) == (low, high)
    assert [axis.get_title() for axis in panels[0]] == ["first", "second"]
    assert [axis.get_ylabel() for axis in panels[:, 0]] == ["input", "IG", "IG+IDGI"]
