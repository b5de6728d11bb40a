"""Insertion correlation: models for which it is ±1, a plain loop, and what is undefined."""

import numpy as np
import pytest
import torch
from torch import nn

from saliency_audit.metrics import insertion_correlation, insertion_score
from saliency_audit.metrics.insertion import blur

SIDE = 8
PIXELS = SIDE * SIDE


class Tells(nn.Module):
    """The probability of class 0 is Σ w over the pixels that are as in the picture, plus 0.1."""

    def __init__(self, picture, weights):
        super().__init__()
        self.picture, self.weights = picture, weights

    def forward(self, images):
        same = (images == self.picture).all(dim=1)
        p = 0.1 + (same * self.weights).sum(dim=(1, 2))
        return torch.stack([p.logit(), torch.zeros_like(p)], dim=1)


@pytest.fixture
def picture():
    generator = torch.Generator().manual_seed(3)
    return torch.rand(1, 3, SIDE, SIDE, dtype=torch.float64, generator=generator)


@pytest.fixture
def weights():
    generator = torch.Generator().manual_seed(4)
    found = torch.rand(SIDE, SIDE, dtype=torch.float64, generator=generator)
    return 0.8 * found / found.sum()


@pytest.mark.parametrize("points", [2, 7, 16, 64, 196])
def test_the_weights_themselves_are_perfect_and_any_line_through_them(picture, weights, points):
    # Steps of equal size, so that a sum is proportional to a mean.
    model = Tells(picture, weights)
    settings = {"points": points}
    if PIXELS % min(points, PIXELS) == 0:
        for maps in (weights, 3 * weights - 7):
            found = insertion_correlation(model, picture, maps[None], 0, **settings)
            assert float(found) == pytest.approx(1, abs=1e-9)
    worst = insertion_correlation(model, picture, -weights[None], 0, **settings)
    assert float(worst) < -0.9


def test_values_count_and_not_only_their_order(picture, weights):
    model = Tells(picture, weights)
    bent = (weights / weights.max()) ** 9
    assert torch.equal(
        insertion_score(model, picture, bent[None], 0).curves,
        insertion_score(model, picture, weights[None], 0).curves,
    )
    found = insertion_correlation(model, picture, bent[None], 0, points=64)
    expected = np.corrcoef(bent.flatten().numpy(), weights.flatten().numpy())[0, 1]
    assert float(found) == pytest.approx(expected, abs=1e-9)
    assert expected < 0.9


@pytest.mark.parametrize("points", [5, 16, 64])
def test_it_agrees_with_a_plain_loop(points):
    generator = torch.Generator().manual_seed(6)
    images = torch.rand(3, 3, SIDE, SIDE, dtype=torch.float64, generator=generator)
    maps = torch.randn(3, SIDE, SIDE, dtype=torch.float64, generator=generator)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        network = nn.Sequential(nn.Flatten(), nn.Linear(3 * PIXELS, 4)).double()
    targets = torch.tensor([2, 0, 3])
    found = insertion_correlation(network, images, maps, targets, points=points)
    for number in range(3):
        picture = blur(images[number : number + 1])[0].flatten(1)
        order = maps[number].flatten().argsort(descending=True)
        scores, means, last = [], [], 0
        for step in range(points + 1):
            stop = round(step * PIXELS / points)
            shown = order[last:stop]
            picture[:, shown] = images[number].flatten(1)[:, shown]
            with torch.no_grad():
                answer = network(picture.reshape(1, 3, SIDE, SIDE)).softmax(dim=1)
            scores.append(float(answer[0, targets[number]]))
            if step:
                means.append(float(maps[number].flatten()[shown].mean()))
            last = stop
        expected = np.corrcoef(np.diff(scores), means)[0, 1]
        assert float(found[number]) == pytest.approx(expected, abs=1e-9)


def test_what_does_not_vary_has_no_correlation(picture, weights):
    model = Tells(picture, weights)
    flat = torch.full((1, SIDE, SIDE), 0.3)
    assert insertion_correlation(model, picture, flat, 0).isnan().all()
    constant = nn.Sequential(nn.Flatten(), nn.Linear(3 * PIXELS, 2)).double()
    with torch.no_grad():
        constant[1].weight.zero_()
    assert insertion_correlation(constant, picture, weights[None], 0).isnan().all()


def test_no_image_has_no_value(picture, weights):
    model = Tells(picture, weights)
    assert insertion_correlation(model, picture[:0], weights[None][:0], 0).shape == (0,)


def test_ties_come_in_the_order_of_the_seed(picture, weights):
    model = Tells(picture, weights)
    tied = (weights > weights.median()).double()[None]
    first, again, other = (
        insertion_correlation(model, picture, tied, 0, seeds=[seed], points=64)
        for seed in (0, 0, 1)
    )
    assert torch.equal(first, again)
    # With one pixel per step the sums within a tie are the same in any order.
    torch.testing.assert_close(first, other)
    few = [
        float(insertion_correlation(model, picture, tied, 0, seeds=[seed], points=7))
        for seed in (0, 1)
    ]
    assert few[0] != few[1]


@pytest.mark.parametrize("points", [1, 0, 2.5, True, "all"])
def test_steps_that_are_none(picture, weights, points):
    with pytest.raises(ValueError, match="points must be a whole number ≥ 2"):
        insertion_correlation(Tells(picture, weights), picture, weights[None], 0, points=points)


def test_other_bad_input(picture, weights):
    model = Tells(picture, weights)
    with pytest.raises(ValueError, match="NaN or infinite values"):
        insertion_correlation(model, picture, weights[None] / 0, 0)
    with pytest.raises(ValueError, match="1 images need 1 seeds, got 2"):
        insertion_correlation(model, picture, weights[None], 0, seeds=[1, 2])
    with pytest.raises(ValueError, match="too small for the 11-tap blur"):
        insertion_correlation(model, picture[:, :, :4], weights[None, :4], 0)
