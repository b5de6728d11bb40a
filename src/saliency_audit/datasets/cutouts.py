"""Photographs of objects that were cut out by hand, before a background: their masks are exact."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from saliency_audit.datasets.decoding import UnreadablePictureError, opened
from saliency_audit.datasets.images import UNLABELLED, Images, missing

SIDE = 128
# The longer side of an object as a share of the picture's.
SHARE = 7 / 8
# The highest alpha, of 255, of a pixel outside the object.
THRESHOLD = 127


def open_cutouts(
    name: str, folder: Path, labels: Mapping[str, int], how_to_get: str, side: int = SIDE
) -> Images:
    """Open `folder/<file>` for each labelled file: the object in the middle, before grass.

    An object is scaled (bilinear) until its longer side is 7/8 of the picture's. The grass is
    scikit-image's grey picture of that name. Regions are where the object covers more than half of
    a pixel.

    Args:
        name: the set's name.
        folder: holds PNG files with an alpha channel.
        labels: class index by file name.
        how_to_get: instructions for the message if a file is missing.
        side: pixels per side.

    Raises:
        MissingDataError: a file is missing.
    """
    files = tuple(labels)
    if absent := [file for file in files if not (folder / file).is_file()]:
        what = (
            f"{len(absent)} of {len(files)} pictures are not in {folder}, the first is {absent[0]}"
        )
        raise missing(name, how_to_get, what)
    return Images(
        name=name,
        names=files,
        labels=tuple(labels.values()),
        read=lambda index: before_grass(folder / files[index], side)[0],
        region=lambda index: before_grass(folder / files[index], side)[1],
    )


def open_all_cutouts(name: str, folder: Path, how_to_get: str, side: int = SIDE) -> Images:
    """Open every PNG file of a folder, in the order of their names; no class is known of any.

    Arguments are those of `open_cutouts`.

    Raises:
        MissingDataError: there is no such file.
    """
    files = sorted(path.name for path in folder.glob("*.png"))
    if not files:
        raise missing(name, how_to_get, f"there is no PNG file in {folder}")
    return open_cutouts(name, folder, dict.fromkeys(files, UNLABELLED), how_to_get, side)


def before_grass(path: Path, side: int) -> tuple[Tensor, Tensor]:
    """A picture `(3, side, side)` in [0, 1] and where its object is, `(side, side)` bool.

    Raises:
        UnreadablePictureError: the file is damaged, or has no transparent or no opaque pixel.
    """
    from skimage.data import grass  # slow to import

    with opened(path) as picture:
        cutout = picture.convert("RGBA")
    inside = np.array(cutout.getchannel("A")) > THRESHOLD
    if inside.all() or not inside.any():
        raise UnreadablePictureError(
            f"{path}: the object has no outline, all is opaque or all is transparent; put a "
            "cut-out in its place, or take it out of the image set"
        )
    scale = SHARE * side / max(cutout.size)
    size = (max(1, round(cutout.width * scale)), max(1, round(cutout.height * scale)))
    left, top = (side - size[0]) // 2, (side - size[1]) // 2
    scaled = cutout.resize(size, Image.Resampling.BILINEAR)
    background = Image.fromarray(grass()).resize((side, side), Image.Resampling.BILINEAR)
    picture = background.convert("RGB")
    picture.paste(scaled.convert("RGB"), (left, top), scaled.getchannel("A"))
    opacity = Image.new("L", (side, side))
    opacity.paste(scaled.getchannel("A"), (left, top))
    region = torch.from_numpy(np.array(opacity) > THRESHOLD)
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 255, region
