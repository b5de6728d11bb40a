"""Similarities and distances of two maps of the same image, one number per pair.

Maps are float tensors `(N, H, W)`. A similarity is 1 for equal maps, a distance 0. A number that is
undefined, such as a rank correlation with a constant map, is NaN; the caller should count it, not
drop it.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from saliency_audit.attributions.members import refuse_endless, refuse_negative
from saliency_audit.attributions.precision import in_double, where_float64_is
from saliency_audit.attributions.rounding import is_constant
from saliency_audit.errors import is_number, refuse_number, shown
from saliency_audit.metrics.ms_ssim import ssim as picture_ssim
from saliency_audit.metrics.ranks import PAIR, normalised_ranks, validate_pair


def spearman(first: Tensor, second: Tensor) -> Tensor:
    """Rank correlation of the pixels' values; equal values share their mean rank.

    Returns:
        `(N,)` float64 in [−1, 1]; NaN where a map is constant.

    Raises:
        ValueError: shapes other than one common `(N, H, W)`, no pixels, or values that are not
            finite.
    """
    _validate(first, second)
    ranks = (normalised_ranks(maps.flatten(1)) for maps in (first, second))
    return torch.linalg.vecdot(*ranks)


def dice(first: Tensor, second: Tensor, *, level: float = 0.5) -> Tensor:
    """Sørensen–Dice coefficient of the salient regions: twice the overlap, divided by both areas.

    The region of a map consists of the pixels of at least `level` times its maximum. The MeGe/ReCo
    paper does not say how a map becomes a region.

    Args:
        first: `(N, H, W)`, ≥ 0.
        second: the same.
        level: in (0, 1].

    Returns:
        `(N,)` float64 in [0, 1]; NaN where a map is 0 everywhere and has no region.

    Raises:
        ValueError: as `spearman`; negative values; a level outside (0, 1].
    """
    _validate(first, second, negative=False)
    refuse_number("level", level, "share or all")
    regions = []
    for maps in (first, second):
        flat = maps.flatten(1)
        regions.append(flat >= level * flat.amax(dim=1, keepdim=True))
    overlap = in_double((regions[0] & regions[1]).sum(dim=1))
    areas = in_double(regions[0].sum(dim=1) + regions[1].sum(dim=1))
    empty = (first.flatten(1).amax(dim=1) == 0) | (second.flatten(1).amax(dim=1) == 0)
    return (2 * overlap / areas).masked_fill(where_float64_is(empty), torch.nan)


def weighted_jaccard(first: Tensor, second: Tensor) -> Tensor:
    """Σ min(a, b) / Σ max(a, b) over the pixels: the overlap of two maps, divided by their union.

    Args:
        first: `(N, H, W)`, ≥ 0.
        second: the same.

    Returns:
        `(N,)` float64 in [0, 1]; NaN where both maps are 0 everywhere. Independent maps do not
        score 0: absolute values of normal noise, for example, score √2 − 1 on average.

    Raises:
        ValueError: as `spearman`; negative values.

    Source: GGIG paper, Table 1.
    """
    _validate(first, second, negative=False)
    first, second = in_double(first).flatten(1), in_double(second).flatten(1)
    return torch.minimum(first, second).sum(dim=1) / torch.maximum(first, second).sum(dim=1)


def normalized_mse(first: Tensor, second: Tensor) -> Tensor:
    """‖a − b‖² / ‖b‖²: the squared error relative to the second map.

    The GGIG paper prints a "normalized (reverse)" version, where higher is better, without a
    formula; it is read here as 1 − this. The square root is scikit-image's `normalized_root_mse`.

    Returns:
        `(N,)` float64 ≥ 0; NaN where the second map is 0 everywhere.

    Raises:
        ValueError: as `spearman`.

    Source: GGIG paper, Table 1.
    """
    _validate(first, second)
    first, second = in_double(first).flatten(1), in_double(second).flatten(1)
    squares = second.square().sum(dim=1)
    return (first - second).square().sum(dim=1) / squares.where(squares > 0, torch.nan)


def ssim(first: Tensor, second: Tensor) -> Tensor:
    """Structural similarity of two maps after each is scaled to [0, 1] by its own extremes.

    Settings and smallest size as in `ms_ssim`, at one scale.

    Returns:
        `(N,)` float64 in [−1, 1]; NaN where a map is constant.

    Raises:
        ValueError: as `spearman`; maps of fewer than 11 pixels per side.
    """
    _validate(first, second)
    # Constant in their own type: more digits would show rounding as structure.
    undefined = is_constant(first) | is_constant(second)
    scaled = [min_max(in_double(maps)).nan_to_num()[:, None] for maps in (first, second)]
    return picture_ssim(*scaled).masked_fill(where_float64_is(undefined), torch.nan)


def wasserstein1(first: Tensor, second: Tensor) -> Tensor:
    """1-Wasserstein distance in pixels: the maps' |values| as distributions over the pixels.

    Each map is divided by its sum; moving all of it by one pixel costs 1. Exact, by linear
    programming (POT), for up to 64×64 pixels, because the matrix of distances has (H·W)² entries.

    Returns:
        `(N,)` float64 ≥ 0; NaN where a map is 0 everywhere.

    Raises:
        ValueError: as `spearman`; larger maps.
    """
    import ot

    _validate(first, second)
    height, width = first.shape[1:]
    if height * width > 64 * 64:
        raise ValueError(
            f"maps of {height}×{width} pixels are too large for an exact 1-Wasserstein distance; "
            "scale them to 64×64 or less"
        )
    places = np.stack(np.meshgrid(np.arange(height), np.arange(width), indexing="ij"), axis=-1)
    places = places.reshape(-1, 2).astype(np.float64)
    cost = np.linalg.norm(places[:, None] - places[None], axis=2)
    found = []
    for pair in zip(first, second, strict=True):
        masses = [maps.detach().cpu().double().abs().flatten().numpy() for maps in pair]
        if min(mass.sum() for mass in masses) == 0:
            found.append(float("nan"))
            continue
        found.append(float(ot.emd2(*(mass / mass.sum() for mass in masses), cost)))
    return torch.tensor(found, dtype=torch.float64)


def norm_distance(first: Tensor, second: Tensor, order: float = 2) -> Tensor:
    """ℓ_order norm of the difference: `(N,)` float64 ≥ 0, in the maps' unit times √pixels (ℓ2).

    Raises:
        ValueError: as `spearman`; an order that is not above 0.
    """
    _validate(first, second)
    if not is_number(order) or not order > 0:
        raise ValueError(f"order must be a number > 0, or inf, got {shown(order)}")
    return torch.linalg.vector_norm((in_double(first) - in_double(second)).flatten(1), order, dim=1)


def min_max(maps: Tensor) -> Tensor:
    """Each map scaled to [0, 1] by its extremes; NaN where it is constant up to rounding."""
    low = maps.amin(dim=(1, 2), keepdim=True)
    span = maps.amax(dim=(1, 2), keepdim=True) - low
    return (maps - low) / span.where(~is_constant(maps)[:, None, None], torch.nan)


def _validate(first: Tensor, second: Tensor, *, negative: bool = True) -> None:
    """Refuse maps that cannot be compared; negative values, too, unless they are allowed."""
    validate_pair(first, second)
    for what, maps in zip(PAIR, (first, second), strict=True):
        refuse_endless(maps, what)
        if not negative:
            refuse_negative(maps, what)


# The candidates of the MeGe/ReCo paper (Appendix F), as distances: 0 for equal maps.
DISTANCES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "spearman": lambda first, second: 1 - spearman(first, second).abs(),
    "dice": lambda first, second: 1 - dice(first, second),
    "ssim": lambda first, second: 1 - ssim(first, second),
    "wasserstein1": wasserstein1,
    "l1": lambda first, second: norm_distance(first, second, 1),
    "l2": lambda first, second: norm_distance(first, second, 2),
}
