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


class Counter(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model
        self.sizes = []

    def forward(self, images):
        self.sizes.append(len(images))
        return self.model(images)


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


def test_the_default_score_is_a_probability():
    assert Saliency() == Saliency("probability")
    assert GradientInput() == GradientInput("probability")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("batch_size", [1, 2, 5, 100])
def test_batches_and_order_change_nothing(smooth_network, images, targets, method, batch_size):
    model = Counter(smooth_network)
    expected = method()(smooth_network, images, targets)
    order = torch.tensor([3, 0, 4, 1, 2])
    maps = method(batch_size=batch_size)(model, images[order], targets[order])
    torch.testing.assert_close(maps, expected[order], **EXACT)
    assert sum(model.sizes) == len(images)
    assert max(model.sizes) <= batch_size


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_shape_and_type_follow_the_images(method, dtype):
    model = nn.Sequential(nn.Flatten(), nn.Linear(60, 2)).to(dtype)
    images = torch.rand(3, 1, 10, 6, dtype=dtype, requires_grad=True)
    maps = method()(model, images, torch.tensor([0, 1, 1]))
    assert (maps.shape, maps.dtype) == (images.shape, dtype)
    assert not maps.requires_grad
    assert images.grad is None
    none = method()(model, images[:0], torch.zeros(0, dtype=torch.int64))
    assert none.shape == (0, 1, 10, 6)
    assert not none.requires_grad


@pytest.mark.parametrize("method", METHODS)
def test_bad_settings_and_bad_models(smooth_network, images, targets, method):
    with pytest.raises(ValueError, match="unknown output 'odds'; known: probability, logit"):
        method("odds")
    with pytest.raises(ValueError, match='positive number or "auto", got 0'):
        method(batch_size=0)(smooth_network, images, targets)
    with pytest.raises(ValueError, match=r"targets must lie in 0\.\.3"):
        method()(smooth_network, images, targets + 1)
    with pytest.raises(ValueError, match=r"must return logits of shape \(5, classes\)"):
        method()(nn.Identity(), images, targets)
    with pytest.raises(ValueError, match=r"inputs must lie in \[0, 1\]"):
        method()(smooth_network, images + 1, targets)
