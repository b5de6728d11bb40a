from pathlib import Path

import numpy as np
import pytest
from PIL import features
from scipy.interpolate import griddata

from saliency_audit.metrics import reveal
from saliency_audit.metrics.complexity import webp_size
from saliency_audit.metrics.reveal import fill_hidden, random_mask, threshold_masks

GOLDEN = Path(__file__).parents[1] / "golden" / "pic.npz"
THRESHOLDS = (0.01, 0.05, 0.2, 0.5, 0.9)
# The golden sizes are those of this release, Pillow 13.0.0's; another one may pack otherwise.
GOLDEN_LIBWEBP = "1.6.0"


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN) as stored:
        return {key: stored[key] for key in stored}


@pytest.fixture(scope="module")
def picture():
    """Waves with a little noise, 40×56, one channel constant."""
    rows, columns = np.mgrid[0:40, 0:56]
    waves = np.stack([np.sin(rows / 5) + np.cos(columns / 7), np.sin(columns / 9 + rows / 11)], -1)
    noisy = 110 + 50 * waves + np.random.default_rng(0).normal(0, 4, waves.shape)
    constant = np.full((40, 56, 1), 77)
    return np.concatenate([noisy, constant], axis=-1).round().clip(0, 255).astype(np.uint8)


def masks(height, width):
    start = random_mask(height, width, seed=3)
    saliency = np.random.default_rng(4).random((height, width))
    return [start, *threshold_masks(saliency, start, THRESHOLDS)]


def channel_by_channel(picture, mask):
    filled = picture.astype(np.float32)
    for channel in range(picture.shape[2]):
        plane = picture[..., channel]
        filled[..., channel][~mask] = griddata(
            np.argwhere(mask), plane[mask], np.argwhere(~mask), fill_value=plane.mean()
        )
    return np.round(filled).astype(np.uint8)


def test_exact_pictures_are_the_golden_ones(golden):
    start = golden["mask"].copy()
    start[[0, 0, -1, -1], [0, -1, 0, -1]] = True
    revealed = threshold_masks(golden["saliency"], start, golden["thresholds"])
    stages = [start, *revealed, np.ones_like(start)]
    for mask, expected in zip(stages, golden["blurred"], strict=True):
        np.testing.assert_array_equal(fill_hidden(golden["image"], mask), expected)


def test_one_triangulation_equals_one_per_channel(picture):
    for mask in masks(40, 56):
        np.testing.assert_array_equal(fill_hidden(picture, mask), channel_by_channel(picture, mask))


def test_outside_the_hull_is_the_mean_colour(picture):
    mask = np.zeros((40, 56), dtype=bool)
    mask[10:20:3, 10:30:4] = True
    np.testing.assert_array_equal(fill_hidden(picture, mask), channel_by_channel(picture, mask))
    assert (fill_hidden(picture, mask)[0, 0] == np.round(picture.mean(axis=(0, 1)))).all()


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_fill_keeps_revealed_pixels_and_the_given_picture(picture, mode):
    before = picture.copy()
    for mask in masks(40, 56):
        filled = fill_hidden(picture, mask, mode)
        assert filled.dtype == np.uint8
        np.testing.assert_array_equal(filled[mask], picture[mask])
        assert (filled[..., 2] == 77).all()
    np.testing.assert_array_equal(picture, before)


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_fill_reproduces_a_plane(mode):
    rows, columns = np.mgrid[0:30, 0:44]
    plane = (10 + 2 * rows + 3 * columns).astype(np.uint8)[..., None]
    for mask in masks(30, 44):
        filled = fill_hidden(plane, mask, mode).astype(int)
        np.testing.assert_array_equal(filled, plane)


