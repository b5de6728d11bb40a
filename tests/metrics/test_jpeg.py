"""JPEG copies against Pillow's own decoder settings, stability against its closed form."""

import io
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from saliency_audit.datasets.shapes import draw_shapes
from saliency_audit.metrics.jpeg import jpeg_copy, jpeg_stability, uncancelled


@pytest.fixture(scope="module")
def pictures():
    return draw_shapes(range(4)).images


def saved(picture, **options):
    """A `(C, H, W)` picture through a JPEG file with these options."""
    levels = (picture * 255).round().byte().permute(1, 2, 0).numpy()
    file = io.BytesIO()
    Image.fromarray(levels.squeeze()).save(file, "JPEG", **options)
    decoded = np.array(Image.open(file)).reshape(levels.shape)
    return torch.from_numpy(decoded).permute(2, 0, 1).float() / 255


def test_the_copy_is_the_decoded_file(pictures):
    copies = jpeg_copy(pictures)
    assert copies.shape == pictures.shape
    assert copies.dtype == torch.float32
    for picture, copy in zip(pictures, copies, strict=True):
        assert torch.equal(copy, saved(picture, quality=75, subsampling=2))
        assert not torch.equal(copy, saved(picture, quality=75, subsampling=0))
        assert not torch.equal(copy, saved(picture, quality=74, subsampling=2))


def test_grey_pictures_stay_grey(pictures):
    grey = pictures[:, :1]
    copies = jpeg_copy(grey)
    assert copies.shape == grey.shape
    assert torch.equal(copies[2], saved(grey[2], quality=75))


def test_fine_colour_is_lost_to_subsampling_and_brightness_is_not():
    stripes = torch.zeros(1, 3, 16, 16)
    stripes[:, 0, :, ::2] = 1  # red and blue columns in turn
    stripes[:, 2, :, 1::2] = 1
    copy = jpeg_copy(stripes, quality=95)
    assert (copy[:, 0] - copy[:, 2]).abs().max() < 0.7  # 1 before
    black_and_white = torch.zeros(1, 3, 16, 16)
    black_and_white[..., ::2] = 1
    assert (jpeg_copy(black_and_white, quality=95) - black_and_white).abs().max() < 0.05


def test_lower_quality_is_further_away(pictures):
    errors = [(jpeg_copy(pictures, quality) - pictures).square().mean() for quality in (10, 50, 95)]
    assert errors[0] > errors[1] > errors[2] > 0


def test_copies_do_not_depend_on_the_batch_and_keep_type_and_input(pictures):
    doubles = pictures.double()
    before = doubles.clone()
    copies = jpeg_copy(doubles)
    assert copies.dtype == torch.float64
    assert torch.equal(doubles, before)
    assert torch.equal(jpeg_copy(doubles[1:2]), copies[1:2])
    assert jpeg_copy(pictures[:0]).shape == (0, 3, 64, 64)


def test_pixels_are_rounded_to_the_nearest_level():
    flat = torch.full((1, 1, 8, 8), 0.5)
    assert torch.equal(jpeg_copy(flat + 0.4 / 255), jpeg_copy(torch.full_like(flat, 128 / 255)))
    assert torch.equal(jpeg_copy(flat - 0.4 / 255), jpeg_copy(torch.full_like(flat, 127 / 255)))


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.rand(3, 8, 8), "must have shape"),
        (torch.rand(1, 2, 8, 8), "must have shape"),
        (torch.rand(1, 3, 8, 8) + 0.5, "in \\[0, 1\\]"),
        (-torch.rand(1, 3, 8, 8), "in \\[0, 1\\]"),
        (torch.full((1, 3, 8, 8), torch.nan), "without NaN"),
        (torch.ones(1, 3, 8, 8, dtype=torch.uint8), "floats"),
    ],
)
def test_bad_images(images, message):
    with pytest.raises(ValueError, match=message):
        jpeg_copy(images)


@pytest.mark.parametrize("quality", [0, 96, 75.0, True, "high"])
def test_bad_quality(quality):
    with pytest.raises(ValueError, match=r"quality must be a whole number in 1\.\.95"):
        jpeg_copy(torch.rand(1, 3, 8, 8), quality)


