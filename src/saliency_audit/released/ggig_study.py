"""What the GGIG study's code computes: likeness of a map and its digit, and edges."""

import torch
from torch import Tensor

from saliency_audit.errors import refuse_unknown
from saliency_audit.metrics import normalized_mse, spearman
from saliency_audit.metrics.ranks import validate_maps

# The digits are standardised by these, then clipped.
MEAN, DEVIATION = 0.1307, 0.3081
# scikit-image of that time takes this range of floating numbers where none is given.
RANGE = 2.0
SIGNS = ("absolute", "signed")


def digits(pictures: Tensor) -> Tensor:
    """Pictures as maps are compared with: standardised, clipped to ±1 and moved to [0, 1].

    The background becomes 0.288, and every pixel above 0.439 becomes 1.

    Args:
        pictures: `(N, 1, H, W)` in [0, 1].

    Returns:
        `(N, H, W)` in [0.28…, 1].

    Raises:
        ValueError: pictures of another shape.

    Source: `saliency_evaluation_methods.py`, see `data/released/ggig.yml`.
    """
    validate_maps(pictures, "NCHW", "the pictures")
    if pictures.shape[1] != 1:
        raise ValueError(f"digits have one channel, got {pictures.shape[1]}")
    return (((pictures[:, 0] - MEAN) / DEVIATION).clamp(-1, 1) + 1) / 2


def likeness(maps: Tensor, pictures: Tensor, sign: str) -> dict[str, Tensor]:
    """How alike a map and its digit are, in the scaling and the measures of the code.

    The error is ours: the code divides by the largest of all methods and images.

    A map is divided by its largest value. Unlike `sanity.similarities`, a map that is the same
    everywhere has a value, but for the rank correlation.

    Args:
        maps: `(N, 1, H, W)`.
        pictures: `(N, 1, H, W)` in [0, 1].
        sign: "absolute", of magnitudes, or "signed".

    Returns:
        `(N,)` float64 by measure: `spearman`; `ssim` with scikit-image's defaults and a range of 2,
        NaN below 7 pixels per side; `weighted_jaccard`, Σ min / Σ max; `reverse_mse`,
        1 − ‖a − b‖² / ‖b‖². NaN for a map without a value above 0.

    Raises:
        ValueError: malformed maps or pictures, or an unknown sign.
    """
    refuse_unknown("sign", sign, SIGNS)
    validate_maps(maps, "NCHW", "the maps")
    if maps.shape != pictures.shape:
        raise ValueError(
            f"maps and pictures must have one shape, got {tuple(maps.shape)} and "
            f"{tuple(pictures.shape)}"
        )
    references = digits(pictures).double().cpu()
    values = (maps.abs() if sign == "absolute" else maps)[:, 0].double().cpu()
    largest = values.flatten(1).amax(dim=1)
    positive = largest > 0
    scaled = values / largest.where(positive, torch.ones_like(largest))[:, None, None]
    both = torch.stack([scaled, references]).flatten(2)
    found = {
        "spearman": spearman(scaled, references),
        "ssim": _ssim(scaled, references),
        "weighted_jaccard": both.amin(dim=0).sum(dim=1) / both.amax(dim=0).sum(dim=1),
        "reverse_mse": 1 - normalized_mse(scaled, references),
    }
    return {name: numbers.masked_fill(~positive, torch.nan) for name, numbers in found.items()}


def _ssim(first: Tensor, second: Tensor) -> Tensor:
    from skimage.metrics import structural_similarity

    if min(first.shape[1:]) < 7:
        return torch.full((len(first),), torch.nan, dtype=torch.float64)
    pairs = zip(first.numpy(), second.numpy(), strict=True)
    found = [structural_similarity(a, b, data_range=RANGE) for a, b in pairs]
    return torch.tensor(found, dtype=torch.float64)


def edges(pictures: Tensor) -> Tensor:
    """The code's edge detector: magnitudes of one mixed second derivative, not of the gradient.

    A blur of 3×3, then Sobel's filter of 5×5 with a derivative along x and one along y at once,
    summed over the channels. It answers to corners and slanted edges, not to level or upright ones.

    Args:
        pictures: `(N, C, H, W)` with at least 3 pixels per side.

    Returns:
        `(N, 1, H, W)`, ≥ 0.

    Raises:
        ValueError: pictures of another shape, or smaller ones.

    Source: `change_background_and_edge_detection.py`, see `data/released/ggig.yml`.
    """
    validate_maps(pictures, "NCHW", "the pictures")
    if min(pictures.shape[2:]) < 3:
        raise ValueError(f"edges need at least 3 pixels per side, got {tuple(pictures.shape[2:])}")
    summed = pictures.sum(dim=1, keepdim=True)
    blurred = _filtered(summed, torch.tensor([1.0, 2.0, 1.0]) / 4)
    return _filtered(blurred, torch.tensor([-1.0, -2.0, 0.0, 2.0, 1.0])).abs()


def _filtered(pictures: Tensor, taps: Tensor) -> Tensor:
    """The same taps along both axes, mirrored at the border without repeating it."""
    taps = taps.to(pictures)
    reach = len(taps) // 2
    padded = torch.nn.functional.pad(pictures, (reach,) * 4, mode="reflect")
    kernel = torch.outer(taps, taps)[None, None]
    return torch.nn.functional.conv2d(padded, kernel)
