"""Choices that peers offer, against captum: times the input or not, signed or absolute."""

import captum.attr
import numpy as np
import pytest
import torch

from saliency_audit.attributions import create

EXACT = {"rtol": 1e-9, "atol": 1e-12}


@pytest.fixture(scope="module")
def baselines(images):
    return torch.rand(images.shape, dtype=images.dtype, generator=torch.Generator().manual_seed(6))


@pytest.mark.parametrize("absolute", [False, True])
def test_gradients_signed_or_absolute(rectified_network, images, targets, absolute):
    peer = captum.attr.Saliency(rectified_network)
    expected = peer.attribute(images.clone().requires_grad_(), targets, abs=absolute)
    maps = create("saliency", output="logit", absolute=absolute)(rectified_network, images, targets)
    torch.testing.assert_close(maps, expected, **EXACT)
    assert (maps < 0).any() != absolute


RULES = {"left": "riemann_left", "right": "riemann_right", "midpoint": "riemann_middle"}


@pytest.mark.parametrize("multiplies", [True, False])
@pytest.mark.parametrize("quadrature", [*RULES, "gauss_legendre"])
def test_integrated_gradients_times_the_input_or_not(
    smooth_network, images, targets, baselines, quadrature, multiplies
):
    peer = captum.attr.IntegratedGradients(smooth_network, multiply_by_inputs=multiplies)
    expected = peer.attribute(
        images, baselines, targets, n_steps=7, method=RULES.get(quadrature, "gausslegendre")
    )
    explain = create("ig", steps=7, quadrature=quadrature, output="logit", multiplies=multiplies)
    maps = explain(smooth_network, images, targets, baselines)
    torch.testing.assert_close(maps, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("multiplies", [True, False])
def test_deeplift_times_the_input_or_not(golden_network, golden, multiplies):
    images, targets = golden["inputs"], golden["targets"]
    starts = images.flip(0) * 0.9
    peer = captum.attr.DeepLift(golden_network, multiply_by_inputs=multiplies)
    with pytest.warns(UserWarning, match="hooks"):
        expected = peer.attribute(images, starts, targets)
    explain = create("deeplift", output="logit", multiplies=multiplies)
    torch.testing.assert_close(
        explain(golden_network, images, targets, starts), expected, rtol=1e-7, atol=1e-10
    )


def test_without_the_product_is_the_method_of_that_name(smooth_network, images, targets, baselines):
    for settings in ({"steps": 5}, {"steps": 4, "quadrature": "left", "baseline": "white"}):
        plain = create("ig", multiplies=False, **settings)(smooth_network, images, targets)
        named = create("ig_without_product", **settings)(smooth_network, images, targets)
        assert torch.equal(plain, named)


@pytest.mark.parametrize("name", ["ig", "deeplift"])
def test_the_product_is_what_is_left_out(name, rectified_network, images, targets, baselines):
    few = {"steps": 5} if name == "ig" else {}
    given = rectified_network, images, targets, baselines
    factors = create(name, multiplies=False, **few)(*given)
    torch.testing.assert_close(factors * (images - baselines), create(name, **few)(*given), **EXACT)


def test_pixels_equal_to_the_baseline_have_a_factor_all_the_same(
    rectified_network, images, targets
):
    for name in ("ig", "deeplift"):
        same = create(name, multiplies=False)(rectified_network, images, targets, images.clone())
        plain = create("saliency")(rectified_network, images, targets)
        torch.testing.assert_close(same, plain, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "name", ["gig", "blurig", "ig+idgi", "gig+idgi", "blurig+idgi", "ig_without_product"]
)
def test_paths_and_rules_without_a_product_say_so(name):
    with pytest.raises(ValueError, match=r"multiplies=False leaves out the product of Integrated"):
        create(name, multiplies=False)


def test_every_choice_is_true_or_false(any_method):
    choices = {
        "check_range",
        "absolute",
        "multiplies",
        "squared",
        "relu",
        "raw",
        "gray",
        "trapezoid",
    }
    for choice in choices:
        if choice != "check_range" and not any_method.has(choice):
            continue
        for value in ("no", 0, None, 1.0):
            with pytest.raises(ValueError, match=f"{choice} must be True or False, got {value!r}"):
                any_method.create(**{choice: value})
        any_method.create(**{choice: np.True_})
