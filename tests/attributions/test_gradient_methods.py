"""Saliency and gradient × input: stored numbers, closed forms, and what they share with no one."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from saliency_audit.attributions import saliency
from saliency_audit.attributions.gradients import GradientInput, Saliency
from saliency_audit.attributions.scores import OUTPUTS

METHODS = [Saliency, GradientInput]
EXACT = {"rtol": 0, "atol": 1e-12}


@pytest.fixture(scope="module")
def captum_golden():
    with np.load(Path(__file__).parents[1] / "golden" / "captum_methods.npz") as stored:
        return {key: torch.from_numpy(stored[key]) for key in stored}


@pytest.fixture
def linear_model():
    weights = torch.linspace(-1, 2, 90, dtype=torch.float64)
    model = nn.Sequential(nn.Flatten(), nn.Linear(90, 2)).double()
    with torch.no_grad():
        model[1].weight[1] = weights
    return model, weights.reshape(3, 6, 5)


def test_saliency_equals_captum_golden(golden, golden_network, captum_golden):
    maps = Saliency("logit")(golden_network, golden["inputs"], golden["targets"])
    assert (maps < 0).any()
    expected = captum_golden["captum_saliency_abs_logit"]
    torch.testing.assert_close(maps.abs(), expected, rtol=1e-6, atol=1e-15)
    torch.testing.assert_close(saliency(maps, "max_abs"), expected.amax(1), rtol=1e-6, atol=1e-15)


def test_gradient_input_equals_captum_golden(golden, golden_network, captum_golden):
    maps = GradientInput("logit")(golden_network, golden["inputs"], golden["targets"])
    expected = captum_golden["captum_input_x_gradient_logit"]
    torch.testing.assert_close(maps, expected, rtol=1e-6, atol=1e-15)


def test_a_linear_model_by_hand(images, linear_model):
    model, weights = linear_model
    ones = torch.ones(len(images), dtype=torch.int64)
    maps = Saliency("logit")(model, images, ones)
    torch.testing.assert_close(maps, weights.expand_as(images), **EXACT)
    torch.testing.assert_close(GradientInput("logit")(model, images, ones), weights * images)


@pytest.mark.parametrize("output", OUTPUTS)
def test_gradients_equal_central_differences(smooth_network, images, targets, output):
    def scores(points):
        with torch.no_grad():
            return OUTPUTS[output](smooth_network(points)).gather(1, targets[:, None])[:, 0]

    maps = Saliency(output)(smooth_network, images, targets)
    direction = torch.randn(
        images.shape, dtype=images.dtype, generator=torch.Generator().manual_seed(2)
    )
    rise = (scores(images + 1e-5 * direction) - scores(images - 1e-5 * direction)) / 2e-5
    torch.testing.assert_close((maps * direction).sum(dim=(1, 2, 3)), rise, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("method", METHODS)
def test_every_image_is_asked_once(counting, smooth_network, images, targets, method):
    model = counting(smooth_network)
    method(batch_size=2)(model, images, targets)
    assert model.sizes == [2, 2, 1]
