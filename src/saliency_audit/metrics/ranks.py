"""Ranks of the values of many maps at once, and what such maps must be."""

import numpy as np
import torch
from torch import Tensor

from saliency_audit.attributions.precision import where_float64_is
from saliency_audit.attributions.rounding import is_constant

# What the two arguments of a comparison are called in messages.
PAIR = ("first maps", "second maps")


def validate_maps(maps: Tensor, axes: str, what: str = "maps") -> None:
    """Refuse maps without pixels, and anything that is not a float tensor of this shape.

    Args:
        maps: the values themselves are not examined.
        axes: a letter per dimension, the pixels last, such as "NHW".
        what: the maps in messages, in the plural.

    Raises:
        ValueError: names the cause and the remedy.
    """
    wanted = f"({', '.join(axes)})"
    if isinstance(maps, np.ndarray):
        raise ValueError(
            f"{what} must be a torch tensor {wanted}, got a numpy array; torch.from_numpy turns it "
            "into one"
        )
    if not isinstance(maps, Tensor):
        raise ValueError(
            f"{what} must be one tensor {wanted}, got {type(maps).__name__}; maps of different "
            "sizes cannot be compared: scale them to one size and stack them"
        )
    if maps.ndim != len(axes) or not maps.is_floating_point():
        raise ValueError(
            f"{what} must be floats of shape {wanted}, got {maps.dtype} {tuple(maps.shape)}"
            f"{_remedy(maps, axes)}"
        )
    if 0 in maps.shape[-2:]:
        raise ValueError(f"{what} have no pixels: shape {tuple(maps.shape)}")


def _remedy(maps: Tensor, axes: str) -> str:
    if maps.ndim == len(axes) - 1:
        return "; a single one is a batch of one: maps[None]"
    if axes == "NHW" and maps.ndim == 4:
        return "; reduce attributions over their channels with `saliency`"
    if maps.ndim == len(axes) and not maps.is_complex():
        return "; convert them with .float()"
    return ""


def validate_pair(
    first: Tensor, second: Tensor, axes: str = "NHW", names: tuple[str, str] = PAIR
) -> None:
    """Refuse two batches of maps that are malformed, or of two shapes.

    Raises:
        ValueError: names the cause and the remedy.
    """
    for what, maps in zip(names, (first, second), strict=True):
        validate_maps(maps, axes, what)
    if first.shape != second.shape:
        raise ValueError(
            f"{names[0]} and {names[1]} must have one shape, got {tuple(first.shape)} and "
            f"{tuple(second.shape)}; resize them to one, and pair each with another"
        )
    if first.device != second.device:
        raise ValueError(
            f"{names[0]} and {names[1]} must lie on one device, got {first.device} and "
            f"{second.device}; move one of them"
        )


def average_ranks(values: Tensor) -> Tensor:
    """Rank of every value in its row, from 1; equal values share the mean of their ranks.

    Args:
        values: `(N, D)`, finite.

    Returns:
        `(N, D)` float64.
    """
    values = where_float64_is(values)
    order = _order(values)
    ordered = values.gather(1, order)
    places = torch.arange(1, values.shape[1] + 1, device=values.device).double()
    places = places.repeat(len(values), 1)
    tied = (ordered[:, 1:] == ordered[:, :-1]).any(dim=1)
    if tied.any():
        places[tied] = _shared_places(ordered[tied])
    return torch.empty_like(places).scatter_(1, order, places)


def _shared_places(ordered: Tensor) -> Tensor:
    """Places in sorted rows, from 1; a run of equal values shares its mean place."""
    starts = torch.ones_like(ordered, dtype=torch.bool)
    starts[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    first = starts.flatten().nonzero().squeeze(1)
    lengths = first.diff(append=first.new_tensor([ordered.numel()]))
    middle = first % ordered.shape[1] + (lengths + 1).double() / 2
    return middle.repeat_interleave(lengths, output_size=ordered.numel()).view_as(ordered)


def _order(values: Tensor) -> Tensor:
    """Positions that sort every row; on a CPU with numpy, which is many times faster than torch."""
    if values.device.type != "cpu":
        return values.argsort(dim=1)
    plain = values.detach()
    if plain.dtype == torch.float64:
        return torch.from_numpy(np.argsort(plain.numpy(), axis=1))
    # Sorting integers is several times faster than sorting positions: the upper half of each holds
    # the value, its bits arranged to increase with it (+ 0 merges the two zeros), the lower half
    # its position.
    bits = (plain.float().numpy() + np.float32(0)).view(np.int32)
    keys = (bits ^ ((bits >> 31) & 0x7FFFFFFF)).astype(np.int64)
    keys <<= 32
    keys |= np.arange(values.shape[1])
    keys.sort(axis=1)
    keys &= 0xFFFFFFFF
    return torch.from_numpy(keys)


def normalised_ranks(values: Tensor) -> Tensor:
    """Ranks of each row minus their mean, divided by their norm; NaN where `is_constant`.

    The scalar product of two such rows is their Spearman correlation.

    Args:
        values: `(N, D)`, finite.

    Returns:
        `(N, D)` float64.
    """
    values = where_float64_is(values)
    centred = average_ranks(values) - (values.shape[1] + 1) / 2
    lengths = torch.linalg.vector_norm(centred, dim=1, keepdim=True)
    return centred / lengths.where(~is_constant(values)[:, None], torch.nan)
