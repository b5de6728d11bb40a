"""Insertion score: how fast the class probability rises as the most salient pixels are revealed."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from saliency_audit.attributions.arguments import asked
from saliency_audit.attributions.called import Model
from saliency_audit.attributions.pixel_curves import pixel_curves, unchanged
from saliency_audit.attributions.targets import Targets
from saliency_audit.errors import is_whole

BLUR_KERNEL = 11
BLUR_SIGMA = 5.0


@dataclass(frozen=True)
class InsertionScore:
    """Insertion scores of N maps.

    Attributes:
        probability: `(N,)` area under the curve of the class probability, in [0, 1].
        ratio: `(N,)` the same area divided by the probability of the original image, ≥ 0; NaN where
            that probability is 0.
        curves: `(N, steps+1)` class probability after each step.
        fractions: `(steps+1,)` share of pixels revealed, from 0 to 1.
    """

    probability: Tensor
    ratio: Tensor
    curves: Tensor
    fractions: Tensor


def insertion_score(
    model: Model,
    images: Tensor,
    saliency: Tensor,
    targets: Targets = None,
    *,
    seeds: list[int] | None = None,
    pixels_per_step: int | None = None,
    batch_size: int | str = "auto",
    check_range: bool = True,
) -> InsertionScore:
    """Insertion score with probability and with probability ratio. Higher is better.

    The picture starts blurred, by a Gaussian of 11×11 taps and σ = 5 pixels. These are the sizes
    that RISE uses; here the kernel is truncated at 11 taps and mirrored at the border (RISE's own
    is flatter, with a black border). The IDGI study does not state its blur. The pixels are then
    replaced by the original ones, all channels at once, in order of decreasing saliency,
    `pixels_per_step` at a time. The original IDGI work reveals 224 pixels, one row of its pictures,
    per step; the default here is one row of the given images, hence H steps and H+1 evaluations.
    The score is the area under the softmax probability of the target class against the share of
    revealed pixels (trapezoid rule); the ratio variant divides it by the probability of the
    original image. Pixels of equal saliency come in a random order fixed by the image's seed, so
    that ties favour no part of the picture.

    Args:
        model: maps `(N, C, H, W)` to logits; used in evaluation mode.
        images: `(N, C, H, W)` in [0, 1], unless `check_range` is off.
        saliency: `(N, H, W)`, any scale; only its order counts.
        targets: `(N,)` class indices, or any form of `Targets`; None for the predicted classes.
        seeds: one seed per image for the order of ties; 0…N-1 if not given.
        pixels_per_step: pixels revealed per step; W if not given.
        batch_size: pictures per forward pass; "auto" takes a size that suits the device.
        check_range: whether images outside [0, 1] are refused; without, any finite numbers are
            taken as they are.

    Returns:
        `InsertionScore`.

    Raises:
        ValueError: malformed images, targets, saliency or model output (NaN included), images too
            small to blur, or a number of pixels or pictures below 1.

    Source: IDGI study §4.2 (Table 1); Petsiuk et al. 2018 (curve, blur); Pan et al. 2021 (ratio).
    """
    with asked(
        model, images, targets, check_range=check_range, batch_size=batch_size, name="images"
    ) as call:
        curves, fractions = pixel_curves(
            call,
            saliency,
            before=blur,
            after=unchanged,
            stops=stops_every(pixels_per_step),
            seeds=seeds,
            batch_size=batch_size,
        )
    area, ratio = areas(curves, fractions, whole=curves[:, -1])
    return InsertionScore(area, ratio, curves, fractions)


def stops_every(pixels_per_step: int | None) -> Callable[[int, int], Tensor]:
    """Height and width -> how many pixels are replaced at each stop of a walk; W each time if None.

    Raises:
        ValueError: on the call, a number of pixels that the picture does not have.
    """

    def stops(height: int, width: int) -> Tensor:
        step = width if pixels_per_step is None else pixels_per_step
        if not is_whole(step) or not 1 <= step <= height * width:
            raise ValueError(
                f"pixels_per_step must be a whole number in 1..{height * width}, got {step!r}"
            )
        return torch.arange(0, height * width + step, step).clamp(max=height * width)

    return stops


def areas(curves: Tensor, fractions: Tensor, whole: Tensor) -> tuple[Tensor, Tensor]:
    """Area under each curve (trapezoid rule), and that area divided by `whole`: `(N,)` twice.

    Args:
        curves: `(N, steps+1)`.
        fractions: `(steps+1,)`.
        whole: `(N,)` probability of the original image; where it is 0 the ratio is NaN.
    """
    area = torch.trapezoid(curves, fractions, dim=1)
    return area, torch.where(whole > 0, area / whole, torch.nan)


def blur(images: Tensor) -> Tensor:
    """Gaussian blur with 11×11 taps and σ = 5 pixels, mirrored at the border: `(N, C, H, W)`."""
    margin = BLUR_KERNEL // 2
    if min(images.shape[2:]) <= margin:
        raise ValueError(
            f"images of {images.shape[2]}×{images.shape[3]} pixels are too small for the "
            f"{BLUR_KERNEL}-tap blur; at least {margin + 1} pixels per side are needed"
        )
    offsets = torch.arange(BLUR_KERNEL, dtype=images.dtype, device=images.device) - margin
    taps = torch.exp(-0.5 * (offsets / BLUR_SIGMA) ** 2)
    taps = taps / taps.sum()
    channels = images.shape[1]
    padded = F.pad(images, (margin,) * 4, mode="reflect")
    rows = F.conv2d(padded, taps.reshape(1, 1, 1, -1).expand(channels, 1, 1, -1), groups=channels)
    return F.conv2d(rows, taps.reshape(1, 1, -1, 1).expand(channels, 1, -1, 1), groups=channels)
