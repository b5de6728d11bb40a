"""Deletion score: how fast the class probability falls as the most salient pixels are removed."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from saliency_audit.attributions.arguments import asked
from saliency_audit.attributions.called import Model
from saliency_audit.attributions.pixel_curves import pixel_curves, unchanged
from saliency_audit.attributions.targets import Targets
from saliency_audit.errors import refuse_unknown
from saliency_audit.metrics.insertion import areas, blur, stops_every


def _mean(images: Tensor) -> Tensor:
    return images.mean(dim=(2, 3), keepdim=True).expand_as(images)


ENDS: dict[str, Callable[[Tensor], Tensor]] = {
    "black": torch.zeros_like,
    "mean": _mean,
    "blurred": blur,
}


@dataclass(frozen=True)
class DeletionScore:
    """Deletion scores of N maps.

    Attributes:
        probability: `(N,)` area under the curve of the class probability, in [0, 1].
        ratio: `(N,)` the same area divided by the probability of the original image, ≥ 0; NaN where
            that probability is 0.
        curves: `(N, steps+1)` class probability after each step.
        fractions: `(steps+1,)` share of pixels removed, from 0 to 1.
    """

    probability: Tensor
    ratio: Tensor
    curves: Tensor
    fractions: Tensor


def deletion_score(
    model: Model,
    images: Tensor,
    saliency: Tensor,
    targets: Targets = None,
    *,
    end: str = "black",
    seeds: list[int] | None = None,
    pixels_per_step: int | None = None,
    batch_size: int | str = "auto",
    check_range: bool = True,
) -> DeletionScore:
    """Deletion score with probability and with probability ratio. Lower is better.

    The pixels of the picture are replaced by those of `end`, all channels at once, in order of
    decreasing saliency, `pixels_per_step` at a time: a good map names first what the class depends
    on. The score is the area under the softmax probability of the target class against the share of
    removed pixels (trapezoid rule). Steps and ties are those of `insertion_score`.

    Args:
        model: maps `(N, C, H, W)` to logits; used in evaluation mode.
        images: `(N, C, H, W)` in [0, 1], unless `check_range` is off.
        saliency: `(N, H, W)`, any scale; only its order counts.
        targets: `(N,)` class indices, or any form of `Targets`; None for the predicted classes.
        end: the picture in which the walk ends: "black", 0 on the scale of the images; "mean", each
            image's own mean per channel; "blurred", where insertion starts. The source takes 0
            after normalisation, the mean colour of ImageNet.
        seeds: one seed per image for the order of ties; 0…N-1 if not given.
        pixels_per_step: pixels removed per step; W if not given.
        batch_size: pictures per forward pass; "auto" takes a size that suits the device.
        check_range: whether images outside [0, 1] are refused; without, any finite numbers are
            taken as they are.

    Returns:
        `DeletionScore`.

    Raises:
        ValueError: malformed images, targets, saliency or model output (NaN included), an unknown
            `end`, images too small to blur, or a number of pixels or pictures below 1.

    Source: Petsiuk et al. 2018, §4.
    """
    refuse_unknown("end", end, ENDS)
    with asked(
        model, images, targets, check_range=check_range, batch_size=batch_size, name="images"
    ) as call:
        curves, fractions = pixel_curves(
            call,
            saliency,
            before=unchanged,
            after=ENDS[end],
            stops=stops_every(pixels_per_step),
            seeds=seeds,
            batch_size=batch_size,
        )
    area, ratio = areas(curves, fractions, whole=curves[:, 0])
    return DeletionScore(area, ratio, curves, fractions)
