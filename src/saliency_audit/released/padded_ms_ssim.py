"""MS-SSIM as pytorch_msssim 1.0 computes it, which the IDGI study's code calls."""

import torch
from torch import Tensor
from torch.nn import functional as F

from saliency_audit.metrics.ms_ssim import (
    CONTRAST_CONSTANT,
    LUMINANCE_CONSTANT,
    SCALE_WEIGHTS,
    SIGMA,
    WINDOW,
)

#: A picture must have this many pixels a side for five scales.
SMALLEST = (WINDOW - 1) * 2 ** (len(SCALE_WEIGHTS) - 1) + 1


@torch.no_grad()
def padded_ms_ssim(pictures: Tensor, reference: Tensor) -> Tensor:
    """MS-SSIM at five scales; where a side is odd, a row of zeros is added before it is halved.

    `metrics.ms_ssim` drops the odd row instead, and rounds differently (by 5e-6 at most, seen).

    Args:
        pictures: `(P, C, H, W)` in [0, 1].
        reference: `(C, H, W)`.

    Returns:
        `(P,)` in [0, 1].

    Raises:
        ValueError: fewer than 161 pixels a side.
    """
    if min(pictures.shape[2:]) < SMALLEST:
        raise ValueError(
            f"five scales need pictures of at least {SMALLEST} pixels a side, got "
            f"{tuple(pictures.shape[2:])}"
        )
    first, second = pictures, reference.expand_as(pictures)
    factors: list[Tensor] = []
    for weight in SCALE_WEIGHTS:
        structure, luminance = _similarities(first, second)
        last = len(factors) == len(SCALE_WEIGHTS) - 1
        found = (luminance * structure if last else structure).flatten(2).mean(dim=2)
        factors.append(found.clamp(min=0) ** weight)
        odd = [side % 2 for side in first.shape[2:]]
        first, second = (F.avg_pool2d(part, 2, padding=odd) for part in (first, second))
    return torch.stack(factors).prod(dim=0).mean(dim=1)


def _similarities(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Contrast and structure, and luminance, of each window."""
    mean, other = _window_mean(first), _window_mean(second)
    variance = _window_mean(first * first) - mean**2
    other_variance = _window_mean(second * second) - other**2
    covariance = _window_mean(first * second) - mean * other
    structure = (2 * covariance + CONTRAST_CONSTANT) / (
        variance + other_variance + CONTRAST_CONSTANT
    )
    luminance = (2 * mean * other + LUMINANCE_CONSTANT) / (mean**2 + other**2 + LUMINANCE_CONSTANT)
    return structure, luminance


def _window_mean(planes: Tensor) -> Tensor:
    """Gaussian-weighted mean where the window fits, along the height first."""
    offsets = torch.arange(WINDOW, dtype=planes.dtype, device=planes.device) - WINDOW // 2
    taps = torch.exp(-(offsets**2) / (2 * SIGMA**2))
    taps = (taps / taps.sum()).expand(planes.shape[1], 1, 1, -1)
    columns = F.conv2d(planes, taps.mT, groups=planes.shape[1])
    return F.conv2d(columns, taps, groups=planes.shape[1])
