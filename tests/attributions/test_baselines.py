"""The named baselines, against scipy's filter."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from saliency_audit.attributions import GGIG, PathAttribution, StraightPath
from saliency_audit.attributions.baselines import BASELINES, baselines_for, blurred


@pytest.mark.parametrize("size", [(8, 8), (13, 20), (30, 24)])
def test_the_blur_is_scipy_s_scaled_up_at_the_border(size):
    images = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(0)).double()
    sigma = (0, 0, 0.1 * min(size), 0.1 * min(size))
    weight = gaussian_filter(np.ones((1, 1, *size)), sigma=sigma, mode="constant")
    expected = gaussian_filter(images.numpy(), sigma=sigma, mode="constant") / weight
    np.testing.assert_allclose(blurred(images), expected, rtol=0, atol=1e-12)


def test_one_colour_stays_and_an_outline_goes():
    flat = torch.full((1, 3, 40, 40), 0.3, dtype=torch.float64)
    torch.testing.assert_close(blurred(flat), flat)
    halves = flat.clone()
    halves[..., 20:] = 0.9
    steepest = blurred(halves).diff(dim=3).max()
    assert steepest < 0.25 * 0.6
    assert blurred(halves).mean() == pytest.approx(0.6, abs=1e-3)


def test_baselines_by_name():
    images = torch.rand(2, 1, 12, 12)
    assert (baselines_for(images, None, "black") == 0).all()
    assert (baselines_for(images, None, "white") == 1).all()
    assert torch.equal(baselines_for(images, None, "blur"), blurred(images))
    assert set(BASELINES) == {"black", "white", "blur"}
    own = torch.rand(2, 1, 12, 12, requires_grad=True)
    found = baselines_for(images, own, "black")
    assert torch.equal(found, own)
    assert not found.requires_grad


@pytest.mark.parametrize("make", [GGIG, PathAttribution])
def test_a_method_begins_at_the_blurred_image(make):
    images = torch.rand(2, 1, 12, 12, generator=torch.Generator().manual_seed(1))
    targets = torch.tensor([0, 1])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = torch.nn.Sequential(
            torch.nn.Flatten(), torch.nn.Linear(144, 5), torch.nn.Tanh(), torch.nn.Linear(5, 2)
        )
    if make is GGIG:
        named, plain = GGIG(5, 3, 0.1, baseline="blur"), GGIG(5, 3, 0.1)
    else:
        named = PathAttribution(StraightPath(5), baseline="blur")
        plain = PathAttribution(StraightPath(5))
    given = plain(model, images, targets, blurred(images))
    assert torch.equal(named(model, images, targets), given)
    assert not torch.allclose(given, plain(model, images, targets))
