"""RISE: masks as described, scores summed as printed, and random numbers that belong to the image."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from skimage.transform import resize
from torch import nn
from torch.nn import functional as F

from saliency_audit.attributions import Rise, create
from saliency_audit.attributions.rise import random_masks
from saliency_audit.attributions.seeding import image_generator


class Linear(nn.Module):
    """Two logits: the weighted sum of the pixels plus an offset, and zero."""

    def __init__(self, weights, offset=0.0):
        super().__init__()
        self.weights, self.offset = weights, offset

    def forward(self, images):
        score = (images * self.weights).sum(dim=(1, 2, 3)) + self.offset
        return torch.stack([score, torch.zeros_like(score)], dim=1)


def first_class(images):
    return torch.zeros(len(images), dtype=torch.int64)


def masks_of(image, explain):
    size = (image.shape[1], image.shape[2])
    generator = image_generator(image, explain.seed)
    return random_masks(explain.masks, size, explain.grid, explain.probability, generator)


@pytest.mark.parametrize("output", ["logit", "probability"])
def test_scores_times_masks_one_by_one(images, output):
    weights = torch.linspace(-1, 1, 90, dtype=torch.float64).reshape(3, 6, 5)
    model = Linear(weights, 0.3)
    explain = Rise(masks=13, grid=3, probability=0.4, seed=5, output=output)
    maps = explain(model, images, first_class(images))
    assert maps.shape == (5, 1, 6, 5)
    for image, found in zip(images, maps, strict=True):
        expected = torch.zeros(6, 5, dtype=torch.float64)
        for mask in masks_of(image, explain).double():
            logits = model((image * mask)[None])
            score = logits if output == "logit" else logits.softmax(dim=1)
            expected += float(score[0, 0]) * mask
        torch.testing.assert_close(found[0], expected / (0.4 * 13))


def test_a_mask_is_a_shifted_enlarged_lattice():
    """Every mask is a window of the lattice, enlarged bilinearly; the shift is below one cell."""
    grid, height, width = 4, 18, 11
    cells = -(-height // grid), -(-width // grid)
    masks = random_masks(40, (height, width), grid, 0.5, torch.Generator().manual_seed(3))
    drawn = torch.rand(40, (grid + 1) ** 2 + 2, generator=torch.Generator().manual_seed(3))
    shifts = set()
    for mask, numbers in zip(masks, drawn, strict=True):
        lattice = (numbers[:-2] < 0.5).float().reshape(1, 1, grid + 1, grid + 1)
        large = F.interpolate(
            lattice,
            scale_factor=cells,
            mode="bilinear",
            align_corners=False,
        )[0, 0]
        down, across = int(numbers[-2] * cells[0]), int(numbers[-1] * cells[1])
        shifts.add((down, across))
        torch.testing.assert_close(mask, large[down : down + height, across : across + width])
    assert {down for down, _ in shifts} == set(range(cells[0]))
    assert {across for _, across in shifts} == set(range(cells[1]))
    assert masks.min() == 0
    assert masks.max().item() == pytest.approx(1)


def variance(shares, length):
    """Variance of masks of half-kept cells along one axis, over all shifts: (length,).

    `shares`, (cells, size), is how much of each cell a pixel of the enlarged lattice gets.
    """
    squares = (np.asarray(shares) ** 2).sum(axis=0)
    shifts = [squares[shift : shift + length] for shift in range(len(squares) - length)]
    return np.mean(shifts, axis=0) / 2


def ours(grid, length):
    cells = torch.eye(grid + 1, dtype=torch.float64)[:, None]
    return F.interpolate(cells, scale_factor=-(-length // grid), mode="linear")[:, 0]


def the_originals(grid, length):
    """What resizing, as the authors' code does it, makes of one row of cells after the other."""
    size = (grid + 1) * -(-length // grid)
    rows = np.eye(grid)[:, :, None].repeat(grid, axis=2)
    return [
        resize(row, (size, size), order=1, mode="reflect", anti_aliasing=False)[:, 0]
        for row in rows
    ]


def test_masks_vary_as_much_as_is_said():
    """The variance of a pixel is the product of both axes', with p(1 − p) = ¼ once."""
    for lattice, corner, centre in ((ours, 0.17, 0.11), (the_originals, 0.12, 0.12)):
        along = variance(lattice(7, 224), 224)
        assert along[0] ** 2 == pytest.approx(corner, abs=0.005)
        assert along[-1] ** 2 == pytest.approx(corner, abs=0.005)
        assert along[112] ** 2 == pytest.approx(centre, abs=0.005)
    masks = random_masks(20000, (28, 28), 7, 0.5, torch.Generator().manual_seed(0))
    along = variance(ours(7, 28), 28)
    np.testing.assert_allclose(masks.var(dim=0), np.outer(along, along), rtol=0, atol=0.006)


@pytest.mark.parametrize("probability", [0.1, 0.5])
def test_pixels_are_kept_as_often_as_asked_for(probability):
    masks = random_masks(4000, (14, 14), 7, probability, torch.Generator().manual_seed(0))
    # A cell's variance p(1-p) is an upper bound of a pixel's.
    deviation = (probability * (1 - probability) / 4000) ** 0.5
    assert (masks.mean(dim=0) - probability).abs().max() < 5 * deviation


def test_a_linear_model_is_recovered_in_order():
    """Far from the weights f and m are independent: E[f m] / p = E[f] = p Σ w; near, more."""
    weights = torch.zeros(1, 28, 28, dtype=torch.float64)
    weights[0, 4:8, 16:20] = 1
    model = Linear(weights)
    image = torch.ones(1, 1, 28, 28, dtype=torch.float64)
    maps = Rise(masks=4000, output="logit")(model, image, first_class(image))[0, 0]
    peak = divmod(int(maps.argmax()), 28)
    assert abs(peak[0] - 5.5) <= 2
    assert abs(peak[1] - 17.5) <= 2
    far = maps[16:, :10]
    assert far.mean().item() == pytest.approx(0.5 * 16, rel=0.05)
    assert maps.max() > 1.25 * far.mean()


def test_keeping_everything_gives_the_score_itself(images):
    model = Linear(torch.full((3, 6, 5), 0.1, dtype=torch.float64))
    maps = Rise(masks=3, probability=1.0, output="logit")(model, images, first_class(images))
    expected = 0.1 * images.sum(dim=(1, 2, 3))
    torch.testing.assert_close(maps, expected[:, None, None, None].expand(5, 1, 6, 5))


@given(batch_size=st.integers(1, 40), order=st.permutations(range(5)))
def test_batches_order_and_company_change_nothing(
    smooth_network, images, targets, batch_size, order
):
    alone = [Rise(masks=9)(smooth_network, images[[i]], targets[[i]]) for i in range(len(images))]
    maps = Rise(masks=9, batch_size=batch_size)(smooth_network, images[order], targets[order])
    torch.testing.assert_close(maps, torch.cat(alone)[order], rtol=0, atol=1e-12)


def test_batches_stay_bounded_and_every_mask_is_asked_once(
    counting, smooth_network, images, targets
):
    model = counting(smooth_network)
    Rise(masks=10, batch_size=4)(model, images, targets)
    assert model.sizes == [4, 4, 2] * 5


def test_another_seed_or_image_has_other_masks(images):
    explain, other = Rise(masks=5), Rise(masks=5, seed=1)
    assert not torch.equal(masks_of(images[0], explain), masks_of(images[0], other))
    assert not torch.equal(masks_of(images[0], explain), masks_of(images[1], explain))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"masks": 0}, "masks must be a whole number ≥ 1"),
        ({"grid": 0}, "grid must be a whole number ≥ 1"),
        ({"grid": 2.5}, "grid must be a whole number ≥ 1"),
        ({"probability": 0}, r"probability must lie in \(0, 1\]"),
        ({"probability": 1.2}, r"probability must lie in \(0, 1\]"),
        ({"output": "loss"}, "unknown output"),
        ({"cells": 3}, "method 'rise'"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        create("rise", **settings)


def test_a_grid_finer_than_the_picture_still_masks(smooth_network, images, targets):
    maps = Rise(masks=4, grid=50)(smooth_network, images, targets)
    assert maps.isfinite().all()
