"""From any kind of picture that Pillow opens to 8-bit RGB, as a viewer shows it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, TiffImagePlugin, UnidentifiedImageError

from saliency_audit.errors import AuditError

# What turns a picture upright, by its EXIF orientation.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# The orientations that exchange width and height.
_ON_ITS_SIDE = (5, 6, 7, 8)
# TIFF's tag and its value for pictures in which 0 is white.
_WHITE_IS_ZERO = (TiffImagePlugin.PHOTOMETRIC_INTERPRETATION, 0)


class PictureError(AuditError, ValueError):
    """A picture whose numbers have no known scale; the message says how to store it."""


class UnreadablePictureError(AuditError, OSError):
    """A file that is no picture, or a damaged one; the message names it and what to do."""


@contextmanager
def opened(path: Path) -> Iterator[Image.Image]:
    """A picture as Pillow opens it; whatever is wrong with it is said with the name of its file.

    Raises:
        UnreadablePictureError: the file is missing, damaged or no picture.
        PictureError: see `upright_rgb`.
    """
    try:
        with Image.open(path) as picture:
            yield picture
    except PictureError as error:
        raise PictureError(f"{path}: {error}") from None
    except (AuditError, MemoryError):
        raise
    except Exception as error:  # Pillow's readers raise a dozen kinds for damaged files
        raise UnreadablePictureError(
            f"{path} cannot be read as a picture ({_cause(error)}); put a sound copy in its place, "
            "or take it out of the image set"
        ) from error


def _cause(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "none of the formats that Pillow knows"  # its own words repeat the path
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return said or type(error).__name__


def upright_rgb(picture: Image.Image) -> Image.Image:
    """The picture as 8-bit RGB, turned as its EXIF orientation says.

    - Transparent parts show white, as on a page.
    - 16-bit greys are divided by 257, to the nearest byte.
    - Floating-point greys must lie in [0, 1].
    - Of an animation this is the first picture. Colour profiles are not applied.

    Args:
        picture: opened and loaded.

    Raises:
        PictureError: 32-bit whole numbers or floating-point numbers outside [0, 1], whose black and
            white the file does not say.
    """
    rgb = _rgb(picture)
    turn = _UPRIGHT.get(_orientation(picture))
    return rgb if turn is None else rgb.transpose(turn)


def upright_size(picture: Image.Image) -> tuple[int, int]:
    """Width and height of `upright_rgb`, for which the picture need not be loaded."""
    turned = _orientation(picture) in _ON_ITS_SIDE
    return (picture.height, picture.width) if turned else (picture.width, picture.height)


def _orientation(picture: Image.Image) -> int:
    # A damaged block says nothing about the picture; Pillow raises many kinds of error for it.
    with suppress(Exception):
        return picture.getexif().get(ExifTags.Base.Orientation, 1)
    return 1


def _rgb(picture: Image.Image) -> Image.Image:
    if picture.mode == "F" or picture.mode.startswith("I"):
        return Image.fromarray(_grey(picture)).convert("RGB")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    page = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(page, picture.convert("RGBA")).convert("RGB")


def _grey(picture: Image.Image) -> NDArray[np.uint8]:
    """Bytes `(H, W)` of a picture with wider numbers."""
    values = np.asarray(picture).astype(np.float64)
    shares = values / _white(picture, values)
    tag, white_is_zero = _WHITE_IS_ZERO
    if _tag(picture, tag) == white_is_zero:
        shares = 1 - shares
    if isinstance(clear := picture.info.get("transparency"), int):
        shares[values == clear] = 1
    return np.round(shares * 255).astype(np.uint8)


def _white(picture: Image.Image, values: NDArray[np.float64]) -> float:
    """The number that stands for white (or, where 0 is white, for black)."""
    if picture.mode.startswith("I;16"):
        bits = _tag(picture, TiffImagePlugin.BITSPERSAMPLE) or 16
        return float(2**bits - 1)
    # Pillow scales a portable greymap of more than 8 bits to 16.
    if picture.mode == "I" and picture.format == "PPM":
        return 65535.0
    if picture.mode == "F" and values.size and values.min() >= 0 and values.max() <= 1:
        return 1.0
    kind = "floating-point numbers" if picture.mode == "F" else "32-bit whole numbers"
    raise PictureError(
        f"it holds {kind} from {values.min():g} to {values.max():g}, and the file does not say "
        "which of them is white; store it with 8 or 16 bits, or as floating point in [0, 1]"
    )


def _tag(picture: Image.Image, number: int) -> int | None:
    """One number of a TIFF file's header; None for other files."""
    if not isinstance(picture, TiffImagePlugin.TiffImageFile):
        return None
    value = picture.tag_v2.get(number)
    return value[0] if isinstance(value, tuple) else value
