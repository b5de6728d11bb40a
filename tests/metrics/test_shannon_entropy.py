"""Entropy of grey levels: closed forms, scikit-image, and its place among the complexities."""

import numpy as np
import pytest
import torch
from skimage import measure
from torch import nn

from saliency_audit.metrics import information_curve, information_curves, information_points
from saliency_audit.metrics.complexity import shannon_entropy
from saliency_audit.metrics.reveal import fill_hidden, random_mask, threshold_masks

SIDE = 16
SHORT = (0.05, 0.2, 0.5)


@pytest.fixture
def picture():
    return np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)


@pytest.mark.parametrize("levels", [1, 2, 4, 256])
def test_equally_frequent_levels_have_the_logarithm_of_their_number(levels):
    values = np.resize(np.arange(levels) * (256 // levels), (32, 32)).astype(np.uint8)
    assert shannon_entropy(values[..., None]) == pytest.approx(np.log2(levels))
    # Three equal channels are the same grey.
    assert shannon_entropy(np.repeat(values[..., None], 3, axis=2)) == pytest.approx(
        np.log2(levels)
    )


def test_it_is_scikit_image_s_on_the_usual_weights(picture):
    weighted = picture @ np.array([299, 587, 114]) / 1000
    assert shannon_entropy(picture[..., :1]) == pytest.approx(
        measure.shannon_entropy(picture[..., 0])
    )
    # Where a weighted mean falls between two levels the two may round it differently.
    assert shannon_entropy(picture) == pytest.approx(
        measure.shannon_entropy(np.round(weighted)), abs=0.1
    )


def test_where_the_levels_stand_does_not_matter(picture):
    shuffled = np.random.default_rng(1).permutation(picture.reshape(-1, 3)).reshape(picture.shape)
    assert shannon_entropy(shuffled) == pytest.approx(shannon_entropy(picture), abs=1e-12)
    with pytest.raises(ValueError, match="has no complexity"):
        shannon_entropy(picture[..., :2])
    with pytest.raises(ValueError, match="has no complexity"):
        shannon_entropy(picture[..., 0])


@pytest.fixture
def asked():
    generator = torch.Generator().manual_seed(2)
    images = torch.rand(3, 3, SIDE, SIDE, generator=generator)
    maps = torch.rand(3, SIDE, SIDE, generator=generator)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        model = nn.Sequential(nn.Flatten(), nn.Linear(3 * SIDE * SIDE, 4))
    return model, images, maps, torch.tensor([0, 1, 2])


def test_points_equal_a_loop_over_pictures(asked):
    model, images, maps, targets = asked
    points = information_points(
        *asked, seeds=[5, 6, 7], thresholds=SHORT, complexities=("shannon_entropy",)
    )
    assert points.file_size.isnan().all()
    assert points.ms_ssim.isnan().all()
    for number in range(3):
        picture = images[number].mul(255).round().byte().permute(1, 2, 0).numpy()
        start = random_mask(SIDE, SIDE, 5 + number)
        masks = [start, *threshold_masks(maps[number].numpy(), start, SHORT), start | True]
        expected = [shannon_entropy(fill_hidden(picture, mask)) for mask in masks]
        assert points.shannon_entropy[number].tolist() == pytest.approx(expected, abs=1e-12)
    usual = information_points(model, images, maps, targets, thresholds=SHORT)
    assert usual.shannon_entropy.isnan().all()


def test_ends_are_reused_and_curves_drawn(asked):
    model, images, maps, targets = asked
    both = ("file_size", "shannon_entropy")
    first = information_points(*asked, thresholds=SHORT, complexities=both)
    other = information_points(
        model, images, 1 - maps, targets, thresholds=SHORT, complexities=both
    )
    reused = information_points(
        model, images, 1 - maps, targets, thresholds=SHORT, complexities=both, ends=first
    )
    for name in both:
        torch.testing.assert_close(getattr(reused, name), getattr(other, name))
    without = information_points(*asked, thresholds=SHORT, complexities=("file_size",))
    with pytest.raises(ValueError, match="without 'shannon_entropy'"):
        information_points(*asked, thresholds=SHORT, complexities=both, ends=without)
    curves = information_curve(*asked, complexity="shannon_entropy", thresholds=SHORT)
    expected = information_curves(first.shannon_entropy, first.probability)
    torch.testing.assert_close(curves.curves, expected.curves, equal_nan=True)


def test_two_channels_are_refused(asked):
    model, images, maps, targets = asked
    with pytest.raises(ValueError, match="file size and entropy need images with 1 or 3 channels"):
        information_points(model, images[:, :2], maps, targets, complexities=("shannon_entropy",))
