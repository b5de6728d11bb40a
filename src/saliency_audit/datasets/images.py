"""The interface of an image set, independent of its layout on disk."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from saliency_audit.datasets.cropping import centre_crop
from saliency_audit.datasets.decoding import opened, upright_rgb
from saliency_audit.errors import AuditError


class MissingDataError(AuditError, FileNotFoundError):
    """An image set or a weight file is not here; the message says how to get it."""


def missing(name: str, how_to_get: str, what: str) -> MissingDataError:
    """The error of an image set that is not as it must be: what is wrong, and how to get it."""
    return MissingDataError(f"image set {name!r}: {what}. {how_to_get}")


# The class of a picture of which none is known.
UNLABELLED = -1


@dataclass(frozen=True)
class Images:
    """An opened image set: names and labels at once, pixels on request.

    Attributes:
        name: the set's name in the catalogue.
        names: one name per image (its path inside the set, or its number).
        labels: class index per image; `UNLABELLED` where none is known.
        read: index -> `(C, H, W)` float32 in [0, 1]; raises `UnreadablePictureError`, or another
            `OSError` that names the file, on a damaged one.
        region: index -> `(H, W)` bool, where the object is in the picture that `read` returns: its
            mask, or its bounding box filled; None where the set has neither.
        regions_missing: why there is none, and what to do, for a set that has some elsewhere.
    """

    name: str
    names: tuple[str, ...]
    labels: tuple[int, ...]
    read: Callable[[int], Tensor]
    region: Callable[[int], Tensor] | None = None
    regions_missing: str = ""

    def __len__(self) -> int:
        return len(self.names)


def only_classes(images: Images, classes: Sequence[int]) -> Images:
    """The pictures of some classes, renumbered in the order given.

    Raises:
        ValueError: a class that no picture has.
    """
    if missing := sorted(set(classes) - set(images.labels)):
        raise ValueError(f"image set {images.name!r} has no picture of classes {missing}")
    numbers = {label: number for number, label in enumerate(classes)}
    kept = [index for index, label in enumerate(images.labels) if label in numbers]
    region = images.region
    return Images(
        name=images.name,
        names=tuple(images.names[index] for index in kept),
        labels=tuple(numbers[images.labels[index]] for index in kept),
        read=lambda index: images.read(kept[index]),
        region=None if region is None else lambda index: region(kept[index]),
        regions_missing=images.regions_missing,
    )


def scaled_to(images: Images, side: int) -> Images:
    """The pictures scaled as a whole to side × side (bilinear, smoothed where that is smaller).

    Regions are left out: they would have to be scaled too.
    """

    def read(index: int) -> Tensor:
        size = (side, side)
        return F.interpolate(images.read(index)[None], size, mode="bilinear", antialias=True)[0]

    missing = "pictures of another size have no regions here."
    return replace(images, read=read, region=None, regions_missing=missing)


@dataclass(frozen=True)
class Batch:
    """Images read together; `unreadable` names the corrupt files that were left out."""

    images: Tensor
    labels: Tensor
    indices: tuple[int, ...]
    unreadable: tuple[str, ...]


def read_batch(images: Images, indices: Sequence[int]) -> Batch:
    """Read several images; a corrupt file is skipped and named, never silently replaced.

    Args:
        images: the set.
        indices: positions in the set.

    Returns:
        A `Batch` with `(N, C, H, W)` float32 images in [0, 1] and int64 labels `(N,)`.
    """
    kept: list[int] = []
    pixels: list[Tensor] = []
    unreadable: list[str] = []
    for index in indices:
        try:
            pixels.append(images.read(index))
            kept.append(index)
        except OSError:
            unreadable.append(images.names[index])
    stacked = torch.stack(pixels) if pixels else torch.empty(0, 3, 1, 1)
    labels = torch.tensor([images.labels[index] for index in kept], dtype=torch.int64)
    return Batch(stacked, labels, tuple(kept), tuple(unreadable))


def read_regions(images: Images, indices: Sequence[int]) -> Tensor:
    """Object regions of several images; for those of a `Batch`, give its `indices`.

    Args:
        images: a set with masks or boxes.
        indices: positions in the set, at least one.

    Returns:
        `(N, H, W)` bool.

    Raises:
        MissingDataError: the boxes of the set are not here, or damaged.
        OSError: a mask is damaged; unlike a picture it is not left out.
        ValueError: the set has neither masks nor boxes, or no index is given.
    """
    if images.regions_missing:
        raise MissingDataError(f"image set {images.name!r}: {images.regions_missing}")
    if images.region is None:
        raise ValueError(
            f"image set {images.name!r} has neither object masks nor boxes; take one that has, "
            "such as 'shapes'"
        )
    if not len(indices):
        raise ValueError("no index given: the size of the regions is then unknown")
    return torch.stack([images.region(index) for index in indices])


def shuffled_indices(images: Images, seed: int) -> tuple[int, ...]:
    """All positions in an order fixed by the seed; a study uses the first n."""
    return tuple(int(i) for i in np.random.default_rng(seed).permutation(len(images)))


def image_seed(study_seed: int, index: int) -> int:
    """Seed of one image; depends on the study and the image, not on batches or shards."""
    return int(np.random.SeedSequence([study_seed, index]).generate_state(1)[0])


def read_picture(path: Path, side: int) -> Tensor:
    """RGB picture in [0, 1]: shorter side scaled to side·256/224 (bilinear), centre crop.

    The picture is that of `upright_rgb`.

    Raises:
        UnreadablePictureError: the file is damaged or no picture.
        PictureError: its numbers have no known scale.
    """
    picture = _decoded(path)
    crop = centre_crop(picture.size, side)
    if crop.size != picture.size:
        picture = picture.resize(crop.size, Image.Resampling.BILINEAR)
    return _pixels(picture.crop((crop.left, crop.top, crop.left + side, crop.top + side)))


def read_scaled(path: Path, side: int) -> Tensor:
    """RGB picture in [0, 1], scaled as a whole to side × side (bilinear).

    The picture is that of `upright_rgb`.

    Raises:
        UnreadablePictureError: the file is damaged or no picture.
        PictureError: its numbers have no known scale.
    """
    return _pixels(_decoded(path).resize((side, side), Image.Resampling.BILINEAR))


def _decoded(path: Path) -> Image.Image:
    with opened(path) as picture:
        picture.load()
        return upright_rgb(picture)


def _pixels(picture: Image.Image) -> Tensor:
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 255
