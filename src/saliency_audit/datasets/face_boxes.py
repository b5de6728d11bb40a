"""Where a face is in a picture, by scikit-image's cascade for frontal faces."""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:
    from skimage.feature import Cascade

# Pixels of the longer side of the picture that is searched.
SEARCHED = 480
# A face at least a tenth as wide as the picture is long.
SMALLEST = 0.1

Square = tuple[int, int, int]


def find_face(picture: NDArray[np.uint8]) -> Square | None:
    """The largest frontal face: left, top and side of its square in pixels; None without one.

    OpenCV's Haar cascades are no part of OpenCV 5; this one, of local binary patterns, comes with
    scikit-image.

    Args:
        picture: RGB `(H, W, 3)`.
    """
    height, width = picture.shape[:2]
    scale = min(1.0, SEARCHED / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BILINEAR))
    least, most = max(24, round(SMALLEST * max(size))), min(size)
    if most < least:
        return None
    found = _cascade().detect_multi_scale(
        img=small,
        scale_factor=1.1,
        step_ratio=1,
        min_size=(least, least),
        max_size=(most, most),
    )
    if not found:
        return None
    largest = max(found, key=lambda box: box["width"])
    left, top, side = (round(largest[key] / scale) for key in ("c", "r", "width"))
    return left, top, side


def enlarged(square: Square, factor: float, size: tuple[int, int]) -> Square:
    """A square enlarged around its centre, moved and at last reduced so that the picture holds it.

    Args:
        square: left, top and side.
        factor: of the side.
        size: width and height of the picture.
    """
    left, top, side = square
    grown = min(round(side * factor), *size)
    place = (
        min(max(0, round(start + side / 2 - grown / 2)), length - grown)
        for start, length in zip((left, top), size, strict=True)
    )
    return (*place, grown)  # type: ignore[return-value]


@cache
def _cascade() -> "Cascade":
    from skimage.data import lbp_frontal_face_cascade_filename
    from skimage.feature import Cascade  # slow to import

    return Cascade(lbp_frontal_face_cascade_filename())
