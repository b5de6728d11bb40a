"""SmoothGrad: closed forms on linear and quadratic models, and noise that belongs to the image."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from saliency_audit.attributions import independence
from saliency_audit.attributions.gradients import Saliency
from saliency_audit.attributions.noise import standard_normal
from saliency_audit.attributions.seeding import image_generator
from saliency_audit.attributions.smoothgrad import SmoothGrad

EXACT = {"rtol": 0, "atol": 1e-12}


class Scores(nn.Module):
    """Two logits, the given function of the image and zero; remembers the points it was given."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.points = []
        # As one that was asked before whether it answers for each image by itself.
        independence._TRUSTED[self] = independence._state(self)

    def forward(self, images):
        self.points.append(images.detach().clone())
        score = self.function(images)
        return torch.stack([score, torch.zeros_like(score)], dim=1)


def first_class(images):
    return torch.zeros(len(images), dtype=torch.int64)


def weights_like(images):
    return torch.linspace(-1, 2, images[0].numel(), dtype=images.dtype).reshape(images[0].shape)


def mean_noise(images, samples, seed):
    draws = torch.stack(list(standard_normal(images, samples, seed)))
    return draws.reshape(len(images), samples, *images.shape[1:]).double().mean(dim=1)


@pytest.mark.parametrize("samples", [1, 25])
@pytest.mark.parametrize("squared", [False, True])
def test_a_linear_model_gives_its_weights(images, samples, squared):
    weights = weights_like(images)
    model = Scores(lambda x: (x * weights).sum(dim=(1, 2, 3)))
    explain = SmoothGrad(samples, squared=squared, output="logit", batch_size=7)
    maps = explain(model, images, first_class(images))
    expected = weights**2 if squared else weights
    torch.testing.assert_close(maps, expected.expand_as(images), **EXACT)


def test_a_quadratic_model_gives_the_gradient_at_the_mean_point(images):
    weights = weights_like(images)
    model = Scores(lambda x: (weights * x**2).sum(dim=(1, 2, 3)))
    explain = SmoothGrad(9, 0.3, "absolute", seed=4, output="logit")
    maps = explain(model, images, first_class(images))
    expected = 2 * weights * (images + 0.3 * mean_noise(images, 9, 4))
    torch.testing.assert_close(maps, expected, **EXACT)


@pytest.mark.parametrize("squared", [False, True])
def test_many_samples_approach_the_expectation(squared):
    image = torch.rand(
        1, 1, 20, 20, dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    )
    model = Scores(lambda x: (x**2 / 2).sum(dim=(1, 2, 3)))
    samples, sigma = 4000, 0.2
    explain = SmoothGrad(samples, sigma, "absolute", squared=squared, output="logit")
    maps = explain(model, image, first_class(image))
    # E[x + ε] = x with variance σ²; E[(x + ε)²] = x² + σ² with variance 4x²σ² + 2σ⁴.
    expected = image**2 + sigma**2 if squared else image
    variance = 4 * image**2 * sigma**2 + 2 * sigma**4 if squared else torch.tensor(sigma**2)
    deviations = (maps - expected) / (variance / samples).sqrt()
    assert deviations.abs().max() < 5
    assert deviations.std().item() == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize(("unit", "sigma"), [("absolute", 0.25), ("range", 0.25 * 0.5)])
def test_units_of_the_noise(unit, sigma):
    # Two channels whose values span 0.2 … 0.7 together and less than that each.
    image = torch.full((1, 2, 40, 40), 0.2, dtype=torch.float64)
    image[0, 1] = 0.5
    image[0, 1, 0, 0] = 0.7
    model = Scores(lambda x: x.sum(dim=(1, 2, 3)))
    SmoothGrad(10, 0.25, unit)(model, image, first_class(image))
    noise = torch.cat(model.points) - image
    assert noise.std().item() == pytest.approx(sigma, rel=0.02)
    assert noise.mean().item() == pytest.approx(0, abs=5 * sigma / math.sqrt(noise.numel()))


