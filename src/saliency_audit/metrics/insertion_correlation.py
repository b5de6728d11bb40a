"""Insertion correlation: does the saliency of pixels predict how much their return matters?"""

import torch
from torch import Tensor

from saliency_audit.attributions.arguments import asked
from saliency_audit.attributions.called import Model
from saliency_audit.attributions.pixel_curves import (
    equal_stops,
    pixel_curves,
    reveal_order,
    unchanged,
)
from saliency_audit.attributions.precision import in_double
from saliency_audit.attributions.rounding import is_constant
from saliency_audit.attributions.scores import validate_saliency
from saliency_audit.attributions.targets import Targets
from saliency_audit.errors import is_whole, shown
from saliency_audit.metrics.insertion import blur
from saliency_audit.metrics.mu_fidelity import pearson


def insertion_correlation(
    model: Model,
    images: Tensor,
    saliency: Tensor,
    targets: Targets = None,
    *,
    points: int = 196,
    seeds: list[int] | None = None,
    batch_size: int | str = "auto",
    check_range: bool = True,
) -> Tensor:
    """Pearson correlation of saliency with the rise of the class probability, step by step.

    The picture starts blurred, as in `insertion_score`. At each of `points` equal steps the pixels
    with the highest saliency that are still blurred get their own values, all channels at once. The
    correlation is between the mean saliency of the pixels of a step and the change of the class
    probability in that step: unlike the insertion score, it depends on the values of the saliency
    and not on their order alone. Higher is better.

    The source replaces one cell of a coarse map at a time; for finer maps its released code takes
    14 × 14 steps and the mean saliency of each, which is the default here. Its blur is a box as
    wide as a fifth of the picture; here it is the insertion score's.

    Args:
        model: maps `(N, C, H, W)` to logits, or to one (`scores.logits`); used in evaluation mode.
        images: `(N, C, H, W)` in [0, 1], unless `check_range` is off.
        saliency: `(N, H, W)`, signed or not.
        targets: `(N,)` class indices, or any form of `Targets`; None for the predicted classes.
        points: number of steps, at least 2; as many as there are pixels if there are fewer.
        seeds: one seed per image for the order of ties; 0…N-1 if not given.
        batch_size: pictures per forward pass; "auto" takes a size that suits the device.
        check_range: whether images outside [0, 1] are refused; without, any finite numbers are
            taken as they are.

    Returns:
        `(N,)` float64 on the CPU, in [−1, 1]; NaN for a constant map, or if the probability rises
        by the same amount at all steps.

    Raises:
        ValueError: malformed images, targets, saliency or model output (NaN included), images too
            small to blur, seeds of another number, or fewer than 2 points.

    Source: Gomez et al. 2022 (IC); cited by the XMGD paper, §2.
    """
    if not is_whole(points) or points < 2:
        raise ValueError(f"points must be a whole number ≥ 2, got {shown(points)}")
    with asked(
        model, images, targets, check_range=check_range, batch_size=batch_size, name="images"
    ) as call:
        maps = validate_saliency(call.inputs, saliency)
        height, width = maps.shape[1:]
        seeds = list(range(len(maps))) if seeds is None else seeds
        stops = equal_stops(min(points, height * width))
        curves, _ = pixel_curves(
            call,
            maps,
            before=blur,
            after=unchanged,
            stops=stops,
            seeds=seeds,
            batch_size=batch_size,
        )
    if not len(maps):
        return torch.zeros(0, dtype=torch.float64)
    means = _means_of_steps(maps, reveal_order(maps, seeds), stops(height, width))
    rises = curves.diff(dim=1)
    found = torch.tensor(
        [pearson(*pair) for pair in zip(means, rises, strict=True)], dtype=torch.float64
    )
    return found.masked_fill(is_constant(maps).cpu(), torch.nan)


def _means_of_steps(maps: Tensor, ranks: Tensor, stops: Tensor) -> Tensor:
    """Mean saliency of the pixels that each step replaces: `(N, S − 1)` float64 on the CPU.

    Args:
        maps: `(N, H, W)`.
        ranks: `(N, H, W)`, the order in which pixels are replaced.
        stops: `(S,)`, how many are replaced at each stop, from 0 to all.
    """
    values, places = in_double(maps).flatten(1).cpu(), ranks.flatten(1).cpu()
    steps = torch.searchsorted(stops[1:].cpu(), places, right=True)
    sums = torch.zeros(len(maps), len(stops) - 1, dtype=torch.float64)
    return sums.scatter_add_(1, steps, values) / stops.cpu().diff()
