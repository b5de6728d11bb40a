"""Bounding boxes of files, filled in the squares that `read_picture` makes of them."""

import math
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor

from saliency_audit.datasets.cropping import centre_crop, picture_size

# Left, top, right, bottom: edges in pixels of the file's picture, upright. Pixel i reaches from i
# to i + 1.
Box = tuple[float, float, float, float]


def filled_boxes(path: Path, boxes: Iterable[Box], side: int) -> Tensor:
    """`(side, side)` bool: the pixels of `read_picture` that one of the boxes covers.

    See `covered`. What the crop cuts off is not there.

    Args:
        path: of the picture.
        boxes: at least one. What reaches beyond the picture is ignored.
        side: pixels per side of the square.

    Raises:
        UnreadablePictureError: the file is damaged or no picture.
        ValueError: a box without area, or one wholly outside the picture.
    """
    size = width, height = picture_size(path)
    crop = centre_crop(size, side)
    columns, rows = crop.centres(size)
    found = torch.zeros(side, side, dtype=torch.bool)
    for box in boxes:
        refuse_box(box, size)
        left, top, right, bottom = box
        across = covered(columns, max(left, 0), min(right, width), width / crop.size[0])
        down = covered(rows, max(top, 0), min(bottom, height), height / crop.size[1])
        found |= down[:, None] & across[None, :]
    return found


def covered(centres: Tensor, start: float, end: float, step: float) -> Tensor:
    """The pixels of a row that an interval covers: `(side,)` bool.

    Those whose centre lies in it; if it is too narrow to hold one, the pixel in which its middle
    lies, so that no object is lost because it is small.

    Args:
        centres: of the pixels in the unit of the interval, `(side,)`.
        start: of the interval, which it includes.
        end: of the interval, which it excludes; larger.
        step: from one centre to the next.
    """
    inside = (centres >= start) & (centres < end)
    if inside.any():
        return inside
    first = float(centres[0]) - step / 2
    return torch.arange(len(centres)) == math.floor(((start + end) / 2 - first) / step)


def refuse_box(box: Box, size: tuple[int, int]) -> None:
    """Refuse a box that covers nothing of a picture.

    Args:
        box: edges.
        size: width and height of the picture.

    Raises:
        ValueError: it has no area, or lies outside the picture.
    """
    left, top, right, bottom = box
    if not (left < right and top < bottom):
        raise ValueError(f"the box {shown(box)} has no area")
    if right <= 0 or bottom <= 0 or left >= size[0] or top >= size[1]:
        raise ValueError(f"the box {shown(box)} lies outside the picture of {size[0]}×{size[1]}")


def shown(box: Box) -> str:
    """The edges in a message."""
    left, top, right, bottom = box
    return f"from ({left:g}, {top:g}) to ({right:g}, {bottom:g})"