def test_every_point_is_noisy_and_none_is_clipped():
    image = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    model = Scores(lambda x: x.sum(dim=(1, 2, 3)))
    SmoothGrad(6, batch_size=4)(model, image, first_class(image))
    points = torch.cat(model.points)
    assert len(points) == 6
    assert len(torch.unique(points.flatten(1), dim=0)) == 6
    assert not (points == image).flatten(1).all(dim=1).any()
    assert points.min() < 0
    assert points.max() > 1


def test_no_noise_is_the_plain_gradient(smooth_network, images, targets):
    plain = Saliency()(smooth_network, images, targets)
    torch.testing.assert_close(SmoothGrad(3, 0.0)(smooth_network, images, targets), plain, **EXACT)
    flat = torch.full_like(images, 0.4)
    smooth = SmoothGrad(3)(smooth_network, flat, targets)
    torch.testing.assert_close(smooth, Saliency()(smooth_network, flat, targets), **EXACT)


def test_defaults_are_those_of_the_original():
    assert SmoothGrad() == SmoothGrad(25, 0.15, "range", False, 0, "probability", "auto")
    assert hash(SmoothGrad(samples=60)) != hash(SmoothGrad())


@given(
    batch_size=st.integers(1, 60),
    samples=st.integers(1, 12),
    order=st.permutations(range(5)),
    squared=st.booleans(),
)
def test_batches_order_and_company_change_nothing(
    smooth_network, images, targets, batch_size, samples, order, squared
):
    expected = torch.cat(
        [
            SmoothGrad(samples, squared=squared)(smooth_network, images[[i]], targets[[i]])
            for i in range(len(images))
        ]
    )
    explain = SmoothGrad(samples, squared=squared, batch_size=batch_size)
    maps = explain(smooth_network, images[order], targets[order])
    torch.testing.assert_close(maps, expected[order], **EXACT)


@pytest.mark.parametrize(("samples", "batch_size"), [(25, 8), (3, 8), (8, 8), (2, 1)])
def test_batches_are_full_and_bounded(images, samples, batch_size):
    model = Scores(lambda x: x.sum(dim=(1, 2, 3)))
    SmoothGrad(samples, batch_size=batch_size)(model, images, first_class(images))
    sizes = [len(points) for points in model.points]
    assert sum(sizes) == samples * len(images)
    assert all(size == batch_size for size in sizes[:-1])
    assert sizes[-1] <= batch_size


def test_the_noise_of_an_image_is_its_own():
    images = torch.rand(2, 3, 5, 5, generator=torch.Generator().manual_seed(1))

    def draws(image, seed=0):
        return torch.randn(4, generator=image_generator(image, seed))

    assert torch.equal(draws(images[0]), draws(images[0].double()))
    assert torch.equal(draws(images[0]), draws(images.flip(0)[1]))
    assert torch.equal(draws(images[0]), draws(images.to(memory_format=torch.channels_last)[0]))
    assert not torch.equal(draws(images[0]), draws(images[1]))
    assert not torch.equal(draws(images[0], 1), draws(images[0], 2))
    assert not torch.equal(draws(images[0], -1), draws(images[0], 1))


BAD_SETTINGS = {
    "no sample": ({"samples": 0}, "at least 1 sample, got 0"),
    "half a sample": ({"samples": 1.5}, "at least 1 sample, got 1.5"),
    "yes": ({"samples": True}, "at least 1 sample, got True"),
    "negative noise": ({"noise": -0.1}, "noise must be a finite number ≥ 0, got -0.1"),
    "no number": ({"noise": float("nan")}, "noise must be a finite number ≥ 0, got nan"),
    "no such unit": ({"noise_unit": "std"}, "unknown noise_unit 'std'; known: range, absolute"),
    "no such output": ({"output": "odds"}, "unknown output 'odds'; known: probability"),
}


@pytest.mark.parametrize("case", BAD_SETTINGS)
def test_bad_settings(case):
    settings, message = BAD_SETTINGS[case]
    with pytest.raises(ValueError, match=message):
        SmoothGrad(**settings)
