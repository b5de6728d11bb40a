"""Inputs outside [0, 1] are refused, and explained as they are with `check_range=False`."""

import pytest
import torch
from torch import nn

from saliency_audit import metrics
from saliency_audit.attributions import create, saliency

IMAGES = torch.rand(3, 3, 12, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
TARGETS = torch.tensor([0, 1, 2])
MEAN = torch.tensor([0.485, 0.456, 0.406], dtype=torch.float64).reshape(3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225], dtype=torch.float64).reshape(3, 1, 1)
STANDARDISED = (IMAGES - MEAN) / STD


class Standardises(nn.Module):
    """Takes images in [0, 1]."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, images):
        return self.model((images - MEAN) / STD)


@pytest.fixture(scope="module")
def network():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        trunk = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.Flatten())
        return nn.Sequential(*trunk, nn.Linear(6 * 144, 4)).double().eval()


def test_inputs_outside_the_range_are_refused_unless_asked_for(any_call, network):
    for outside in (STANDARDISED, IMAGES * 255, IMAGES + 0.01):
        with pytest.raises(ValueError, match=r"must lie in \[0, 1\], .* with check_range=False"):
            any_call(network, outside, TARGETS)


@pytest.mark.traits("any range")
def test_inputs_of_any_range_are_explained_if_asked_for(any_call, network):
    for outside in (STANDARDISED, IMAGES * 255):
        found = any_call(network, outside, TARGETS, check_range=False)
        assert found.isfinite().any()
        assert not found.isinf().any()


@pytest.mark.traits("any range")
def test_images_in_the_range_are_explained_the_same_unchecked(any_call, network):
    expected = any_call(network, IMAGES, TARGETS)
    found = any_call(network, IMAGES, TARGETS, check_range=False)
    assert torch.equal(found.nan_to_num(9), expected.nan_to_num(9))


@pytest.mark.traits("any range")
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_refused_unchecked_too(any_call, network, value):
    images = STANDARDISED.clone()
    images[1, 0, 2, 2] = value
    with pytest.raises(ValueError, match=r"NaN or infinite values \(images \[1\]\)"):
        any_call(network, images, TARGETS, check_range=False)


@pytest.mark.traits("any range")
@pytest.mark.parametrize("value", [None, 0, "no"])
def test_the_choice_is_true_or_false(any_call, network, value):
    with pytest.raises(ValueError, match="check_range must be True or False, got"):
        any_call(network, IMAGES, TARGETS, check_range=value)


def test_pictures_of_8_bits_have_no_other_range(network):
    with pytest.raises(TypeError, match="check_range"):
        metrics.information_points(
            network, STANDARDISED, STANDARDISED[:, 0], TARGETS, check_range=False
        )


# What the chain rule says of one network, given pixels or standardised pixels: gradients differ by
# the standard deviation, contributions to the score do not.
GRADIENTS = {
    "saliency": {},
    "guided_backprop": {},
    "smoothgrad": {"noise": 0.0, "samples": 2},
    "ig_without_product": {"steps": 4},
}
CONTRIBUTIONS = {"deeplift": {}, "ig": {"steps": 4}, "ig+idgi": {"steps": 4}}


@pytest.mark.parametrize("name", [*GRADIENTS, *CONTRIBUTIONS])
def test_maps_of_standardised_pixels_follow_from_those_of_pixels(name, network):
    settings = {"output": "logit", **{**GRADIENTS, **CONTRIBUTIONS}[name]}
    starts = (
        {} if name in GRADIENTS and name != "ig_without_product" else {"baselines": -MEAN / STD}
    )
    if starts:
        starts["baselines"] = starts["baselines"].expand_as(IMAGES)
    inside = create(name, **settings)(Standardises(network), IMAGES, TARGETS)
    outside = create(name, check_range=False, **settings)(network, STANDARDISED, TARGETS, **starts)
    if name == "ig+idgi":  # squares of gradients, shared out within the image
        torch.testing.assert_close(outside.sum((1, 2, 3)), inside.sum((1, 2, 3)))
        return
    expected = inside * STD if name in GRADIENTS else inside
    torch.testing.assert_close(outside, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["gradcam", "gradcam++"])
def test_feature_maps_are_weighed_alike(name, network):
    settings = {"layer": "0"}
    inside = create(name, layer="model.0")(Standardises(network), IMAGES, TARGETS)
    outside = create(name, check_range=False, **settings)(network, STANDARDISED, TARGETS)
    torch.testing.assert_close(outside, inside)


def test_insertion_of_standardised_pixels_is_that_of_pixels(network):
    maps = saliency(create("saliency")(Standardises(network), IMAGES, TARGETS))
    inside = metrics.insertion_score(Standardises(network), IMAGES, maps, TARGETS)
    outside = metrics.insertion_score(network, STANDARDISED, maps, TARGETS, check_range=False)
    torch.testing.assert_close(outside.curves, inside.curves)


class Centres(nn.Module):
    """Takes 8-bit numbers, and subtracts the mean over the batch."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, images):
        return self.model((images - images.mean(dim=0)) / 255)


@pytest.mark.traits("model", "any range")
def test_images_that_mix_are_found_at_any_range(any_call, network):
    with pytest.raises(ValueError, match="changes with the other images of the batch"):
        any_call(Centres(network), IMAGES * 255, TARGETS, check_range=False)


def test_every_method_takes_it_without_a_place_in_its_table(any_method):
    assert "check_range=False" in repr(any_method.create(check_range=False))
    assert any_method.create() != any_method.create(check_range=False)
