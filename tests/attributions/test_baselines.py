"""The named baselines, against scipy's filter."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from saliency_audit import metrics
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


WIDE = torch.rand(3, 3, 4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
CLASSES = torch.tensor([0, 1, 1])
# Between 0 and 1 in float32 too, so that the types hold the same numbers.
COLOUR = (0.25, 0.5, 0.75)
PER_COLOUR = torch.tensor(COLOUR, dtype=torch.float64)[:, None, None].expand_as(WIDE)
PICTURE = torch.arange(36, dtype=torch.float64).reshape(3, 4, 3) / 64
FORMS = {
    "a number": (0.5, torch.full_like(WIDE, 0.5)),
    "a whole number": (1, torch.ones_like(WIDE)),
    "a number of numpy": (np.float32(0.5), torch.full_like(WIDE, 0.5)),
    "a tensor without axes": (torch.tensor(0.5), torch.full_like(WIDE, 0.5)),
    "an array without axes": (np.array(0.5), torch.full_like(WIDE, 0.5)),
    "one number in a list": ([0.5], torch.full_like(WIDE, 0.5)),
    # The images are three pixels wide too: a single axis is that of the channels.
    "a tuple per channel": (COLOUR, PER_COLOUR),
    "a list per channel": (list(COLOUR), PER_COLOUR),
    "a tensor per channel": (torch.tensor(COLOUR), PER_COLOUR),
    "half precision per channel": (torch.tensor(COLOUR, dtype=torch.float16), PER_COLOUR),
    "an array per channel": (np.array(COLOUR), PER_COLOUR),
    "whole numbers per channel": ((0, 1, 0), torch.tensor([0.0, 1, 0])[:, None, None]),
    "a row": (torch.tensor(COLOUR).reshape(1, 3), torch.tensor(COLOUR).expand_as(WIDE)),
    "a plane": (PICTURE[0].float(), PICTURE[0].expand_as(WIDE)),
    "a picture": (PICTURE.float(), PICTURE.expand_as(WIDE)),
    "a picture of numpy": (PICTURE.numpy(), PICTURE.expand_as(WIDE)),
    "a picture in a batch": (PICTURE[None], PICTURE.expand_as(WIDE)),
    "channels with axes": (PER_COLOUR[:1, :, :1, :1], PER_COLOUR),
    "a number per image": (PER_COLOUR[0, :, :1, :1, None], PER_COLOUR.transpose(0, 1)),
    "a picture per image": (WIDE.roll(1, 0).numpy(), WIDE.roll(1, 0)),
    "black": ("black", torch.zeros_like(WIDE)),
    "white": ("white", torch.ones_like(WIDE)),
    "blur": ("blur", blurred(WIDE)),
}
SETTINGS = (
    "a number",
    "a whole number",
    "a number of numpy",
    "a tuple per channel",
    "white",
    "blur",
)


@pytest.fixture(scope="module")
def network():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        trunk = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, padding=1), torch.nn.ReLU())
        return torch.nn.Sequential(*trunk, torch.nn.Flatten(), torch.nn.Linear(48, 2)).double()


def whole(form):
    return FORMS[form][1].to(WIDE.dtype).expand_as(WIDE).clone()


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_the_whole_tensor(form):
    found = baselines_for(WIDE, FORMS[form][0])
    assert (found.dtype, found.shape) == (WIDE.dtype, WIDE.shape)
    assert torch.equal(found, whole(form))


@pytest.mark.traits("baseline")
@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_maps_of_the_whole_tensor(any_method, network, form):
    if any_method.name.startswith("blurig"):
        pytest.skip("the blur path makes its own start")
    explain = any_method.create()
    expected = explain(network, WIDE, CLASSES, whole(form))
    assert torch.equal(explain(network, WIDE, CLASSES, FORMS[form][0]), expected)
    if form in SETTINGS:
        named = any_method.create(baseline=FORMS[form][0])
        assert torch.equal(named(network, WIDE, CLASSES), expected)
        hash(named)


@pytest.mark.parametrize("form", FORMS)
def test_mu_fidelity_hides_pixels_behind_every_form(network, form):
    def measured(baseline):
        return metrics.mu_fidelity(network, WIDE, WIDE[:, 0], CLASSES, subsets=8, baseline=baseline)

    assert torch.equal(measured(FORMS[form][0]), measured(whole(form)))


def test_the_mean_colour_of_standardised_pixels_is_zero(network):
    mean, std = torch.tensor([0.4, 0.5, 0.6]).double(), torch.tensor([0.2, 0.25, 0.3]).double()

    def standardised(images):
        return (images - mean[:, None, None]) / std[:, None, None]

    inside = PathAttribution(StraightPath(4), baseline=tuple(mean.tolist()))
    outside = PathAttribution(StraightPath(4), baseline="black", check_range=False)
    torch.testing.assert_close(
        outside(network, standardised(WIDE), CLASSES),
        inside(lambda images: network(standardised(images)), WIDE, CLASSES),
    )
