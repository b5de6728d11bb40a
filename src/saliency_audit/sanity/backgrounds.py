"""Does a map stay on the object? Another background, and the saliency that falls on it."""

from collections.abc import Callable

import torch
from torch import Tensor

from saliency_audit.attributions.members import refuse_members
from saliency_audit.errors import is_whole, refuse_unknown
from saliency_audit.metrics import mass_inside
from saliency_audit.metrics.ranks import validate_maps


def _checkerboard(height: int, width: int, size: int) -> Tensor:
    rows = torch.arange(height)[:, None] // size
    columns = torch.arange(width)[None] // size
    return ((rows + columns) % 2).float()


def _stripes(height: int, width: int, size: int) -> Tensor:
    return (torch.arange(height)[:, None] // size % 2).float().expand(height, width)


def _grey(height: int, width: int, size: int) -> Tensor:
    return torch.full((height, width), 0.5)


# : `(H, W)` in [0, 1] from height, width and the period in pixels.
BACKGROUNDS: dict[str, Callable[[int, int, int], Tensor]] = {
    "checkerboard": _checkerboard,
    "stripes": _stripes,
    "grey": _grey,
}


def replace_background(
    images: Tensor, masks: Tensor, background: str = "checkerboard", *, size: int = 16
) -> Tensor:
    """The objects in front of another background, black and white and the same for all images.

    Args:
        images: `(N, C, H, W)` in [0, 1].
        masks: `(N, H, W)` bool, where the object is.
        background: "checkerboard", "stripes" (across) or "grey".
        size: of a square or stripe in whole pixels, smaller than the side of the picture along
            which they repeat; not used by "grey".

    Returns:
        `(N, C, H, W)`.

    Raises:
        ValueError: an unknown background; a size that is not an integer, is below 1, or so large
            that nothing would repeat; images that are not floats `(N, C, H, W)` within [0, 1];
            masks of another size or type, or one that is empty or covers the whole image.

    Source: GGIG paper, §5, Figure 8, which does not state the size of the squares.
    """
    refuse_unknown("background", background, BACKGROUNDS)
    _validate_images(images)
    validate_masks(images.shape[0], images.shape[2:], masks)
    _validate_size(background, size, images.shape[2], images.shape[3])
    behind = BACKGROUNDS[background](images.shape[2], images.shape[3], size).to(images)
    return torch.where(masks[:, None], images, behind)


def _validate_images(images: Tensor) -> None:
    if not isinstance(images, Tensor):
        raise ValueError(f"images must be one tensor (N, C, H, W), got {type(images).__name__}")
    if images.ndim != 4 or 0 in images.shape[1:] or not images.is_floating_point():
        raise ValueError(
            "images must be floats of shape (N, C, H, W) in [0, 1], got "
            f"{images.dtype} {tuple(images.shape)}"
        )
    # Written so that NaN fails, too.
    if not ((images >= 0) & (images <= 1)).all():
        low, high = float(images.min()), float(images.max())
        raise ValueError(f"images must lie in [0, 1], got values from {low:g} to {high:g}")


def _validate_size(background: str, size: int, height: int, width: int) -> None:
    if not is_whole(size) or size < 1:
        raise ValueError(f"size must be a whole number of pixels, at least 1, got {size!r}")
    sides = {"checkerboard": min(height, width), "stripes": height}
    if size >= sides.get(background, size + 1):
        raise ValueError(
            f"size must be below {sides[background]} pixels, or nothing of the {background} "
            f"repeats in {height}×{width} pixels, got {size}"
        )


def mass_outside(saliency: Tensor, masks: Tensor) -> Tensor:
    """Share of the saliency that lies outside the object; 0 if all of it lies on the object.

    One minus `metrics.mass_inside`. A constant map scores the share of the area outside.

    Args:
        saliency: `(N, H, W)`, ≥ 0.
        masks: `(N, H, W)` bool.

    Returns:
        `(N,)` float64 in [0, 1] on the CPU; NaN where a map is 0 everywhere.

    Raises:
        ValueError: saliency that `metrics.mass_inside` refuses, or masks as in
            `replace_background`.
    """
    validate_maps(saliency, "NHW")
    validate_masks(saliency.shape[0], saliency.shape[1:], masks)
    return 1 - mass_inside(saliency, masks)


def validate_masks(count: int, size: torch.Size, masks: Tensor) -> None:
    """Refuse masks that do not divide each of `count` images into object and background.

    Raises:
        ValueError: says what is wrong and names the images.
    """
    if not isinstance(masks, Tensor):
        raise ValueError(
            f"masks must be one bool tensor of shape {(count, *size)}, got {type(masks).__name__}"
        )
    if masks.dtype != torch.bool or masks.shape != (count, *size):
        raise ValueError(
            f"masks must be bool of shape {(count, *size)}, got {masks.dtype} {tuple(masks.shape)}"
        )
    areas = masks.sum(dim=(1, 2))
    for areas_of, what in ((areas == 0, "is empty"), (areas == size.numel(), "covers all of it")):
        refuse_members(
            areas_of, f"the mask of an image {what}", "leave these out", members="images"
        )
