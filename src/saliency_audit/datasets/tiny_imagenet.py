"""Tiny ImageNet's validation set in its official layout, with one bounding box per picture."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from saliency_audit.datasets.images import Images, MissingDataError, read_scaled
from saliency_audit.datasets.tiny_imagenet_classes import IMAGENET_INDEX

# Pixels per side on disk, and as read. Networks trained at 224 are about as accurate at 128 as at
# 224: on 400 pictures and 1,000 classes, SqueezeNet 1.0 / MobileNetV2 with the weights of the
# recorded runs reach 7 / 7 % at 64, 21 / 17 % at 128, 20 / 22 % at 160, 11 / 19 % at 224 (standard
# error 2 points). And 128 costs a third of 224.
STORED_SIDE = 64
SIDE = 128

ANNOTATIONS = "val_annotations.txt"


@dataclass(frozen=True)
class Annotation:
    """One line of the annotations.

    Attributes:
        file: name of the picture in `images/`.
        label: class index among the 1,000 of ILSVRC-2012.
        box: left, top, right, bottom: pixels of the 64×64 picture, all of them inside the box.
    """

    file: str
    label: int
    box: tuple[int, int, int, int]


def open_tiny_imagenet(name: str, folder: Path, how_to_get: str, side: int = SIDE) -> Images:
    """Open `folder/images/<file>` with labels and boxes from `folder/val_annotations.txt`.

    Labels are class indices of ILSVRC-2012, for networks trained on it. Whole pictures are
    upsampled bilinearly to `side` pixels; regions are the boxes, scaled likewise and filled.
    Corners count as inside, so that no box is empty.

    Args:
        name: the set's name.
        folder: `tiny-imagenet-200/val`.
        how_to_get: instructions for the message if something is missing.
        side: pixels per side.

    Raises:
        MissingDataError: no annotations, a malformed line, or a missing picture.
    """
    path = folder / ANNOTATIONS
    if not path.is_file():
        raise MissingDataError(f"image set {name!r}: there is no {path}. {how_to_get}")
    lines = path.read_text(encoding="utf-8").splitlines()
    try:
        annotations = [_annotation(line) for line in lines]
    except ValueError as error:
        raise MissingDataError(
            f"image set {name!r}: {path} is damaged: {error}. {how_to_get}"
        ) from None
    files = {entry.name for entry in (folder / "images").glob("*")}
    missing = [entry.file for entry in annotations if entry.file not in files]
    if missing or not annotations:
        raise MissingDataError(
            f"image set {name!r}: {len(missing)} of {len(annotations)} pictures are not in "
            f"{folder / 'images'}. {how_to_get}"
        )
    return Images(
        name=name,
        names=tuple(f"images/{entry.file}" for entry in annotations),
        labels=tuple(entry.label for entry in annotations),
        read=lambda index: read_scaled(folder / "images" / annotations[index].file, side),
        region=lambda index: filled_box(annotations[index].box, side),
    )


def _annotation(line: str) -> Annotation:
    file, wnid, *corners = line.split("\t") if line.count("\t") == 5 else ("", "")
    if wnid not in IMAGENET_INDEX or not all(corner.isdecimal() for corner in corners):
        raise ValueError(f"no picture, class and box in {line!r}")
    left, top, right, bottom = (int(corner) for corner in corners)
    if not (left <= right < STORED_SIDE and top <= bottom < STORED_SIDE):
        raise ValueError(f"the box ends before it starts or outside the picture in {line!r}")
    return Annotation(file, IMAGENET_INDEX[wnid], (left, top, right, bottom))


def filled_box(box: tuple[int, int, int, int], side: int) -> Tensor:
    """`(side, side)` bool: the pixels whose centre lies in the enlarged box.

    Args:
        box: left, top, right, bottom: pixels of the 64×64 picture, all of them inside the box.
        side: pixels per side of the enlarged picture.
    """
    left, top, right, bottom = box
    stored = (torch.arange(side) + 0.5) * STORED_SIDE / side
    columns = (stored >= left) & (stored < right + 1)
    rows = (stored >= top) & (stored < bottom + 1)
    return rows[:, None] & columns[None, :]
