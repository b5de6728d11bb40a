"""Ranks of the values of many maps at once, and what such maps must be."""

import numpy as np
import torch
from torch import Tensor

from saliency_audit.attributions.precision import where_float64_is
from saliency_audit.attributions.rounding import is_constant


def validate_maps(maps: Tensor, axes: str) -> None:
    """Refuse maps without pixels, and anything that is not a float tensor of this shape.

    Args:
        maps: the values themselves are not examined.
        axes: a letter per dimension, the pixels last, such as "NHW".

    Raises:
        ValueError: names the cause.
    """
    wanted = f"({', '.join(axes)})"
    if isinstance(maps, np.ndarray):
        raise ValueError(
            f"maps must be a torch tensor {wanted}, got a numpy array; torch.from_numpy turns it "
            "into one"
        )
    if not isinstance(maps, Tensor):
        raise ValueError(
            f"maps must be one tensor {wanted}, got {type(maps).__name__}; maps of different sizes "
            "cannot be compared: scale them to one size and stack them"
        )
    if maps.ndim != len(axes) or not maps.is_floating_point():
        raise ValueError(
            f"maps must be floats of shape {wanted}, got {maps.dtype} {tuple(maps.shape)}"
        )
    if 0 in maps.shape[-2:]:
        raise ValueError(f"maps have no pixels: shape {tuple(maps.shape)}")


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
