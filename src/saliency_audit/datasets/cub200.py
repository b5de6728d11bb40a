"""Caltech-UCSD Birds-200-2011 in its official layout, with one bounding box per picture."""

import math
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

from torch import Tensor

from saliency_audit.datasets.boxes import Box, filled_boxes
from saliency_audit.datasets.images import Images, missing, read_picture

Value = TypeVar("Value")


def open_cub200(
    name: str,
    folder: Path,
    how_to_get: str,
    *,
    training: bool,
    side: int = 224,
    class_count: int = 200,
) -> Images:
    """Open one part: `images/<file>`, and what four lists of the set say of each picture.

    The lists are `images.txt`, `image_class_labels.txt`, `train_test_split.txt` and
    `bounding_boxes.txt`. Classes are numbered from 0; the lists count from 1. A box is where its
    left and upper edge are, and how wide and high it is.

    Args:
        name: the set's name.
        folder: `CUB_200_2011`.
        how_to_get: instructions for messages.
        training: whether to open the training part or the test part.
        side: pixels per side of the pictures.
        class_count: required number of classes in the lists.

    Raises:
        MissingDataError: a list or a picture is missing, a line is malformed, the lists are about
            different pictures, or the number of classes is another.
    """
    lists = _Lists(name, folder, how_to_get)
    files = lists.read("images.txt", 1, lambda fields: fields[0])
    labels = lists.read("image_class_labels.txt", 1, lambda fields: _whole(fields[0]) - 1)
    parts = lists.read("train_test_split.txt", 1, lambda fields: _flag(fields[0]))
    boxes = lists.read("bounding_boxes.txt", 4, _box)
    for file, found in (
        ("image_class_labels.txt", labels),
        ("train_test_split.txt", parts),
        ("bounding_boxes.txt", boxes),
    ):
        if found.keys() != files.keys():
            differing = len(found.keys() ^ files.keys())
            raise lists.fault(
                f"{folder / file} and images.txt differ in the numbers of {differing} pictures"
            )
    if set(labels.values()) != set(range(class_count)):
        classes = len(set(labels.values()))
        raise lists.fault(
            f"image_class_labels.txt has {classes} classes, those from 1 to {class_count} are "
            "needed"
        )
    mine = [key for key in files if parts[key] == training]
    pictures = [folder / "images" / files[key] for key in mine]
    absent = [path for path in pictures if not path.is_file()]
    if absent or not mine:
        first = f", the first is {absent[0]}" if absent else ""
        raise lists.fault(f"{len(absent)} of {len(mine)} pictures are not there{first}")

    def region(index: int) -> Tensor:
        try:
            return filled_boxes(pictures[index], [boxes[mine[index]]], side)
        except ValueError as error:
            raise lists.fault(
                f"bounding_boxes.txt is damaged: {error} (picture {mine[index]})"
            ) from None

    return Images(
        name=name,
        names=tuple(files[key] for key in mine),
        labels=tuple(labels[key] for key in mine),
        read=lambda index: read_picture(pictures[index], side),
        region=region,
    )


class _Lists:
    """The set's lists: a line per picture, its number first, separated by blanks."""

    def __init__(self, name: str, folder: Path, how_to_get: str) -> None:
        self.folder, self.fault = folder, partial(missing, name, how_to_get)

    def read(
        self, file: str, columns: int, value: Callable[[list[str]], Value]
    ) -> Mapping[int, Value]:
        """The value of each picture, by its number."""
        path = self.folder / file
        if not path.is_file():
            raise self.fault(f"there is no {path}")
        found: dict[int, Value] = {}
        for line in path.read_text(encoding="utf-8").splitlines():
            key, *fields = line.split() or [""]
            try:
                if len(fields) != columns:
                    raise ValueError(f"{columns + 1} columns expected")
                number = _whole(key)
                if number in found:
                    raise ValueError(f"a second line of picture {number}")
                found[number] = value(fields)
            except ValueError as error:
                raise self.fault(f"{path} is damaged: {error} in {line!r}") from None
        return found


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise ValueError(f"{text!r} is no whole number")
    return int(text)


def _flag(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError(f"{text!r} is neither 0 nor 1")
    return text == "1"


def _box(fields: list[str]) -> Box:
    left, top, width, height = map(float, fields)
    if not all(map(math.isfinite, (left, top, width, height))):
        raise ValueError("no box of finite numbers")
    return left, top, left + width, top + height
