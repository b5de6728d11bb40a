"""Entropy of a picture, estimated by the size of its lossless WebP file."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Effort of the encoder. PAIR's files are Pillow's default method 4 at quality 100; at 75 the
# encoder tries fewer ways to predict a pixel and needs about a third of the time.
EXACT_QUALITY = 100
FAST_QUALITY = 75
METHOD = 4


def webp_size(picture: NDArray[np.uint8], quality: int = EXACT_QUALITY) -> int:
    """Bytes of the picture as a lossless WebP file; more bytes mean more information.

    The size depends on the encoder: between Pillow's methods 0 and 6 it varies by several per
    cent, and another libwebp may answer another number. The method is therefore fixed at 4; keep
    the sizes with the results rather than computing them again elsewhere. Only sizes made with one
    quality may be compared.

    Args:
        picture: `(H, W, C)` bytes, C = 1 (gray) or 3 (RGB).
        quality: effort from 0 to 100; the pixels are kept exactly at any effort.

    Returns:
        The size in bytes, header included.

    Raises:
        ValueError: another number of channels.

    Source: Kapishnikov et al. 2019, "entropy" of the performance information curves; encoder
    settings of PAIR's implementation.
    """
    if picture.ndim != 3 or picture.shape[2] not in (1, 3):
        raise ValueError(
            f"a picture of shape {picture.shape} cannot become a WebP file: it needs shape "
            "(H, W, 1) or (H, W, 3); use the complexity 'ms_ssim' for other channels"
        )
    image = Image.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture)
    file = io.BytesIO()
    image.save(file, format="WEBP", lossless=True, quality=quality, method=METHOD)
    return file.tell()
