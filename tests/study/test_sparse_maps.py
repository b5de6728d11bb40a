"""Maps with fewer pixels than a mixture has Gaussians: no experiment is lost to one of them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from saliency_audit.metrics import MultiScale, xmgd
from saliency_audit.study import aggregated_maps
from saliency_audit.study.detector_maps import defined_in_all, enough_pixels
from saliency_audit.study.experiments import (
    xmgd_correlation,
    xmgd_noise,
    xmgd_scales,
    xmgd_sensitivity,
    xmgd_sequence,
    xmgd_set_size,
    xmgd_spread,
    xmgd_time,
    xmgd_transport,
)

FEW = {"models": ("shapes_cnn",), "n_images": 2, "components": 2, "side": 16}
TWO = {"explained": ("saliency", "deeplift")}
FACES = "small_faces_cnn_swap"
THREE = {"explained": ("saliency", "deeplift", "guided_backprop")}
OTHERS = {"other_components": (3,), "other_widths": (), "other_levels": (1,), "other_seeds": ()}
# Experiments that fit every map by itself, what makes them quick, and the column of a value.
ALONE = {
    xmgd_noise: (TWO, "after"),
    xmgd_scales: ({**TWO, "windows": ("mean",)}, "variation"),
    xmgd_sensitivity: ({**THREE, **OTHERS}, "xmgd"),
    xmgd_sequence: ({"explained": ("saliency",), "frames": 2}, "xmgd"),
    xmgd_time: ({**TWO, "slice_size": 2, "together": 2}, "value"),
    xmgd_transport: (TWO, "distance"),
}
TOGETHER = {
    xmgd_set_size: {**TWO, "models": (FACES,), "n_images": 8, "sizes": (2,), "draws": 1},
    xmgd_spread: {**THREE, "models": (FACES,), "n_images": 8, "resamples": 1},
    xmgd_correlation: {**THREE, "models": (FACES,), "n_images": 8, "resamples": 1},
}


def rows_of(module, changes):
    """Rows of the first task of the embedded profile with some parameters changed."""
    experiment = module.EXPERIMENT
    parameters = replace(experiment.settings("embedded")[""], **{**FEW, **changes})
    return experiment.compute(experiment.split(parameters)[0]).rows


def lonely(maps):
    """Of each map only the pixel in the middle is left."""
    found = torch.zeros_like(maps)
    found[..., maps.shape[-2] // 2, maps.shape[-1] // 2] = 1
    return found


def spoil(monkeypatch, module, method, images):
    """Make maps of a method sparse: those of some images, by a slice."""
    name = "map_of" if module is xmgd_sequence else "maps_of"
    where = module if hasattr(module, name) else aggregated_maps
    true = getattr(where, name)

    def maps_of(chosen, given):
        for found, maps in true(chosen, given):
            maps = maps.clone()
            maps[images] = lonely(maps[images]) if found == method else maps[images]
            yield found, maps

    def map_of(found, model, film, targets, given):
        maps = true(found, model, film, targets, given)
        # Frames of all images follow each other.
        of_image = maps.unflatten(0, (given["frames"] + 2, -1)).transpose(0, 1).clone()
        of_image[images] = lonely(of_image[images])
        return of_image.transpose(0, 1).flatten(0, 1)

    monkeypatch.setattr(where, name, map_of if name == "map_of" else maps_of)


@pytest.mark.parametrize("module", ALONE, ids=lambda module: module.EXPERIMENT.name)
def test_images_with_a_sparse_map_are_left_out_and_the_others_stay(monkeypatch, module):
    changes, column = ALONE[module]
    usual = rows_of(module, changes)
    first = usual["image"].iloc[0]
    spoil(monkeypatch, module, "saliency", slice(0, 1))
    rows = rows_of(module, changes)
    sparse = usual["image"] == first
    if module is xmgd_transport:  # which compares maps of any two images
        sparse = (usual["image"] == first) & (usual["method"] == "saliency")
        sparse |= (usual["other_image"] == first) & (usual["other_method"] == "saliency")
    assert 0 < sparse.sum() < len(usual)
    assert len(rows) == len(usual) - sparse.sum()
    keys = ["image", *(name for name in ("method", "property") if name in usual)]
    order = [*keys, column]
    values = [each.sort_values(order)[column] for each in (rows, usual[~sparse])]
    np.testing.assert_allclose(*values, rtol=1e-4, atol=1e-12)


@pytest.mark.parametrize("module", ALONE, ids=lambda module: module.EXPERIMENT.name)
def test_nothing_is_left_of_sparse_maps_alone(monkeypatch, module):
    spoil(monkeypatch, module, "saliency", slice(None))
    changes, _ = ALONE[module]
    rows = rows_of(module, changes)
    if module is xmgd_transport:
        rows = rows[(rows["method"] == "saliency") | (rows["other_method"] == "saliency")]
    assert rows.empty


@pytest.mark.parametrize("module", TOGETHER, ids=lambda module: module.EXPERIMENT.name)
def test_aggregated_maps_that_are_sparse_are_named_with_a_remedy(monkeypatch, module):
    spoil(monkeypatch, module, "deeplift", slice(None))
    message = r"'deeplift' for small_faces_cnn_swap has fewer pixels .*\(2\): take fewer `comp"
    with pytest.raises(ValueError, match=message):
        rows_of(module, TOGETHER[module])


@pytest.mark.parametrize("module", TOGETHER, ids=lambda module: module.EXPERIMENT.name)
def test_a_sparse_map_among_others_is_aggregated(monkeypatch, module):
    usual = rows_of(module, TOGETHER[module])
    spoil(monkeypatch, module, "deeplift", slice(0, 1))
    rows = rows_of(module, TOGETHER[module])
    assert len(rows) == len(usual) > 0
    assert np.isfinite(rows.select_dtypes("number")).all(axis=None)


def test_noise_may_leave_too_few_pixels(monkeypatch):
    """One bright pixel more makes faint ones too faint: known before a fit refuses them."""
    faint = lambda units, *noise: torch.where(units == 1, 1.0, 0.01 * units)  # noqa: E731
    monkeypatch.setattr(xmgd_noise, "noisy", faint)
    assert rows_of(xmgd_noise, {**TWO, "components": 5}).empty


def test_enough_pixels_are_what_a_fit_takes():
    maps = torch.zeros(4, 20, 20, dtype=torch.float64)
    maps[0, 3:6, 3:6] = 1
    maps[1, 4, 4] = 1
    maps[2] = torch.rand(20, 20, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    maps[3] = torch.nan
    settings = MultiScale(components=5, kernels=(1,))
    assert enough_pixels(maps, settings).tolist() == [True, False, True, False]
    assert defined_in_all([maps], settings).tolist() == [True, False, True, False]
    assert defined_in_all([maps]).tolist() == [True, True, True, False]
    with pytest.raises(ValueError, match="components"):
        xmgd(maps[1:2], maps[2:3], settings)
