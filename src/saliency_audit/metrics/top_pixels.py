"""The most salient pixels of a map: which they are, where they lie, and in how many pieces."""

import math

import torch
from scipy import ndimage
from torch import Tensor

from saliency_audit.attributions.members import refuse_endless
from saliency_audit.attributions.rounding import is_constant
from saliency_audit.errors import refuse_non_numbers, refuse_non_tensor, refuse_number
from saliency_audit.metrics.localisation import NEIGHBOURS


def top_pixels(saliency: Tensor, share: float) -> Tensor:
    """The given share of the pixels with the largest values.

    Every image gets the same number of pixels: the share of H·W, rounded, at least one. Of equal
    values at the cut, the first in reading order are taken, row by row from the top. In a constant
    map no pixel is marked.

    Args:
        saliency: `(N, H, W)`, larger = more relevant.
        share: in (0, 1].

    Returns:
        `(N, H, W)` bool on the CPU.

    Raises:
        ValueError: a share outside (0, 1], maps of another shape, or with NaN or infinity.

    Source: GGIG paper, Figures 1 (5 %) and 9 (10 %), which do not say how ties are resolved.
    """
    refuse_number("share", share, "share or all")
    refuse_non_numbers("saliency", saliency)
    if saliency.ndim != 3 or 0 in saliency.shape[1:]:
        raise ValueError(
            f"saliency must have shape (N, H, W), got {tuple(saliency.shape)}; reduce attribution "
            "maps over channels first"
        )
    refuse_endless(saliency, "saliency maps")
    values = saliency.detach().cpu().flatten(1)
    # Halves are rounded up.
    count = max(1, math.floor(share * values.shape[1] + 0.5))
    first = values.argsort(dim=1, descending=True, stable=True)[:, :count]
    differ = ~is_constant(values)
    marked = torch.zeros_like(values, dtype=torch.bool)
    marked.scatter_(1, first, differ[:, None].expand_as(first))
    return marked.reshape(saliency.shape)


def share_within(pixels: Tensor, regions: Tensor) -> Tensor:
    """Share of the marked pixels that lie in the region.

    With the object's mask or box as the region this is the precision of the pixels; with the edges
    of the picture it is the share that lies on edges. Random pixels score about the region's share
    of the picture.

    Args:
        pixels: `(N, H, W)` bool, such as `top_pixels`.
        regions: `(N, H, W)` bool.

    Returns:
        `(N,)` float64 in [0, 1] on the CPU; NaN where no pixel is marked.

    Raises:
        ValueError: shapes that differ, or pixels or regions that are not bool.
    """
    for name, given in (("pixels", pixels), ("regions", regions)):
        _validate_marks(name, given)
    if pixels.shape != regions.shape:
        raise ValueError(
            f"pixels and regions must have the same shape, got {tuple(pixels.shape)} and "
            f"{tuple(regions.shape)}"
        )
    marked, inside = pixels.cpu().flatten(1), regions.cpu().flatten(1)
    return (marked & inside).sum(dim=1).double() / marked.sum(dim=1)


def connected_components(pixels: Tensor) -> Tensor:
    """Number of pieces that the marked pixels form; pixels that touch at a corner are connected.

    Of two maps with the same number of marked pixels, the one with more pieces is more scattered.

    Args:
        pixels: `(N, H, W)` bool, such as `top_pixels`.

    Returns:
        `(N,)` float64 on the CPU, from 1 to the number of pixels; NaN where none is marked.

    Raises:
        ValueError: another shape, or pixels that are not bool.
    """
    _validate_marks("pixels", pixels)
    pieces = [ndimage.label(picture, structure=NEIGHBOURS)[1] for picture in pixels.cpu().numpy()]
    found = torch.tensor(pieces, dtype=torch.float64)
    return found.where(found > 0, torch.nan)


def _validate_marks(name: str, given: Tensor) -> None:
    refuse_non_tensor(name, given)
    if given.dtype != torch.bool or given.ndim != 3:
        raise ValueError(
            f"{name} must be bool of shape (N, H, W), got {given.dtype} {tuple(given.shape)}"
        )
