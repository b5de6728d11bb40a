"""Faithfulness M_F: how soon the class is recognised as the most relevant pixels come back."""

from dataclasses import dataclass

import torch
from torch import Tensor

from saliency_audit.attributions.arguments import asked
from saliency_audit.attributions.called import Model
from saliency_audit.attributions.pixel_curves import equal_stops, pixel_curves, unchanged
from saliency_audit.attributions.relevance.background import gaussian_blurred
from saliency_audit.attributions.targets import Targets
from saliency_audit.errors import refuse_non_numbers, refuse_number


@dataclass(frozen=True)
class Faithfulness:
    """M_F of N maps.

    Attributes:
        value: `(N,)` float64 in [0, 1]; the paper prints 100 times this.
        curves: `(N, m+1)` class probability Q₀…Q_m.
    """

    value: Tensor
    curves: Tensor


def faithfulness(
    model: Model,
    images: Tensor,
    saliency: Tensor,
    targets: Targets = None,
    *,
    points: int = 32,
    blur: float = 10**0.5,
    seeds: list[int] | None = None,
    batch_size: int | str = "auto",
    check_range: bool = True,
) -> Faithfulness:
    """M_F = Σᵢ Qᵢ·Δ, i = 1…m: mean class probability while pixels come back. Higher is better.

    The picture starts blurred. The i·Δ share of the pixels with the highest scores, all channels at
    once, then have their own values (Δ = 1/m); Qᵢ is the class probability. Q₀, of the blurred
    picture, does not count, and Q_m is that of the whole picture. It differs from the insertion
    score in its blur, in few stops and in the right sum in place of the trapezoid rule.

    The paper adds "a smoothed mask with a small weight" before ranking and gives neither; here tied
    pixels come in a random order fixed by the image's seed. Its blur is not stated either; here it
    is the one of its training. A sibling of the metric in the released code has 32 stops from 0 to
    1, hence Q₀ among them and a step of 1/31, and σ = 10: `curves` serve such readings.

    Args:
        model: maps `(N, C, H, W)` in [0, 1] to logits; used in evaluation mode.
        images: `(N, C, H, W)` in [0, 1].
        saliency: `(N, H, W)`, any scale; only its order counts.
        targets: `(N,)` class indices, or any form of `Targets`; None for the predicted classes.
        points: m = 1/Δ.
        blur: σ of the Gaussian blur in pixels.
        seeds: one seed per image for the order of ties; 0…N-1 if not given.
        batch_size: pictures per forward pass; "auto" takes a size that suits the device.
        check_range: whether images outside [0, 1] are refused.

    Raises:
        ValueError: malformed images, targets, saliency or model output, or a number of points or a
            blur that is none.

    Source: DRE paper, Eq. 10 and §4.2.1.
    """
    refuse_number("points", points, "whole")
    refuse_number("blur", blur, "not negative")
    with asked(
        model, images, targets, check_range=check_range, batch_size=batch_size, name="images"
    ) as call:
        curves, _ = pixel_curves(
            call,
            saliency,
            before=lambda pictures: gaussian_blurred(pictures, blur),
            after=unchanged,
            stops=equal_stops(points),
            seeds=seeds,
            batch_size=batch_size,
        )
    return Faithfulness(curves[:, 1:].mean(dim=1), curves)


def normalised_over_methods(values: Tensor) -> Tensor:
    """Min–max normalisation of each image's values over the methods, as the paper prints M_F.

    The result is relative to the pool: leaving out a method changes the values of all others.

    Args:
        values: `(M, N)`, of M methods on N images.

    Returns:
        `(M, N)` in [0, 1]; NaN for an image on which all methods are equal.

    Raises:
        ValueError: another shape, or fewer than two methods.

    Source: DRE paper, §4.2.1.
    """
    refuse_non_numbers("values", values)
    if values.ndim != 2 or len(values) < 2:
        raise ValueError(
            f"values must be (M, N) of at least 2 methods, got {tuple(values.shape)}; stack those "
            "of all methods: torch.stack(values)"
        )
    low, high = values.amin(dim=0), values.amax(dim=0)
    return torch.where(high > low, (values - low) / (high - low), torch.nan)
