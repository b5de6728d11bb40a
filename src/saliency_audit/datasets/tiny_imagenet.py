"""Tiny ImageNet in its official layout, with one bounding box per picture."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from saliency_audit.datasets.boxes import covered
from saliency_audit.datasets.images import Images, missing, read_scaled
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
        file: path of the picture below the set's folder.
        label: class index among the 1,000 of ILSVRC-2012.
        box: left, top, right, bottom: pixels of the 64×64 picture, all of them inside the box.
    """

    file: str
    label: int
    box: tuple[int, int, int, int]


def open_tiny_imagenet(name: str, folder: Path, how_to_get: str, side: int = SIDE) -> Images:
    """Open the validation set: `images/<file>`, labels and boxes from `val_annotations.txt`.

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

    def annotation(fields: list[str]) -> Annotation:
        file, wnid, *corners = fields
        if wnid not in IMAGENET_INDEX:
            raise ValueError("no class of the 200")
        return Annotation(f"images/{file}", IMAGENET_INDEX[wnid], _box(corners))

    annotations = _annotations(name, path, 6, annotation, how_to_get)
    there = {f"images/{entry.name}" for entry in (folder / "images").glob("*")}
    absent = sum(entry.file not in there for entry in annotations)
    if absent or not annotations:
        what = f"{absent} of {len(annotations)} pictures are not in {folder / 'images'}"
        raise missing(name, how_to_get, what)
    return _boxed_images(name, folder, annotations, side)


def open_tiny_imagenet_train(name: str, folder: Path, how_to_get: str, side: int = SIDE) -> Images:
    """Open the training set: `<wnid>/images/<file>`, boxes from `<wnid>/<wnid>_boxes.txt`.

    Pictures that are annotated but not there are left out, since copies with fewer than 500 of a
    class keep the whole list. Labels, sizes and regions are as in `open_tiny_imagenet`.

    Args:
        name: the set's name.
        folder: `tiny-imagenet-200/train`.
        how_to_get: instructions for the message if something is missing.
        side: pixels per side.

    Raises:
        MissingDataError: a class has no list of boxes or no picture, or a line is malformed.
    """
    annotations: list[Annotation] = []
    for wnid, label in IMAGENET_INDEX.items():

        def annotation(fields: list[str], wnid: str = wnid, label: int = label) -> Annotation:
            file, *corners = fields
            return Annotation(f"{wnid}/images/{file}", label, _box(corners))

        path = folder / wnid / f"{wnid}_boxes.txt"
        listed = _annotations(name, path, 5, annotation, how_to_get)
        there = {f"{wnid}/images/{file.name}" for file in (folder / wnid / "images").glob("*")}
        found = [entry for entry in listed if entry.file in there]
        if not found:
            what = f"no picture of {path} is in {folder / wnid / 'images'}"
            raise missing(name, how_to_get, what)
        annotations += found
    return _boxed_images(name, folder, annotations, side)


def _annotations(
    name: str,
    path: Path,
    columns: int,
    annotation: Callable[[list[str]], Annotation],
    how_to_get: str,
) -> list[Annotation]:
    """The entries of a file with so many columns, which are separated by tabs."""
    if not path.is_file():
        raise missing(name, how_to_get, f"there is no {path}")
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        fields = line.split("\t")
        try:
            if len(fields) != columns:
                raise ValueError(f"{columns} columns expected")
            found.append(annotation(fields))
        except ValueError as error:
            what = f"{path} is damaged: {error} in {line!r}"
            raise missing(name, how_to_get, what) from None
    return found


def _box(corners: list[str]) -> tuple[int, int, int, int]:
    if not all(corner.isdecimal() for corner in corners):
        raise ValueError("no box of whole numbers")
    left, top, right, bottom = (int(corner) for corner in corners)
    if not (left <= right < STORED_SIDE and top <= bottom < STORED_SIDE):
        raise ValueError("the box ends before it starts or outside the picture")
    return left, top, right, bottom


def _boxed_images(name: str, folder: Path, annotations: Sequence[Annotation], side: int) -> Images:
    return Images(
        name=name,
        names=tuple(entry.file for entry in annotations),
        labels=tuple(entry.label for entry in annotations),
        read=lambda index: read_scaled(folder / annotations[index].file, side),
        region=lambda index: filled_box(annotations[index].box, side),
    )


def filled_box(box: tuple[int, int, int, int], side: int) -> Tensor:
    """`(side, side)` bool: the pixels that the scaled box covers; see `boxes.covered`.

    Args:
        box: left, top, right, bottom: pixels of the 64×64 picture, all of them inside the box.
        side: pixels per side of the scaled picture.
    """
    left, top, right, bottom = box
    step = STORED_SIDE / side
    stored = (torch.arange(side) + 0.5) * STORED_SIDE / side
    rows = covered(stored, top, bottom + 1, step)
    return rows[:, None] & covered(stored, left, right + 1, step)[None, :]
