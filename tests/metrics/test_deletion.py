"""Deletion: closed forms on a linear model, a plain loop, and what it shares with insertion."""

import numpy as np
import pytest
import torch
from torch import nn

from saliency_audit.metrics import deletion_score, insertion_score

HEIGHT, WIDTH = 8, 10
PIXELS = HEIGHT * WIDTH


class Linear(nn.Module):
    """Two logits: the weighted sum of the pixels plus an offset, and zero."""

    def __init__(self, weights, offset=0.0):
        super().__init__()
        self.weights, self.offset = weights, offset

    def forward(self, images):
        score = (images * self.weights).sum(dim=(1, 2, 3)) + self.offset
        return torch.stack([score, torch.zeros_like(score)], dim=1)


@pytest.fixture(scope="module")
def batch():
    generator = torch.Generator().manual_seed(2)
    images = torch.rand(4, 3, HEIGHT, WIDTH, dtype=torch.float64, generator=generator)
    maps = torch.randn(4, HEIGHT, WIDTH, generator=generator)
    return images, maps, torch.tensor([0, 2, 1, 1])


@pytest.fixture(scope="module")
def network():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(4 * 6 * 8, 3)
        ).double()


def sigmoid(values):
    return 1 / (1 + np.exp(-values))


@pytest.mark.parametrize("step", [None, 1, 7, PIXELS])
def test_a_linear_model_loses_one_contribution_after_the_other(batch, step):
    images, maps, _ = batch
    weights = torch.linspace(-1, 1, 3 * PIXELS, dtype=torch.float64).reshape(3, HEIGHT, WIDTH)
    first = torch.zeros(4, dtype=torch.int64)
    scores = deletion_score(Linear(weights, 0.3), images, maps, first, pixels_per_step=step)
    removed = np.unique([*range(0, PIXELS, step or WIDTH), PIXELS])
    np.testing.assert_allclose(scores.fractions, removed / PIXELS, atol=1e-15)
    for i in range(4):
        contributions = (weights * images[i]).sum(dim=0).numpy().ravel()
        contributions = contributions[np.argsort(maps[i].numpy().ravel())]
        left = np.concatenate([[0], np.cumsum(contributions)])[PIXELS - removed]
        curve = sigmoid(left + 0.3)
        np.testing.assert_allclose(scores.curves[i], curve, rtol=0, atol=1e-12)
        area = float(np.trapezoid(curve, removed / PIXELS))
        assert scores.probability[i].item() == pytest.approx(area, abs=1e-12)
        assert scores.ratio[i].item() == pytest.approx(area / curve[0], abs=1e-12)


def test_no_order_falls_faster_than_that_of_the_contributions(batch):
    images, maps, _ = batch
    weights = torch.linspace(-1, 1, 3 * PIXELS, dtype=torch.float64).reshape(3, HEIGHT, WIDTH)
    given = Linear(weights), images
    first = torch.zeros(4, dtype=torch.int64)
    best = (weights * images).sum(dim=1)
    lowest, other, highest = (
        deletion_score(*given, order, first).probability for order in (best, maps, -best)
    )
    assert (lowest < other).all()
    assert (other < highest).all()


# What the picture goes to.
ENDS = {
    "black": lambda image: np.zeros_like(image),
    "mean": lambda image: np.broadcast_to(image.mean(axis=(1, 2), keepdims=True), image.shape),
}


@pytest.mark.parametrize("end", ENDS)
@torch.no_grad()
def test_equals_a_slow_loop(network, batch, end):
    images, maps, targets = batch
    scores = deletion_score(network, images, maps, targets, end=end)
    for i, image in enumerate(images.numpy()):
        picture, last = image.copy(), ENDS[end](image)
        order = np.argsort(-maps[i].numpy().ravel()).reshape(HEIGHT, WIDTH)
        curve = []
        for removed in [[], *order]:
            rows, columns = np.unravel_index(removed, (HEIGHT, WIDTH)) if len(removed) else ([], [])
            picture[:, rows, columns] = last[:, rows, columns]
            logits = network(torch.from_numpy(picture)[None])
            curve.append(logits.softmax(dim=1)[0, targets[i]].item())
        np.testing.assert_allclose(scores.curves[i], curve, rtol=0, atol=1e-12)


def test_towards_the_blurred_picture_it_is_insertion_backwards(network, batch):
    images, maps, targets = batch
    removed = deletion_score(network, images, maps, targets, end="blurred")
    shown = insertion_score(network, images, -maps, targets)
    torch.testing.assert_close(removed.curves, shown.curves.flip(1), rtol=0, atol=1e-12)
    torch.testing.assert_close(removed.probability, shown.probability, rtol=0, atol=1e-12)
    torch.testing.assert_close(removed.ratio, shown.ratio, rtol=0, atol=1e-12)


def test_ties_follow_the_seed_and_batches_change_nothing(network, batch):
    images, maps, targets = batch
    flat = torch.zeros_like(maps)
    one = deletion_score(network, images, flat, targets, seeds=[3, 1, 4, 5])
    again = deletion_score(network, images, flat, targets, seeds=[3, 1, 4, 5], batch_size=5)
    other = deletion_score(network, images, flat, targets, seeds=[0, 2, 6, 7])
    torch.testing.assert_close(again.curves, one.curves, rtol=0, atol=1e-12)
    assert (one.probability != other.probability).all()


def test_no_images_give_no_scores(network):
    none = torch.zeros(0, 3, HEIGHT, WIDTH)
    scores = deletion_score(network, none, none[:, 0], torch.zeros(0, dtype=torch.int64))
    assert scores.probability.shape == scores.ratio.shape == (0,)
    assert scores.curves.shape == (0, HEIGHT + 1)


def test_small_pictures_need_no_blur(network, batch):
    images, maps, _ = batch
    small = images[:, :, :3, :4]
    model = Linear(torch.ones(3, 3, 4, dtype=torch.float64))
    first = torch.zeros(4, dtype=torch.int64)
    scores = deletion_score(model, small, maps[:, :3, :4], first)
    torch.testing.assert_close(scores.curves[:, -1], torch.full((4,), 0.5, dtype=torch.float64))
    with pytest.raises(ValueError, match="too small for the 11-tap blur"):
        deletion_score(model, small, maps[:, :3, :4], first, end="blurred")


@pytest.mark.parametrize("end", ["white", 0, None])
def test_another_end_is_refused(network, batch, end):
    images, maps, targets = batch
    with pytest.raises(ValueError, match=r"unknown end .*; known: black, mean, blurred"):
        deletion_score(network, images, maps, targets, end=end)
