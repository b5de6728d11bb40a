"""Multi-scale structural similarity, batched."""

import torch
from torch import Tensor
from torch.nn import functional as F

from saliency_audit.attributions.precision import outside_autocast
from saliency_audit.attributions.scores import validate_inputs

WINDOW = 11
SIGMA = 1.5
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
LUMINANCE_CONSTANT = 0.01**2
CONTRAST_CONSTANT = 0.03**2


def scales_for(height: int, width: int) -> int:
    """Scales possible for a picture of this size: 5 from 176 pixels per side, 0 below 11.

    Each scale halves the picture (rounded down); the window of 11 pixels must fit into the last.
    """
    side = min(height, width)
    return sum(side >> scale >= WINDOW for scale in range(len(SCALE_WEIGHTS)))


@torch.no_grad()
def ssim(pictures: Tensor, references: Tensor) -> Tensor:
    """Structural similarity at one scale, with the settings of `ms_ssim`: 1 for equal pictures.

    Args:
        pictures: `(B, C, H, W)` in [0, 1].
        references: `(B, C, H, W)`, or `(1, C, H, W)` for one reference of all pictures.

    Returns:
        `(B,)` in [−1, 1], in the pictures' number type.

    Raises:
        ValueError: shapes that do not match, pictures of fewer than 11 pixels per side, or values
            that are not floats in [0, 1].

    Source: Wang et al. 2004.
    """
    _validate(pictures, references)
    found = _ssim(_flat(pictures), _flat(references), with_luminance=True)
    return found.reshape(pictures.shape[:2]).mean(dim=1)


@torch.no_grad()
def ms_ssim(pictures: Tensor, references: Tensor) -> Tensor:
    """Multi-scale structural similarity of pictures to references; 1 if they are equal.

    Settings, all of which affect the value: values in [0, 1] (range 1, K₁ = 0.01, K₂ = 0.03); a
    Gaussian window of 11×11 taps with σ = 1.5, only where it fits entirely; 2×2 averages between
    the scales, dropping an odd last row or column; each colour channel separately, then the mean
    over channels; 0 for a scale at which the pictures are anticorrelated, hence the range [0, 1].
    The five scales have the usual weights 0.0448, 0.2856, 0.3001, 0.2363, 0.1333. Pictures of fewer
    than 176 pixels per side have fewer scales (`scales_for`), with the first weights divided by
    their sum. Values from different numbers of scales are not comparable.

    Args:
        pictures: `(B, C, H, W)` in [0, 1].
        references: `(B, C, H, W)`, or `(1, C, H, W)` for one reference of all pictures.

    Returns:
        `(B,)` in [0, 1], in the pictures' number type.

    Raises:
        ValueError: as `ssim`.

    Source: Wang et al. 2003.
    """
    scales = _validate(pictures, references)
    count, channels = pictures.shape[:2]
    weights = SCALE_WEIGHTS[:scales]
    if scales < len(SCALE_WEIGHTS):
        weights = tuple(weight / sum(weights) for weight in weights)
    first, second = _flat(pictures), _flat(references)
    similarity = torch.ones_like(first[0, :, 0, 0]).reshape(count, channels)
    for scale, weight in enumerate(weights):
        if scale > 0:
            first, second = F.avg_pool2d(first, 2), F.avg_pool2d(second, 2)
        found = _ssim(first, second, with_luminance=scale == scales - 1)
        similarity *= found.reshape(count, channels).clamp(min=0) ** weight
    return similarity.mean(dim=1)


def _validate(pictures: Tensor, references: Tensor) -> int:
    """Refuse malformed pictures; returns the number of scales that fit."""
    for name, given in (("pictures", pictures), ("references", references)):
        validate_inputs(given, name=name)
    count, _, height, width = pictures.shape
    if references.shape[0] not in (1, count) or references.shape[1:] != pictures.shape[1:]:
        raise ValueError(
            f"references of shape {tuple(references.shape)} do not match pictures of shape "
            f"{tuple(pictures.shape)}"
        )
    scales = scales_for(height, width)
    if scales == 0:
        raise ValueError(
            f"pictures of {height}×{width} pixels are too small for SSIM; its window needs "
            f"{WINDOW} pixels per side"
        )
    return scales


def _flat(pictures: Tensor) -> Tensor:
    """All planes side by side as channels of one picture, `(1, B·C, H, W)`, channels last.

    The filters then run over planes in the innermost dimension, which is many times faster on a
    CPU.
    """
    planes = pictures.reshape(1, -1, *pictures.shape[2:])
    return planes.contiguous(memory_format=torch.channels_last)


def _ssim(first: Tensor, second: Tensor, *, with_luminance: bool) -> Tensor:
    """Mean of the contrast–structure map, times luminance if asked: one number per plane."""
    repeats = (1, first.shape[1] // second.shape[1], 1, 1)
    mean_first, mean_second = _window_mean(first), _window_mean(second).repeat(repeats)
    product = mean_first * mean_second
    squares = mean_first.square() + mean_second.square()
    second_moment = _window_mean(first.square()) + _window_mean(second.square()).repeat(repeats)
    covariance = _window_mean(first * second.repeat(repeats)) - product
    ssim = (2 * covariance + CONTRAST_CONSTANT) / (second_moment - squares + CONTRAST_CONSTANT)
    if with_luminance:
        ssim = ssim * (2 * product + LUMINANCE_CONSTANT) / (squares + LUMINANCE_CONSTANT)
    return ssim.mean(dim=(0, 2, 3))


def _window_mean(planes: Tensor) -> Tensor:
    """Gaussian-weighted mean where the window fits: 10 pixels fewer per side."""
    offsets = torch.arange(WINDOW, dtype=planes.dtype, device=planes.device) - WINDOW // 2
    taps = torch.exp(-0.5 * (offsets / SIGMA) ** 2)
    taps = taps / taps.sum()
    count = planes.shape[1]
    with outside_autocast(planes.device):
        rows = F.conv2d(planes, taps.reshape(1, 1, 1, -1).expand(count, 1, 1, -1), groups=count)
        return F.conv2d(rows, taps.reshape(1, 1, -1, 1).expand(count, 1, -1, 1), groups=count)
