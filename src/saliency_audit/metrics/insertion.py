"""Insertion score: how fast the class probability rises as the most salient pixels are revealed."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from saliency_audit.attributions.arguments import Asked, asked
from saliency_audit.attributions.called import Model
from saliency_audit.attributions.engine import halving_on_oom, score
from saliency_audit.attributions.scores import validate_saliency
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
    curves, fractions = pixel_curves(
        model,
        images,
        saliency,
        targets,
        before=blur,
        after=unchanged,
        seeds=seeds,
        pixels_per_step=pixels_per_step,
        batch_size=batch_size,
        check_range=check_range,
    )
    area, ratio = areas(curves, fractions, whole=curves[:, -1])
    return InsertionScore(area, ratio, curves, fractions)


@torch.no_grad()
def pixel_curves(
    model: Model,
    images: Tensor,
    saliency: Tensor,
    targets: Targets = None,
    *,
    before: Callable[[Tensor], Tensor],
    after: Callable[[Tensor], Tensor],
    seeds: list[int] | None,
    pixels_per_step: int | None,
    batch_size: int | str,
    check_range: bool,
) -> tuple[Tensor, Tensor]:
    """Class probability while the pixels of one picture are replaced by those of another.

    Args:
        model: as in `insertion_score`, like all that is not named here.
        images: `(N, C, H, W)`.
        saliency: `(N, H, W)`; the most salient pixels are replaced first.
        targets: `(N,)`.
        before: the images -> the pictures that the walk starts from.
        after: the images -> the pictures that it ends at.
        seeds: one per image.
        pixels_per_step: pixels replaced per step.
        batch_size: pictures per forward pass.
        check_range: whether images outside [0, 1] are refused.

    Returns:
        Curves `(N, steps+1)` and the share of pixels replaced `(steps+1,)`, from 0 to 1; float64 on
        the CPU.
    """
    with asked(model, images, targets, check_range=check_range, batch_size=batch_size) as call:
        return _replacing(call, saliency, before, after, seeds, pixels_per_step, batch_size)


def _replacing(
    call: Asked,
    saliency: Tensor,
    before: Callable[[Tensor], Tensor],
    after: Callable[[Tensor], Tensor],
    seeds: list[int] | None,
    pixels_per_step: int | None,
    batch_size: int | str,
) -> tuple[Tensor, Tensor]:
    images = call.inputs
    saliency = validate_saliency(images, saliency)
    count, _, height, width = images.shape
    step = width if pixels_per_step is None else pixels_per_step
    if not is_whole(step) or not 1 <= step <= height * width:
        raise ValueError(
            f"pixels_per_step must be a whole number in 1..{height * width}, got {step!r}"
        )
    replaced = torch.arange(0, height * width + step, step).clamp(max=height * width)
    fractions = replaced.double() / (height * width)
    if count == 0:
        return torch.zeros(0, len(replaced), dtype=torch.float64), fractions
    ranks = reveal_order(saliency, list(range(count)) if seeds is None else seeds)
    first, last = before(images), after(images)
    shares = replaced.to(images.device)
    pairs = torch.cartesian_prod(
        torch.arange(count, device=images.device), torch.arange(len(shares), device=images.device)
    )

    def run(size: int) -> Tensor:
        scores = []
        for picture, position in (chunk.T for chunk in pairs.split(size)):
            gone = ranks[picture] < shares[position][:, None, None]
            pictures = torch.where(gone[:, None], last[picture], first[picture])
            scores.append(score(call.model, pictures, call.targets[picture], "probability"))
        return torch.cat(scores)

    scores = halving_on_oom(run, batch_size, images, gradients=False)
    return scores.reshape(count, len(replaced)).double().cpu(), fractions


def areas(curves: Tensor, fractions: Tensor, whole: Tensor) -> tuple[Tensor, Tensor]:
    """Area under each curve (trapezoid rule), and that area divided by `whole`: `(N,)` twice.

    Args:
        curves: `(N, steps+1)`.
        fractions: `(steps+1,)`.
        whole: `(N,)` probability of the original image; where it is 0 the ratio is NaN.
    """
    area = torch.trapezoid(curves, fractions, dim=1)
    return area, torch.where(whole > 0, area / whole, torch.nan)


def unchanged(images: Tensor) -> Tensor:
    """The images themselves, as one end of the walk."""
    return images


def reveal_order(saliency: Tensor, seeds: list[int]) -> Tensor:
    """Rank of every pixel, 0 for the most salient; ties are ordered by the image's seed.

    Args:
        saliency: `(N, H, W)`.
        seeds: N seeds.

    Returns:
        `(N, H, W)` int64, a permutation of 0…HW-1 per image.
    """
    count, height, width = saliency.shape
    if isinstance(seeds, int | str) or not all(map(is_whole, seeds)):
        raise ValueError(f"seeds must be a list of whole numbers, one per image, got {seeds!r}")
    if len(seeds) != count:
        raise ValueError(f"{count} images need {count} seeds, got {len(seeds)}")
    shuffles = np.stack([np.random.default_rng(seed).permutation(height * width) for seed in seeds])
    shuffle = torch.from_numpy(shuffles).to(saliency.device)
    shuffled = saliency.flatten(1).gather(1, shuffle)
    order = shuffle.gather(1, shuffled.argsort(dim=1, descending=True, stable=True))
    ranks = torch.empty_like(order)
    ranks.scatter_(1, order, torch.arange(height * width, device=order.device).expand_as(order))
    return ranks.reshape(count, height, width)


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
