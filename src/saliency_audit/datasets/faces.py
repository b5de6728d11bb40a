"""Photographs of real faces, and sets of them beside manipulated ones: 0 is forged, 1 is real."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from saliency_audit.datasets.images import Images, image_seed, missing, read_picture
from saliency_audit.datasets.standins import FAMILIES, FacePlace

# What class indices mean in every set of faces: as for MesoNet's published weights.
FORGED, REAL = 0, 1
SIDE = 256
SMALL_SIDE = 64
# Drawings among the photographs of Caltech-101.
DRAWINGS = ("image_0389.jpg", "image_0391.jpg", "image_0392.jpg")
# Consecutive photographs show one person; with this one begins a person, and the validation part.
FIRST_OF_VALIDATION = "image_0326.jpg"
CALTECH_FILES = 435
# Where scikit-image's frontal-face cascade finds the faces of every sixth photograph: boxes of
# (0.70 ± 0.03) of the side around (0.49 ± 0.03, 0.55 ± 0.03).
CALTECH_PLACE = FacePlace(0.49, 0.55)
# scikit-image's subset of Labeled Faces in the Wild: faces first, then pictures without any. They
# are cropped closely.
SMALL_FACES, SMALL_TRAINING = 100, 60
SMALL_PLACE = FacePlace(across=0.36, down=0.44)

# AT&T's persons are numbered, ten pictures each; the first 30 persons are for training. Faces fill
# the square in the middle of a picture.
ATT_PERSONS, ATT_PICTURES, ATT_TRAINING = 40, 10, 30
ATT_PLACE = FacePlace(0.49, 0.52, 0.36, 0.46)


@dataclass(frozen=True)
class Faces:
    """Real faces.

    Attributes:
        names: one per picture.
        read: index -> `(3, H, W)` in [0, 1].
        place: where the faces are in the pictures.
    """

    names: tuple[str, ...]
    read: Callable[[int], Tensor]
    place: FacePlace


def caltech_faces(
    name: str, folder: Path, how_to_get: str, *, training: bool | None = None, side: int = SIDE
) -> Faces:
    """The photographs of Caltech-101's `Faces_easy`, without the three drawings.

    Persons are not named, but their pictures are consecutive: the training part is the persons of
    the first 325, the validation part those of the others.

    Args:
        name: of the image set, for messages.
        folder: holds the photographs.
        how_to_get: instructions for the message if one is missing.
        training: which part; both if None.
        side: pixels per side.

    Raises:
        MissingDataError: no such folder, or another number of photographs.
    """
    files = sorted(path for path in folder.glob("*.jpg")) if folder.is_dir() else []
    if len(files) != CALTECH_FILES:
        what = f"{len(files)} photographs in {folder}, {CALTECH_FILES} are needed"
        raise missing(name, how_to_get, what)
    kept = [
        path
        for path in files
        if path.name not in DRAWINGS
        and (training is None or (path.name < FIRST_OF_VALIDATION) == training)
    ]
    return Faces(
        tuple(path.name for path in kept),
        lambda index: read_picture(kept[index], side),
        CALTECH_PLACE,
    )


def att_faces(name: str, folder: Path, how_to_get: str, *, training: bool | None = None) -> Faces:
    """The pictures of the AT&T Database of Faces: grey, 92 × 112, their middle on 64 × 64.

    The training part is persons 1 to 30, the validation part persons 31 to 40.

    Args:
        name: of the image set, for messages.
        folder: holds a folder per person.
        how_to_get: instructions for the message if a picture is missing.
        training: which part; both if None.

    Raises:
        MissingDataError: no such folder, or one without all pictures.
    """
    numbers = range(1, ATT_PERSONS + 1)
    if training is not None:
        first, last = (1, ATT_TRAINING) if training else (ATT_TRAINING + 1, ATT_PERSONS)
        numbers = range(first, last + 1)
    files = [
        folder / f"s{person}" / f"{picture}.pgm"
        for person in numbers
        for picture in range(1, ATT_PICTURES + 1)
    ]
    if lacking := [path for path in files if not path.is_file()]:
        what = f"{len(lacking)} of {len(files)} pictures are missing, {lacking[0]} the first"
        raise missing(name, how_to_get, what)
    return Faces(
        tuple(f"{path.parent.name}/{path.name}" for path in files),
        lambda index: read_picture(files[index], SMALL_SIDE),
        ATT_PLACE,
    )


def small_faces(*, training: bool) -> Faces:
    """Faces that come with scikit-image: grey, 25 × 25, enlarged to 64 × 64.

    One photograph per face; persons are not named. The first 60 are for training, 40 are left.
    """
    numbers = range(SMALL_TRAINING) if training else range(SMALL_TRAINING, SMALL_FACES)
    return Faces(
        tuple(f"face-{number}" for number in numbers),
        lambda index: _small_pictures()[numbers[index]],
        SMALL_PLACE,
    )


@cache
def _small_pictures() -> Tensor:
    from skimage.data import lfw_subset  # slow to import

    grey = torch.from_numpy(lfw_subset()[:SMALL_FACES]).float()[:, None]
    size = (SMALL_SIDE, SMALL_SIDE)
    large = F.interpolate(grey, size, mode="bicubic", align_corners=False).clamp(0, 1)
    return ((large * 255).round() / 255).expand(-1, 3, -1, -1)


def real_faces(name: str, faces: Faces) -> Images:
    """Only real faces, all of class 1."""
    return Images(name, faces.names, (REAL,) * len(faces.names), faces.read)


def standin_faces(name: str, faces: Faces, family: str, seed: int = 0) -> Images:
    """Each face twice: as it is, and manipulated. Regions are the pixels that are new.

    What is drawn for a picture depends on the seed, its number and nothing else.

    Args:
        name: of the image set.
        faces: real ones.
        family: of `FAMILIES`.
        seed: of what differs between pictures.
    """
    forge = FAMILIES[family]

    def forged(index: int) -> tuple[Tensor, Tensor]:
        generator = torch.Generator().manual_seed(image_seed(seed, index))
        pictures, masks = forge(faces.read(index)[None], generator, faces.place)
        return pictures[0], masks[0]

    def read(index: int) -> Tensor:
        face, is_forged = divmod(index, 2)
        return forged(face)[0] if is_forged else faces.read(face)

    def region(index: int) -> Tensor:
        face, is_forged = divmod(index, 2)
        mask = forged(face)[1]
        return mask if is_forged else torch.zeros_like(mask)

    return Images(
        name=name,
        names=tuple(f"{face}/{kind}" for face in faces.names for kind in ("real", family)),
        labels=(REAL, FORGED) * len(faces.names),
        read=read,
        region=region,
    )


def read_all(images: Images, numbers: Sequence[int] | None = None) -> tuple[Tensor, Tensor]:
    """Pictures and labels of a whole set, or of some of its images, for a training."""
    chosen = range(len(images)) if numbers is None else numbers
    pictures = torch.stack([images.read(index) for index in chosen])
    return pictures, torch.tensor([images.labels[index] for index in chosen])
