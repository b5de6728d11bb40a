"""GGIG against Algorithm 1 read as a loop, and against closed forms."""

import numpy as np
import pytest
import torch

from saliency_audit.attributions import (
    GGIG,
    AscendingPath,
    Maximum,
    MeanOfMaxima,
    create,
    walk,
)
from saliency_audit.attributions.quadrature import nodes

EXACT = {"rtol": 1e-12, "atol": 1e-12}


def algorithm_1(network, image, target, steps, ascents, rate, baseline=0.0):
    """Every gradient: `(steps, ascents, C, H, W)`, one point at a time."""
    rows = []
    for k in range(steps):
        point = baseline + k / (steps - 1) * (image - baseline)
        climb = []
        for _ in range(ascents):
            point = point.detach().requires_grad_(True)
            logit = network(point[None])[0, target]
            (gradient,) = torch.autograd.grad(logit, point)
            climb.append(gradient)
            point = point + rate * gradient
        rows.append(torch.stack(climb))
    return torch.stack(rows)


@pytest.mark.parametrize("absolute", [False, True])
@pytest.mark.parametrize("batch_size", [1, 3, 1000])
def test_ggig_is_algorithm_1(smooth_network, images, targets, absolute, batch_size):
    explain = GGIG(5, 7, 0.05, absolute, batch_size=batch_size)
    found = explain(smooth_network, images, targets)
    for map_, image, target in zip(found, images, targets, strict=True):
        gradients = algorithm_1(smooth_network, image, target, 5, 7, 0.05)
        gradients = gradients.abs() if absolute else gradients
        torch.testing.assert_close(map_, gradients.amax(dim=(0, 1)), **EXACT)


def test_the_trapezoid_variant_averages_the_highest_of_each_climb(smooth_network, images, targets):
    found = GGIG(5, 4, 0.05, trapezoid=True, batch_size=2)(smooth_network, images, targets)
    _, weights = nodes("trapezoid", 5)
    for map_, image, target in zip(found, images, targets, strict=True):
        highest = algorithm_1(smooth_network, image, target, 5, 4, 0.05).amax(dim=1)
        expected = torch.einsum("k,kchw->chw", torch.from_numpy(weights), highest)
        torch.testing.assert_close(map_, expected, **EXACT)


def test_the_climb_matters_and_starts_at_the_baseline(smooth_network, images, targets):
    flat, steep = (GGIG(5, 9, rate)(smooth_network, images, targets) for rate in (0.0, 0.1))
    assert not torch.allclose(flat, steep)
    once = GGIG(5, 1)(smooth_network, images, targets)
    torch.testing.assert_close(flat, once, **EXACT)
    white = GGIG(5, 9, 0.1, baseline="white")(smooth_network, images, targets)
    gradients = algorithm_1(smooth_network, images[0], targets[0], 5, 9, 0.1, baseline=1.0)
    torch.testing.assert_close(white[0], gradients.amax(dim=(0, 1)), **EXACT)


def test_a_linear_score_gets_its_weights(scoring, images, targets):
    weights = torch.randn(3, 6, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    model = scoring(lambda x: (x * weights).sum(dim=(1, 2, 3)))
    first = torch.zeros_like(targets)
    expected = weights.expand_as(images)
    torch.testing.assert_close(GGIG(3, 4, 0.5)(model, images, first), expected, **EXACT)
    magnitudes = GGIG(3, 4, 0.5, absolute=True)(model, images, first)
    torch.testing.assert_close(magnitudes, expected.abs(), **EXACT)


def test_a_square_grows_by_the_rate_with_every_ascent(scoring, images, targets):
    # f = ‖x‖²/2 has gradient x, so the climb from x is x (1 + rate)^j, highest at its last visit.
    model = scoring(lambda x: x.square().sum(dim=(1, 2, 3)) / 2)
    found = GGIG(3, 6, 0.1)(model, images, torch.zeros_like(targets))
    torch.testing.assert_close(found, images * 1.1**5, **EXACT)


def test_one_walk_serves_all_rules(smooth_network, images, targets):
    explainers = [
        GGIG(4, 3, 0.05),
        GGIG(4, 3, 0.05, absolute=True),
        GGIG(4, 3, 0.05, trapezoid=True),
    ]
    maps = walk(
        smooth_network,
        images,
        targets,
        path=AscendingPath(4, 3, 0.05),
        rules=[explain.rule for explain in explainers],
        output="logit",
    )
    assert [type(explain.rule) for explain in explainers] == [Maximum, Maximum, MeanOfMaxima]
    for found, explain in zip(maps, explainers, strict=True):
        torch.testing.assert_close(found, explain(smooth_network, images, targets), **EXACT)


def test_every_gradient_is_taken_once(counting, smooth_network, images, targets):
    model = counting(smooth_network)
    GGIG(4, 3, batch_size=6)(model, images, targets)
    assert sum(model.sizes) == len(images) * 4 * 3
    assert max(model.sizes) <= 6


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"ascents": 0}, "a climb needs at least 1 ascent"),
        ({"ascents": 2.5}, "a climb needs at least 1 ascent"),
        ({"learning_rate": -1.0}, "learning_rate must be a finite number ≥ 0, got -1.0"),
        ({"learning_rate": float("inf")}, "learning_rate must be a finite number ≥ 0, got inf"),
        ({"learning_rate": float("nan")}, "learning_rate must be a finite number ≥ 0, got nan"),
        ({"learning_rate": "x"}, "learning_rate must be a finite number ≥ 0, got 'x'"),
        ({"learning_rate": None}, "learning_rate must be a finite number ≥ 0, got None"),
        ({"learning_rate": True}, "learning_rate must be a finite number ≥ 0, got True"),
        ({"learning_rate": 1j}, "learning_rate must be a finite number ≥ 0, got 1j"),
        ({"steps": 1}, "at least 2 points, got 1"),
        ({"baseline": "grey"}, "grey"),
        ({"output": "odds"}, "odds"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        create("ggig", **settings)


@pytest.mark.parametrize("rate", [1, np.float64(1), np.float32(1), np.int64(1)])
def test_a_rate_may_be_any_real_number(smooth_network, images, targets, rate):
    expected = GGIG(3, 3, 1.0)(smooth_network, images, targets)
    found = GGIG(3, 3, rate)(smooth_network, images, targets)
    torch.testing.assert_close(found, expected, **EXACT)


def test_a_rate_that_leaves_the_finite_numbers_is_named(scoring, images, targets):
    model = scoring(lambda x: x.pow(3).sum(dim=(1, 2, 3)))
    with pytest.raises(ValueError, match=r"after \d+ steps of ascent: .*; or lower learning_rate"):
        GGIG(3, 30, 1000.0)(model, images, torch.zeros_like(targets))
    with pytest.raises(ValueError, match=r"learning_rate 1e\+300 is beyond the largest number"):
        GGIG(3, 4, 1e300)(model, images.float(), torch.zeros_like(targets))
