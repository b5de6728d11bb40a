"""Places365-Standard in class folders, or as flat pictures with the official list of classes."""

from functools import partial
from pathlib import Path

from saliency_audit.datasets.folders import open_class_folders
from saliency_audit.datasets.images import Images, missing, read_picture


def open_places365(
    name: str,
    folder: Path,
    how_to_get: str,
    listed: Path | None = None,
    side: int = 224,
    class_count: int = 365,
) -> Images:
    """Open `folder/<class>/<image>`, or the pictures that a list names, right in the folder.

    Class folders in sorted order have the numbers of the official list of categories. Scenes have
    no boxes.

    Args:
        name: the set's name.
        folder: holds a folder per class, or pictures.
        how_to_get: instructions for messages.
        listed: the official list, with lines `<image> <class>`; without it the folders count.
        side: pixels per side of the pictures.
        class_count: required number of classes.

    Raises:
        MissingDataError: a picture or class is missing, or a line of the list is malformed.
    """
    if listed is None or not listed.is_file():
        return open_class_folders(name, folder, side, how_to_get, class_count)

    fault = partial(missing, name, how_to_get)
    labels: dict[str, int] = {}
    for line in listed.read_text(encoding="utf-8").splitlines():
        file, _, label = line.partition(" ")
        if not label.isdecimal():
            raise fault(f"{listed} is damaged: picture and class expected in {line!r}")
        labels[file] = int(label)
    if set(labels.values()) != set(range(class_count)):
        classes = len(set(labels.values()))
        raise fault(f"{listed} has {classes} classes, those from 0 to {class_count - 1} are needed")
    there = {path.name for path in folder.glob("*")}
    if absent := [file for file in labels if file not in there]:
        raise fault(
            f"{len(absent)} of {len(labels)} pictures of {listed} are not in {folder}, the first "
            f"is {absent[0]}"
        )
    names = tuple(labels)
    return Images(
        name=name,
        names=names,
        labels=tuple(labels.values()),
        read=lambda index: read_picture(folder / names[index], side),
    )
