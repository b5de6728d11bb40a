"""The validation set of ILSVRC-2012 in class folders, with its official boxes (XML)."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

from torch import Tensor

from saliency_audit.datasets.boxes import Box, filled_boxes
from saliency_audit.datasets.cropping import picture_size
from saliency_audit.datasets.folders import open_class_folders
from saliency_audit.datasets.images import Images, missing


def open_imagenet_val(
    name: str,
    folder: Path,
    annotations: Path,
    how_to_get: str,
    side: int = 224,
    class_count: int = 1000,
) -> Images:
    """Open `folder/<wnid>/<image>.JPEG` with the boxes of `annotations/<image>.xml`.

    A region is the union of the boxes of the picture's class; a picture may have several. Corners
    count as inside, as where the challenge measures overlap, and are counted from 0. Without the
    folder of annotations the set has no regions, which is enough for most studies.

    Args:
        name: the set's name.
        folder: holds one folder per class, named by its WordNet ID.
        annotations: holds an XML file per picture.
        how_to_get: instructions for messages.
        side: pixels per side of the pictures.
        class_count: required number of class folders.

    Raises:
        MissingDataError: see `open_class_folders`; or annotations without a file for every picture.
    """
    images = open_class_folders(name, folder, side, how_to_get, class_count)
    if not annotations.is_dir():
        lacking = f"its boxes are not in {annotations}. {how_to_get}"
        return replace(images, regions_missing=lacking)
    there = {path.stem for path in annotations.glob("*.xml")}
    absent = sorted(file for file in images.names if Path(file).stem not in there)
    if absent:
        raise missing(
            *(name, how_to_get),
            f"boxes of {len(absent)} of {len(images)} pictures are not in {annotations}, the first "
            f"are those of {absent[0]}",
        )

    def region(index: int) -> Tensor:
        picture = folder / images.names[index]
        path = annotations / f"{picture.stem}.xml"
        try:
            return filled_boxes(picture, annotated(path, picture), side)
        except ValueError as error:
            raise missing(name, how_to_get, f"{path} is damaged: {error}") from None

    return replace(images, region=region)


def annotated(path: Path, picture: Path) -> list[Box]:
    """The boxes of the picture's class, which its folder names.

    Args:
        path: of the annotation.
        picture: of the picture.

    Raises:
        ValueError: no XML, a number that is missing or none, a picture of another size, or no
            object of the class.
    """
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError as error:
        raise ValueError(f"no XML ({error})") from None
    size = picture_size(picture)
    stated = _numbers(root.find("size"), "width", "height")
    if stated != size:
        width, height = stated
        raise ValueError(
            f"it is about a picture of {width}×{height}, {picture} has {size[0]}×{size[1]}"
        )
    boxes = list(_boxes(root, picture.parent.name))
    if not boxes:
        raise ValueError(f"it has no object of {picture.parent.name}")
    return boxes


def _boxes(root: ElementTree.Element, wnid: str) -> Iterator[Box]:
    for thing in root.iter("object"):
        if thing.findtext("name", "").strip() == wnid:
            names = ("xmin", "ymin", "xmax", "ymax")
            left, top, right, bottom = _numbers(thing.find("bndbox"), *names)
            yield left, top, right + 1, bottom + 1


def _numbers(element: ElementTree.Element | None, *names: str) -> tuple[int, ...]:
    """The whole numbers of an element's parts."""
    found = []
    for name in names:
        text = "" if element is None else element.findtext(name, "").strip()
        try:
            found.append(int(text))
        except ValueError:
            raise ValueError(f"{name} is {text!r}, no whole number") from None
    return tuple(found)
