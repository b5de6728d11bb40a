"""The blur and its slope: the numbers of scipy, whatever the size, the width and the type."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from saliency_audit.attributions.gaussian import GaussianBlur

SIZES = [(1, 1), (1, 6), (2, 3), (7, 7), (8, 8), (9, 14), (33, 20)]
# At 0.125 the kernel first reaches a neighbour; 50 is far wider than the images.
SIGMAS = np.array([0.0, 0.05, 0.1249, 0.125, 0.2, 0.625, 1.0, 2.7, 9.3, 50.0])
STEP = 0.01


def pictures(height, width, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(2, 3, height, width, dtype=dtype, generator=generator)


def blurred(images, sigma):
    """One width at a time, with scipy: black beyond the border."""
    return gaussian_filter(images.numpy(), sigma=(0, 0, sigma, sigma), mode="constant")


def quotient(images, sigma, step=STEP):
    return (blurred(images, sigma + step) - blurred(images, sigma)) / step


@pytest.mark.parametrize("size", SIZES)
def test_images_are_those_of_scipy(size):
    images = pictures(*size)
    found = GaussianBlur(images, SIGMAS, STEP).images()
    assert found.shape == (2, len(SIGMAS), 3, *size)
    for i, sigma in enumerate(SIGMAS):
        np.testing.assert_allclose(found[:, i], blurred(images, sigma), rtol=0, atol=2e-15)


@pytest.mark.parametrize("size", SIZES)
def test_slopes_are_the_literal_difference_quotients(size):
    images = pictures(*size)
    found = GaussianBlur(images, SIGMAS, STEP).slopes()
    assert found.shape == (2, len(SIGMAS), 3, *size)
    for i, sigma in enumerate(SIGMAS):
        # The quotient written out loses the digits that cancel, about 1e-16/step.
        np.testing.assert_allclose(found[:, i], quotient(images, sigma), rtol=0, atol=1e-13)


@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.floats(0, 60),
    st.floats(1e-3, 1),
    st.integers(0, 1000),
)
def test_any_size_width_and_step(height, width, sigma, step, seed):
    images = pictures(height, width, seed)
    blur = GaussianBlur(images, np.array([sigma]), step)
    np.testing.assert_allclose(blur.images()[:, 0], blurred(images, sigma), rtol=0, atol=2e-15)
    expected = quotient(images, sigma, step)
    np.testing.assert_allclose(blur.slopes()[:, 0], expected, rtol=0, atol=1e-15 / step)


@pytest.mark.parametrize("size", [(7, 7), (8, 8), (9, 14)])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_below_an_eighth_of_a_pixel_nothing_is_blurred(size, dtype):
    images = pictures(*size, dtype=dtype)
    narrow = np.array([0.0, 0.06, 0.1149])
    blur = GaussianBlur(images, narrow, STEP)
    limit = torch.finfo(dtype).eps
    expected = images[:, None].expand(-1, 3, -1, -1, -1)
    torch.testing.assert_close(blur.images(), expected, rtol=0, atol=limit)
    assert blur.slopes().abs().max() == 0
    # A little wider and the quotient straddles the first width that blurs.
    assert GaussianBlur(images, np.array([0.12]), STEP).slopes().abs().max() > 0


@pytest.mark.parametrize("size", SIZES)
def test_single_precision_stays_single_and_accurate(size):
    exact = GaussianBlur(pictures(*size), SIGMAS, STEP)
    images = pictures(*size).float()
    found = GaussianBlur(images, SIGMAS, STEP)
    for part, whole in ((found.images(), exact.images()), (found.slopes(), exact.slopes())):
        assert part.dtype == torch.float32
        error = (part.double() - whole).abs().amax(dim=(0, 2, 3, 4))
        # The quotient of two rounded images would be off by 1e-7/step = 1e-5 of a unit.
        assert (error <= 1e-6 * whole.abs().amax(dim=(0, 2, 3, 4)).clamp(min=1e-3)).all()


def test_each_image_channel_and_width_is_blurred_alone():
    images = pictures(9, 6)
    together = GaussianBlur(images, SIGMAS, STEP)
    for i in range(2):
        for c in range(3):
            single = images[i : i + 1, c : c + 1]
            for s in range(len(SIGMAS)):
                alone = GaussianBlur(single, SIGMAS[s : s + 1], STEP)
                # A slope is a difference of images over the step, which enlarges their rounding.
                for part, whole, rounding in (
                    (alone.images(), together.images(), 1e-14),
                    (alone.slopes(), together.slopes(), 1e-15 / STEP),
                ):
                    expected = whole[i : i + 1, s : s + 1, c : c + 1]
                    torch.testing.assert_close(part, expected, rtol=0, atol=rounding)


def test_the_layout_in_memory_does_not_matter_and_the_images_stay():
    images = pictures(9, 6)
    kept = images.clone()
    expected = GaussianBlur(images, SIGMAS, STEP)
    for other in (
        images.contiguous(memory_format=torch.channels_last),
        images.mT.contiguous().mT,
        torch.cat([images, images], dim=3)[..., :6],
    ):
        found = GaussianBlur(other, SIGMAS, STEP)
        torch.testing.assert_close(found.images(), expected.images(), rtol=0, atol=1e-15)
        torch.testing.assert_close(found.slopes(), expected.slopes(), rtol=0, atol=1e-13)
    assert torch.equal(images, kept)
