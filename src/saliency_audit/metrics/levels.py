"""What a map must be before mixtures are fitted to it, and becomes: weights of its pixels."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from saliency_audit.attributions.blocks import blocks
from saliency_audit.attributions.members import refuse_endless, refuse_negative
from saliency_audit.attributions.precision import in_double
from saliency_audit.attributions.rounding import is_constant
from saliency_audit.metrics.multi_scale import MultiScale
from saliency_audit.metrics.ranks import validate_maps, validate_pair
from saliency_audit.metrics.weighted_mixture import refuse_few_points
from saliency_audit.metrics.weighted_points import IN_MEMORY
from saliency_audit.metrics.windows import WINDOWS


def validated(maps: Tensor, axes: str = "NHW", what: str = "maps", members: str = "maps") -> Tensor:
    """Maps, or sequences of them, in float64, without what has no mixture whatever the settings.

    Args:
        maps: what a user gave.
        axes: as in `validate_maps`.
        what: the maps in messages.
        members: what one of them is.

    Raises:
        ValueError: says which are malformed, negative or infinite.
    """
    validate_maps(maps, axes, what)
    values = in_double(maps.detach())
    refuse_endless(values, what, members=members)
    refuse_negative(values, what, members=members)
    return values


def validated_pair(
    first: Tensor, second: Tensor, axes: str = "NHW", members: str = "maps"
) -> tuple[Tensor, Tensor]:
    """Two batches of one shape, each `validated`."""
    names = (f"first {members}", f"second {members}")
    validate_pair(first, second, axes, names)
    one, other = (
        validated(maps, axes, what, members)
        for what, maps in zip(names, (first, second), strict=True)
    )
    return one, other


def labels_of_pairs(defined: Tensor) -> tuple[list[str], list[str]]:
    """What the members of two batches are called of which only those `(N,)` are compared."""
    places = defined.nonzero()[:, 0].tolist()
    one, other = ([f"{place} of the {which}" for place in places] for which in ("first", "second"))
    return one, other


def level_weights(maps: Tensor, side: int, settings: MultiScale) -> Tensor:
    """The weights of pixels at one level, in the shape of the maps.

    Args:
        maps: maps `(N, H, W)`, or sequences `(N, T, H, W)`.
        side: of the level's filter.
        settings: its window, and the width of copies.
    """
    smooth = filtered(maps.flatten(0, -3), side, settings.window).reshape(maps.shape)
    return pixel_weights(smooth, settings.width)


def weighted_pixels(maps: Tensor, side: int, settings: MultiScale) -> Tensor:
    """How many pixels of each map have weight at one level; arguments as in `level_weights`.

    Returns:
        `(N,)` int64; 0 where the filtered map is constant.
    """
    smooth = filtered(maps.flatten(0, -3), side, settings.window).reshape(maps.shape)
    counts = (pixel_weights(smooth, settings.width) > 0).flatten(1).sum(dim=1)
    return counts.masked_fill(is_constant(smooth), 0)


def refuse_sparse_levels(
    maps: Tensor, settings: MultiScale, labels: Sequence[object], members: str = "maps"
) -> None:
    """Refuse maps to which no mixture can be fitted at some level.

    All are examined before the first is fitted, so that one message names them all.

    Args:
        maps: maps `(N, H, W)`, or sequences `(N, T, H, W)`.
        settings: how they become mixtures.
        labels: what each is called in messages.
        members: what one of them is.

    Raises:
        ValueError: says which have fewer pixels with weight than there are components.
    """
    for side in settings.kernels:
        parts = blocks(len(maps), maps.shape[1:].numel(), IN_MEMORY, maps.device)
        counts = [weighted_pixels(maps[part], side, settings) for part in parts]
        if counts:
            refuse_few_points(
                torch.cat(counts),
                settings.components,
                f"pixels with weight at the level of side {side}",
                "fewer components or a smaller width, or leave these out",
                members=members,
                labels=labels,
            )


def filtered(maps: Tensor, side: int, window: str) -> Tensor:
    """Maps `(N, H, W)` of weighted means over side × side pixels, mirrored at the border.

    Raises:
        ValueError: maps smaller than half of a filter.
    """
    if side == 1:
        return maps
    margin = side // 2
    height, width = maps.shape[1:]
    if margin >= min(height, width):
        raise ValueError(
            f"maps of {height}×{width} pixels are too small for a kernel of side {side}; leave it "
            "out of kernels, or enlarge the maps"
        )
    padded = F.pad(maps[:, None], (margin,) * 4, mode="reflect")
    return _along(_along(padded[:, 0], 1, WINDOWS[window](side)), 2, WINDOWS[window](side))


def _along(maps: Tensor, axis: int, line: Tensor) -> Tensor:
    """Weighted means along an axis; torch's convolutions in float64 are several times slower."""
    count = maps.shape[axis] - len(line) + 1
    return sum(
        (weight * maps.narrow(axis, place, count) for place, weight in enumerate(line.tolist())),
        start=torch.zeros((), dtype=maps.dtype, device=maps.device),
    )


def pixel_weights(maps: Tensor, width: float | None) -> Tensor:
    """Maps `(N, …)` scaled to [0, 1], each as a whole, or how often a width goes into that.

    Source: XMGD §3.1.
    """
    pixels = maps.flatten(1)
    low, high = pixels.amin(dim=1, keepdim=True), pixels.amax(dim=1, keepdim=True)
    unit = ((pixels - low) / (high - low)).reshape(maps.shape)
    if width is None:
        return unit
    # A value one rounding step below a whole number of widths counts as that number.
    return (unit / width + 1e-9).floor()


def pixel_grid(height: int, width: int, like: Tensor) -> Tensor:
    """Centres of pixels on the unit square, x first: `(H·W, 2)`."""
    down = (torch.arange(height, dtype=like.dtype, device=like.device) + 0.5) / height
    right = (torch.arange(width, dtype=like.dtype, device=like.device) + 0.5) / width
    y, x = torch.meshgrid(down, right, indexing="ij")
    return torch.stack([x.flatten(), y.flatten()], dim=1)
