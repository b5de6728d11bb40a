import math

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity
from torch.nn import functional as F

from saliency_audit.metrics.ms_ssim import SCALE_WEIGHTS, ms_ssim, scales_for


def pictures(count, side, seed=0):
    """Smooth random pictures in [0, 1], float64."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, 3, 7, 9, dtype=torch.float64, generator=generator)
    return F.interpolate(coarse, size=(side, side + 13), mode="bicubic").clamp(0, 1)


def noisy(images, deviation, seed=1):
    noise = torch.randn(
        images.shape, dtype=images.dtype, generator=torch.Generator().manual_seed(seed)
    )
    return (images + deviation * noise).clamp(0, 1)


def scale_by_scale(first, second):
    """MS-SSIM of one pair through scikit-image's SSIM, channel by channel.

    A huge K1 makes the luminance term 1 and leaves contrast times structure.
    """
    scales = scales_for(*first.shape[1:])
    weights = np.array(SCALE_WEIGHTS[:scales])
    if scales < len(SCALE_WEIGHTS):
        weights = weights / weights.sum()
    channels = []
    for one, other in zip(first.numpy(), second.numpy(), strict=True):
        product = 1.0
        for scale, weight in enumerate(weights):
            last = scale == scales - 1
            _, full = structural_similarity(
                one, other, data_range=1, gaussian_weights=True, sigma=1.5,
                use_sample_covariance=False, K1=0.01 if last else 1e6, full=True,
            )  # fmt: skip
            product *= max(full[5:-5, 5:-5].mean(), 0) ** weight
            even = [
                plane[: plane.shape[0] // 2 * 2, : plane.shape[1] // 2 * 2]
                for plane in (one, other)
            ]
            one, other = (
                (p[::2, ::2] + p[1::2, ::2] + p[::2, 1::2] + p[1::2, 1::2]) / 4 for p in even
            )
        channels.append(product)
    return np.mean(channels)


@pytest.mark.parametrize("side", [11, 23, 64, 97, 180, 224])
def test_equals_scikit_image_scale_by_scale(side):
    references = pictures(2, side)
    for deviation in (0.02, 0.2):
        changed = noisy(references, deviation)
        expected = [scale_by_scale(a, b) for a, b in zip(changed, references, strict=True)]
        np.testing.assert_allclose(ms_ssim(changed, references), expected, rtol=1e-7)


def test_equal_pictures_score_exactly_one():
    for dtype in (torch.float32, torch.float64):
        images = noisy(pictures(3, 64), 0.1).to(dtype)
        assert (ms_ssim(images, images) == 1).all()
        constant = torch.full((1, 1, 20, 20), 0.3, dtype=dtype)
        assert (ms_ssim(constant, constant) == 1).all()


def test_is_symmetric_and_falls_with_noise():
    images = pictures(2, 64)
    scores = []
    for deviation in (0.01, 0.05, 0.1, 0.3):
        changed = noisy(images, deviation)
        scores.append(ms_ssim(changed, images))
        torch.testing.assert_close(scores[-1], ms_ssim(images, changed))
    scores = torch.stack(scores)
    assert (scores[1:] < scores[:-1]).all()
    assert (scores > 0).all()
    assert (scores < 1).all()


def test_one_reference_for_all_and_single_precision():
    images = pictures(1, 180)
    changed = torch.cat([noisy(images, deviation) for deviation in (0.05, 0.1, 0.2)])
    together = ms_ssim(changed, images)
    torch.testing.assert_close(together, ms_ssim(changed, images.expand_as(changed)))
    for one, score in zip(changed, together, strict=True):
        torch.testing.assert_close(ms_ssim(one[None], images)[0], score)
    single = ms_ssim(changed.float(), images.float())
    assert single.dtype == torch.float32
    np.testing.assert_allclose(single, together, atol=2e-5)


def test_anticorrelated_pictures_score_zero():
    images = noisy(pictures(1, 64), 0.2)
    score = ms_ssim(1 - images, images)
    assert score.item() == 0
    assert not math.isnan(score.item())


def test_scales():
    assert [scales_for(side, 300) for side in (10, 11, 21, 22, 43, 44, 88, 175, 176, 4000)] == [
        0, 1, 1, 2, 2, 3, 4, 4, 5, 5,
    ]  # fmt: skip


def test_bad_input():
    images = torch.rand(2, 3, 16, 16)
    with pytest.raises(ValueError, match="too small for SSIM"):
        ms_ssim(images[..., :10], images[..., :10])
    with pytest.raises(ValueError, match="do not match"):
        ms_ssim(images, torch.rand(3, 3, 16, 16))
    with pytest.raises(ValueError, match="do not match"):
        ms_ssim(images, images[:, :1])
    with pytest.raises(ValueError, match="must have shape"):
        ms_ssim(images[0], images[0])
