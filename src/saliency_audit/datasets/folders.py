"""Image sets in the ImageFolder layout: one folder per class."""

from collections.abc import Callable
from pathlib import Path

from torch import Tensor

from saliency_audit.datasets.images import Images, MissingDataError, missing, read_picture


def open_class_folders(
    name: str,
    folder: Path,
    side: int,
    how_to_get: str,
    class_count: int,
    read: Callable[[Path, int], Tensor] = read_picture,
) -> Images:
    """Open `folder/<class>/<image>`; classes are numbered in sorted order.

    Args:
        name: the set's name.
        folder: holds one folder per class.
        side: pixels per side of the pictures.
        how_to_get: instructions for the message if the folder is missing.
        class_count: required number of class folders: a missing one would shift the labels of all
            that follow.
        read: (file, side) -> picture; scales and crops at the centre if not given.

    Raises:
        MissingDataError: no such folder, another number of classes, or no image.
    """
    from torchvision.datasets.folder import IMG_EXTENSIONS  # slow to import

    if not folder.is_dir():
        raise MissingDataError(f"image set {name!r} is not in {folder}. {how_to_get}")
    classes = sorted(
        entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith(".")
    )
    if len(classes) != class_count:
        what = f"{len(classes)} class folders in {folder}, {class_count} are needed"
        raise missing(name, how_to_get, what)
    files = [
        (file, label)
        for label, entry in enumerate(classes)
        for file in sorted(entry.iterdir())
        if file.suffix.lower() in IMG_EXTENSIONS
    ]
    if not files:
        raise missing(name, how_to_get, f"no images below {folder}")
    return Images(
        name=name,
        names=tuple(str(file.relative_to(folder)) for file, _ in files),
        labels=tuple(label for _, label in files),
        read=lambda index: read(files[index][0], side),
    )
