"""Metrics of maps and pictures refuse other types by name, with a remedy."""

import numpy as np
import pytest
import torch

from saliency_audit import metrics

SALIENCY = torch.rand(1, 8, 8, generator=torch.Generator().manual_seed(1))
REGIONS = SALIENCY > 0.5
PAIRED = ("spearman", "dice", "weighted_jaccard", "ssim", "normalized_mse")
LOCALISATION = ("explainability", "region_iou", "box_iou", "pointing_game", "mass_inside")
CALLS = {
    **{name: lambda f, given: f(given, SALIENCY) for name in PAIRED},
    **{name: lambda f, given: f(given, REGIONS) for name in LOCALISATION},
    "top_pixels": lambda f, given: f(given, 0.1),
    "share_within": lambda f, given: f(given, REGIONS),
    "connected_components": lambda f, given: f(given),
}
OTHERS = {
    "numpy": (SALIENCY.numpy(), "numpy array; torch.from_numpy"),
    "list": (SALIENCY.tolist(), "list"),
    "None": (None, "NoneType"),
    "number": (0.5, "float"),
}


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("name", CALLS)
def test_what_is_no_tensor_is_named(name, other):
    given, message = OTHERS[other]
    with pytest.raises(ValueError, match=message):
        CALLS[name](getattr(metrics, name), given)


@pytest.mark.parametrize("name", LOCALISATION)
def test_regions_that_are_no_tensor_are_named(name):
    with pytest.raises(ValueError, match="regions must be a torch tensor, got a numpy array"):
        getattr(metrics, name)(SALIENCY, REGIONS.numpy())


PICTURES = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
WRONG = {
    "0..255": (lambda v: v * 255, r"must lie in \[0, 1\]"),
    "half": (torch.Tensor.half, r"convert them with \.float\(\)"),
    "NaN": (lambda v: v * np.nan, "NaN or infinite"),
    "bytes": (lambda v: (v * 255).byte(), "divide by 255"),
    "numpy": (torch.Tensor.numpy, "numpy array"),
    "below 0": (lambda v: v - 0.1, r"must lie in \[0, 1\]"),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("place", [0, 1])
def test_pictures_outside_the_stated_range_are_refused(wrong, place):
    change, message = WRONG[wrong]
    pair = [PICTURES, PICTURES]
    pair[place] = change(PICTURES)
    with pytest.raises(ValueError, match=message) as refusal:
        metrics.ms_ssim(*pair)
    assert ("pictures", "references")[place] in str(refusal.value)


def test_a_step_of_rounding_beyond_the_ends_is_inside():
    brighter = PICTURES.clone()
    brighter[0, 0, 0, :2] = torch.tensor([1 + 1.2e-7, -1e-8])
    assert metrics.ms_ssim(brighter, PICTURES) > 0.99