def test_fast_differs_only_where_exact_may_choose(picture):
    """Off the exact picture no further than the exact picture of the mirrored problem is."""
    for mask in masks(40, 56):
        exact = fill_hidden(picture, mask).astype(int)
        fast = fill_hidden(picture, mask, "fast").astype(int)
        mirrored = fill_hidden(picture[:, ::-1], mask[:, ::-1])[:, ::-1].astype(int)
        choice = np.abs(mirrored - exact).mean()
        assert np.abs(fast - exact).mean() <= 0.05 + 3 * choice


def test_leaving_out_enclosed_pixels_changes_nothing(picture, monkeypatch):
    blocks = random_mask(40, 56, seed=1)
    blocks[5:30, 8:40] = True
    blocks[33:, 50:] = True
    for mask in (blocks, *masks(40, 56)):
        fast = fill_hidden(picture, mask, "fast")
        with monkeypatch.context() as all_points:
            all_points.setattr(reveal, "_touching", lambda mask: mask)
            np.testing.assert_array_equal(fill_hidden(picture, mask, "fast"), fast)
    assert reveal._touching(blocks).sum() < blocks.sum() / 2


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_only_corners(mode):
    corners = random_mask(8, 8, seed=0)
    assert corners.sum() == 4
    picture = np.full((8, 8, 1), 9, dtype=np.uint8)
    picture[3, 3] = 200
    assert (fill_hidden(picture, corners, mode) == 9).all()


def test_random_mask_is_one_percent_and_the_corners():
    mask = random_mask(60, 80, seed=7)
    drawn = mask.copy()
    drawn[[0, 0, -1, -1], [0, -1, 0, -1]] = False
    assert mask[[0, 0, -1, -1], [0, -1, 0, -1]].all()
    assert 44 <= drawn.sum() <= 48
    np.testing.assert_array_equal(mask, random_mask(60, 80, seed=7))
    assert (mask != random_mask(60, 80, seed=8)).any()


def test_random_mask_needs_two_pixels_a_side():
    with pytest.raises(ValueError, match="at least 2 pixels per side"):
        random_mask(1, 20, seed=0)


def test_threshold_masks_reveal_quantiles_and_all_ties():
    saliency = np.zeros((10, 10), dtype=np.float32)
    saliency[0, :4] = [4, 3, 2, 1]
    start = np.zeros((10, 10), dtype=bool)
    start[9, 9] = True
    two, four, ties = threshold_masks(saliency, start, (0.02, 0.04, 0.05))
    assert np.argwhere(two).tolist() == [[0, 0], [0, 1], [9, 9]]
    assert four.sum() == 5
    assert ties.all()


def test_threshold_masks_grow():
    start = random_mask(20, 20, seed=0)
    revealed = threshold_masks(np.random.default_rng(1).random((20, 20)), start, THRESHOLDS)
    assert (revealed[1:] >= revealed[:-1]).all()
    assert (revealed >= start).all()


@pytest.mark.skipif(
    features.version("webp") != GOLDEN_LIBWEBP,
    reason=f"golden sizes are libwebp {GOLDEN_LIBWEBP}'s, here is {features.version('webp')}",
)
def test_webp_sizes_are_those_the_golden_curve_was_made_with(golden):
    sizes = [webp_size(picture) for picture in golden["blurred"]]
    assert sizes == golden["entropy"].tolist()
    assert sizes != [webp_size(picture, quality=75) for picture in golden["blurred"]]


def test_webp_size_grows_with_noise_and_is_lossless_at_every_quality(picture):
    flat = np.full_like(picture, 50)
    noise = np.random.default_rng(0).integers(0, 256, picture.shape, dtype=np.uint8)
    for quality in (75, 100):
        assert webp_size(flat, quality) < webp_size(picture, quality) < webp_size(noise, quality)
        # Noise cannot be packed, so a smaller file would have lost something.
        assert webp_size(noise, quality) >= noise.size


def test_webp_size_of_gray_and_of_other_channels(picture):
    assert webp_size(picture[..., :1]) < webp_size(picture)
    with pytest.raises(ValueError, match="has no complexity"):
        webp_size(picture[..., :2])
