"""Complexity of a picture: the size of its lossless WebP file, or its Shannon entropy."""

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

    The size depends on the encoder: it varies by several per cent between Pillow's methods 0 and 6,
    and can differ between versions of libwebp. The method is therefore fixed at 4. Keep the sizes
    with the results rather than computing them again elsewhere, and compare only sizes of the same
    quality.

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
    image = _image(picture)
    file = io.BytesIO()
    image.save(file, format="WEBP", lossless=True, quality=quality, method=METHOD)
    return file.tell()


def png_size(picture: NDArray[np.uint8]) -> int:
    """Bytes of the picture as a PNG file with Pillow's defaults; more bytes mean more information.

    The size depends on the version of zlib.

    Args:
        picture: `(H, W, C)` bytes, C = 1 (gray) or 3 (RGB).

    Returns:
        The size in bytes, header included.

    Raises:
        ValueError: another number of channels.

    Source: released code of the IDGI study, in place of WebP files.
    """
    file = io.BytesIO()
    _image(picture).save(file, format="PNG")
    return file.tell()


def shannon_entropy(picture: NDArray[np.uint8]) -> float:
    """Shannon entropy of the grey levels of a picture, in bits per pixel.

    Only the frequencies of the 256 levels count, not where they occur: shuffling the pixels does
    not change the entropy.

    Args:
        picture: `(H, W, C)` bytes, C = 1 (gray) or 3 (RGB, converted to gray with Pillow's weights
            0.299, 0.587 and 0.114).

    Returns:
        In [0, 8]; 0 for a picture of one level.

    Raises:
        ValueError: another number of channels.

    Source: GGIG paper, §5.1.
    """
    grey = _image(picture).convert("L")
    counts = np.array(grey.histogram())
    shares = counts[counts > 0] / counts.sum()
    return float(shares @ np.log2(1 / shares))


def _image(picture: NDArray[np.uint8]) -> Image.Image:
    if picture.ndim != 3 or picture.shape[2] not in (1, 3):
        raise ValueError(
            f"a picture of shape {picture.shape} has no complexity: it needs shape (H, W, 1) or "
            "(H, W, 3); use the complexity 'ms_ssim' for other channels"
        )
    return Image.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture)
