"""What is constant up to rounding is constant."""

import torch
from torch import Tensor

# Differences of so many units in the last place are rounding.
ROUNDING = 16


def is_constant(values: Tensor, scale: Tensor | None = None) -> Tensor:
    """Which rows hold one value up to rounding: `(N,)` bool.

    Sums and interpolations leave differences in the last digits, whose order means nothing.

    Args:
        values: `(N, …)` floats.
        scale: `(N,)`, the largest number that went into the values; their largest magnitude if not
            given.
    """
    flat = values.flatten(1)
    scale = flat.abs().amax(dim=1) if scale is None else scale
    rounding = ROUNDING * torch.finfo(values.dtype).eps if values.is_floating_point() else 0
    return flat.amax(dim=1) - flat.amin(dim=1) <= rounding * scale


def leveled(maps: Tensor) -> Tensor:
    """Maps `(N, H, W)`, of which those that are constant up to rounding are constant."""
    if not maps.numel():
        return maps
    constant = is_constant(maps)[:, None, None]
    return torch.where(constant, maps[:, :1, :1], maps) if constant.any() else maps