def test_known_values():
    maps = torch.zeros(2, 3, 4, 4)
    other = maps + torch.tensor([0.1, 2.0]).reshape(2, 1, 1, 1)
    expected = [-math.log(0.1**2), -math.log(4.0)]
    assert jpeg_stability(maps.double(), other.double()).tolist() == pytest.approx(expected)
    # Perpendicular unit vectors in four dimensions: mean squared difference 2/4.
    first, second = torch.tensor([[3.0, 0, 0, 0]]), torch.tensor([[0, 0, 5.0, 0]])
    assert jpeg_stability(first, second, "unit_norm").item() == pytest.approx(math.log(2))
    assert jpeg_stability(first, -first, "unit_norm").item() == pytest.approx(0)


@given(st.floats(1e-30, 1e30), st.integers(0, 1000))
def test_scale_moves_raw_values_by_its_logarithm_and_unit_norm_not_at_all(factor, seed):
    generator = torch.Generator().manual_seed(seed)
    first, second = torch.randn(2, 2, 5, 5, generator=generator, dtype=torch.float64)
    raw = jpeg_stability(first, second)
    scaled = jpeg_stability(factor * first, factor * second)
    torch.testing.assert_close(scaled, raw - 2 * math.log(factor))
    free = jpeg_stability(first, second, "unit_norm")
    torch.testing.assert_close(jpeg_stability(factor * first, 3 * second, "unit_norm"), free)


def test_tiny_float32_maps_do_not_underflow():
    first, second = torch.rand(2, 1, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    large = jpeg_stability(first, second, "unit_norm")
    tiny = jpeg_stability(first * 1e-30, second * 1e-30, "unit_norm")
    torch.testing.assert_close(tiny, large, rtol=1e-5, atol=0)
    assert jpeg_stability(first * 1e-30, second * 1e-30).isfinite().all()


def test_equal_maps_are_infinitely_stable_and_zero_maps_have_no_norm():
    maps = torch.stack([torch.rand(3, 3), torch.zeros(3, 3)])
    assert jpeg_stability(maps, maps).tolist() == [torch.inf, torch.inf]
    free = jpeg_stability(maps, maps, "unit_norm")
    assert free[0] == torch.inf
    assert free[1].isnan()
    assert jpeg_stability(maps[1:], maps[:1], "unit_norm").isnan().all()
    assert jpeg_stability(maps[:0], maps[:0]).shape == (0,)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (torch.rand(2, 3), torch.rand(2, 4), "same shape"),
        (torch.rand(2), torch.rand(2), "same shape"),
        (torch.rand(2, 0), torch.rand(2, 0), "same shape"),
        (torch.rand(1, 3), torch.tensor([[0, 1, torch.nan]]), "NaN or infinite values"),
        (torch.tensor([[0, 1, torch.inf]]), torch.rand(1, 3), "NaN or infinite values"),
    ],
)
def test_bad_maps(first, second, message):
    with pytest.raises(ValueError, match=message):
        jpeg_stability(first, second)


def test_unknown_scale():
    known = "scale must be one of 'raw', 'unit_norm', 'signed_sum', got 'l1'"
    with pytest.raises(ValueError, match=known):
        jpeg_stability(torch.rand(1, 3), torch.rand(1, 3), "l1")


def test_maps_of_sum_one():
    # (3, 1)/4 − (1, −3)/(−2) = (1.25, −1.25).
    first, second = torch.tensor([[3.0, 1.0]]), torch.tensor([[1.0, -3.0]])
    expected = -math.log(1.25**2)
    assert jpeg_stability(first, second, "signed_sum").item() == pytest.approx(expected)
    assert jpeg_stability(-7 * first, second / 9, "signed_sum").item() == pytest.approx(expected)
    # The rest that is left of two large credits makes a map huge.
    nearly = torch.tensor([[1.0, -1.0 + 1e-6]], dtype=torch.float64)
    assert jpeg_stability(first.double(), nearly, "signed_sum") < -20
    cancelled = torch.tensor([[2.0, -2.0], [0.0, 0.0]])
    assert jpeg_stability(cancelled, first.expand(2, 2), "signed_sum").isnan().all()


def test_what_is_left_when_signs_cancel():
    maps = torch.tensor([[3.0, 1.0], [-3.0, -1.0], [3.0, -1.0], [1.0, -1.0], [0.0, 0.0]])
    left = uncancelled(maps)
    assert left[:4].tolist() == pytest.approx([1, 1, 0.5, 0])
    assert left[4].isnan()
    assert torch.equal(uncancelled(maps[:3] * 1e-38), left[:3])
    with pytest.raises(ValueError, match="maps must have shape"):
        uncancelled(torch.rand(3))
    with pytest.raises(ValueError, match="NaN or infinite values"):
        uncancelled(torch.tensor([[1.0, torch.nan]]))
