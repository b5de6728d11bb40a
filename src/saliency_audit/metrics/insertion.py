"""Insertion score: how fast the class probability rises as the most salient pixels are revealed."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saliency_audit.attributions.engine import frozen, halving_on_oom, score
from saliency_audit.attributions.scores import validate_inputs, validate_saliency
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


@torch.no_grad()
def insertion_score(
    model: nn.Module,
    images: Tensor,
    saliency: Tensor,
    targets: Tensor,
    *,
    seeds: list[int] | None = None,
    pixels_per_step: int | None = None,
    batch_size: int | str = "auto",
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
        model: maps `(N, C, H, W)` in [0, 1] to logits; used in evaluation mode.
        images: `(N, C, H, W)` in [0, 1].
        saliency: `(N, H, W)`, any scale; only its order counts.
        targets: `(N,)` int64 class indices.
        seeds: one seed per image for the order of ties; 0…N-1 if not given.
        pixels_per_step: pixels revealed per step; W if not given.
        batch_size: pictures per forward pass; "auto" takes a size that suits the device.

    Returns:
        `InsertionScore`.

    Raises:
        ValueError: malformed images, targets, saliency or model output (NaN included), images too
            small to blur, or a number of pixels or pictures below 1.

    Source: IDGI study §4.2 (Table 1); Petsiuk et al. 2018 (curve, blur); Pan et al. 2021 (ratio).
    """
    validate_inputs(images, targets)
    saliency = validate_saliency(images, saliency)
    count, _, height, width = images.shape
    step = width if pixels_per_step is None else pixels_per_step
    if not 1 <= step <= height * width:
        raise ValueError(f"pixels_per_step must lie in 1..{height * width}, got {step}")
    revealed = torch.arange(0, height * width + step, step).clamp(max=height * width)
    fractions = revealed.double() / (height * width)
    if count == 0:
        nothing = torch.zeros(0, dtype=torch.float64)
        return InsertionScore(nothing, nothing, nothing.reshape(0, len(revealed)), fractions)
    ranks = reveal_order(saliency, list(range(count)) if seeds is None else seeds)
    blurred = blur(images)
    shares = revealed.to(images.device)
    pairs = torch.cartesian_prod(
        torch.arange(count, device=images.device), torch.arange(len(shares), device=images.device)
    )

    def run(size: int) -> Tensor:
        scores = []
        for picture, position in (chunk.T for chunk in pairs.split(size)):
            shown = ranks[picture] < shares[position][:, None, None]
            pictures = torch.where(shown[:, None], images[picture], blurred[picture])
            scores.append(score(model, pictures, targets[picture], "probability"))
        return torch.cat(scores)

    with frozen(model, images):
        scores = halving_on_oom(run, batch_size, images, gradients=False)
    curves = scores.reshape(count, len(revealed)).double().cpu()
    area = torch.trapezoid(curves, fractions, dim=1)
    whole = curves[:, -1]
    ratio = torch.where(whole > 0, area / whole, torch.nan)
    return InsertionScore(area, ratio, curves, fractions)


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
