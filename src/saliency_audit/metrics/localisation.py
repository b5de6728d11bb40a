"""Does a map point at the object? Saliency compared with object masks or filled bounding boxes.

All metrics take saliency `(N, H, W)`, larger = more relevant, and object regions `(N, H, W)` bool,
and return one float64 value in [0, 1] per image on the CPU, higher is better. An image whose region
is empty has no object to find: NaN. Each function says how it treats ties and what a constant map
scores.

They raise `ValueError` for shapes that do not match, regions that are not bool, and saliency with
NaN or infinity.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from saliency_audit.attributions.members import refuse_endless, refuse_negative
from saliency_audit.attributions.rounding import leveled
from saliency_audit.errors import (
    is_number,
    refuse_non_numbers,
    refuse_non_tensor,
    refuse_number,
    shown,
)

# Pixels that touch at a corner are connected.
NEIGHBOURS = np.ones((3, 3), dtype=bool)


def explainability(saliency: Tensor, regions: Tensor) -> Tensor:
    """Explainability M_E: area under precision against recall of the object's pixels.

    Pixels are retrieved in order of decreasing saliency; M_E = Σᵢ Pᵢ·(Rᵢ − Rᵢ₋₁), the average
    precision. The paper prints 100 times this value. Random maps score about the region's share of
    the picture, so large objects score high under any map.

    The paper retrieves one pixel at a time and does not say how ties are ordered. Here tied pixels
    are retrieved together, which needs no random order; a constant map scores exactly the region's
    share.

    Args:
        saliency: `(N, H, W)` floats, higher is more salient.
        regions: `(N, H, W)` bool, True on the object.

    Returns:
        `(N,)` float64 in [0, 1] on the CPU, higher is better; NaN for a region without a pixel.

    Raises:
        ValueError: other shapes, regions that are not bool, maps that are not finite.

    Source: DRE paper, Eq. 11 and Table 4 (bounding boxes).
    """
    values, inside = _validated(saliency, regions)
    count = values.shape[1]
    order = values.argsort(dim=1, descending=True)
    ranked, hits = values.gather(1, order), inside.gather(1, order)
    retrieved = torch.arange(1, count + 1)
    last = torch.ones_like(ranked, dtype=torch.bool)
    last[:, :-1] = ranked[:, 1:] != ranked[:, :-1]
    # Position of the last pixel as salient as this one: the nearest such position to the right.
    ends = torch.where(last, retrieved - 1, count).flip(1).cummin(dim=1).values.flip(1)
    precision = (hits.cumsum(dim=1) / retrieved).gather(1, ends)
    return (precision * hits).sum(dim=1) / inside.sum(dim=1)


def region_iou(saliency: Tensor, regions: Tensor) -> Tensor:
    """Intersection over union of the region and as many most salient pixels as it has.

    There is no threshold to choose. The value is 1 exactly when all pixels inside are more salient
    than all outside. Of tied pixels at the cut, the same fraction is counted inside and outside; a
    constant map thus scores s / (2 − s) for a region that covers the share s.

    Source: intersection over union at a matched area; ours, beside `box_iou`.
    """
    values, inside = _validated(saliency, regions)
    size = inside.sum(dim=1)
    falling = values.sort(dim=1, descending=True).values
    cut = falling.gather(1, (size.long() - 1).clamp(min=0)[:, None])
    above, equal = values > cut, values == cut
    share = (size - above.sum(dim=1)) / equal.sum(dim=1)
    hits = (inside * above).sum(dim=1) + share * (inside * equal).sum(dim=1)
    return hits / (2 * size - hits)


def box_iou(saliency: Tensor, regions: Tensor, threshold: float = 0.2) -> Tensor:
    """Intersection over union of the object's box and the box around the largest salient patch.

    The usual measure of weakly supervised localisation: saliency is scaled to [0, 1] per image,
    pixels of at least `threshold` are kept, and the tight box around their largest connected
    component (neighbours include diagonals; of equally large ones the uppermost) is compared with
    the tight box around the region. An object counts as localised where the value reaches 0.5.

    A constant map keeps every pixel: its box is the whole picture. Noisy maps, such as plain
    gradients, fall into tiny components; smooth them first or use `region_iou`.

    Args:
        saliency: `(N, H, W)`.
        regions: `(N, H, W)` bool; masks are replaced by their boxes.
        threshold: in (0, 1].

    Raises:
        ValueError: as all here; a threshold outside (0, 1].

    Source: Zhou et al. 2016, Learning deep features for discriminative localization (20 % of the
        maximum, largest component); scaled to [0, 1] first as in Choe et al. 2020, Evaluating
        weakly supervised object localization methods right.
    """
    refuse_number("threshold", threshold, "share or all")
    values, _ = _validated(saliency, regions)
    low, high = values.amin(dim=1, keepdim=True), values.amax(dim=1, keepdim=True)
    # Halved, so that the range of huge values does not overflow.
    kept = values / 2 - low / 2 >= threshold * (high / 2 - low / 2)
    kept_pictures = kept.reshape(saliency.shape).numpy()
    region_pictures = regions.cpu().numpy()
    found = [
        _overlap(_box(_largest_component(kept_picture)), _box(region))
        if region.any()
        else float("nan")
        for kept_picture, region in zip(kept_pictures, region_pictures, strict=True)
    ]
    return torch.tensor(found, dtype=torch.float64)


def pointing_game(saliency: Tensor, regions: Tensor, tolerance: float = 0.0) -> Tensor:
    """Does the most salient pixel lie in the region? 1 for a hit, 0 for a miss.

    If several pixels are the most salient, the value is their share of hits; a constant map scores
    the region's share of the picture.

    Args:
        saliency: `(N, H, W)`.
        regions: `(N, H, W)` bool.
        tolerance: a pixel at most this many pixels away from the region counts as a hit; the
            original work uses 15 on pictures of several hundred pixels per side.

    Raises:
        ValueError: as all here; a negative tolerance.

    Source: Zhang et al. 2018, Top-down neural attention by excitation backprop.
    """
    _validate_tolerance(tolerance)
    values, inside = _validated(saliency, regions)
    top = values == values.amax(dim=1, keepdim=True)
    if tolerance:
        inside = widened(regions, tolerance).flatten(1).double()
    hits = (inside * top).sum(dim=1) / top.sum(dim=1)
    return torch.where(regions.cpu().flatten(1).any(dim=1), hits, torch.nan)


def mass_inside(saliency: Tensor, regions: Tensor) -> Tensor:
    """Share of all saliency that lies inside the region.

    A constant positive map scores the region's share of the picture; NaN for a map that is zero
    everywhere.

    Raises:
        ValueError: as all here; negative saliency.

    Source: relevance mass accuracy, Arras et al. 2022, CLEVR-XAI.
    """
    values, inside = _validated(saliency, regions)
    refuse_negative(values, "saliency", "take absolute values or cut it off first")
    # Scaled first, so that tiny values do not underflow and huge ones do not overflow.
    values = values / values.amax(dim=1, keepdim=True)
    shares = (values * inside).sum(dim=1) / values.sum(dim=1)
    return torch.where(inside.any(dim=1), shares, torch.nan)


def widened(regions: Tensor, tolerance: float) -> Tensor:
    """Regions and all pixels at most `tolerance` pixels away from them; empty ones stay empty.

    Args:
        regions: `(N, H, W)` bool.
        tolerance: in pixels, ≥ 0.

    Returns:
        `(N, H, W)` bool on the CPU.

    Raises:
        ValueError: a negative tolerance, or regions that are not bool.
    """
    _validate_regions(regions)
    _validate_tolerance(tolerance)
    distances = [
        ndimage.distance_transform_edt(~region) if region.any() else np.full(region.shape, np.inf)
        for region in regions.cpu().numpy()
    ]
    return torch.from_numpy(np.array(distances).reshape(regions.shape) <= tolerance)


def _validated(saliency: Tensor, regions: Tensor) -> tuple[Tensor, Tensor]:
    """Saliency and regions as float64 `(N, HW)` on the CPU."""
    refuse_non_numbers("saliency", saliency)
    refuse_non_tensor("regions", regions)
    if saliency.ndim != 3 or saliency.shape != regions.shape or 0 in saliency.shape[1:]:
        raise ValueError(
            "saliency and regions must have the same shape (N, H, W), got "
            f"{tuple(saliency.shape)} and {tuple(regions.shape)}; reduce attribution maps over "
            "channels first"
        )
    _validate_regions(regions)
    refuse_endless(saliency, "saliency maps")
    values = leveled(saliency.detach()).cpu().double().flatten(1)
    return values, regions.cpu().double().flatten(1)


def _validate_regions(regions: Tensor) -> None:
    refuse_non_tensor("regions", regions)
    if regions.dtype != torch.bool:
        raise ValueError(f"regions must be bool, got {regions.dtype}; compare masks with 0 first")
    if regions.ndim != 3:
        raise ValueError(
            f"regions must have shape (N, H, W), got {tuple(regions.shape)}; one region is a batch "
            "of one: region[None]"
        )


def _validate_tolerance(tolerance: float) -> None:
    """Refuse what is no number of pixels; an infinite one is every pixel."""
    if not is_number(tolerance) or not tolerance >= 0:
        raise ValueError(f"tolerance must be a number of pixels ≥ 0, got {shown(tolerance)}")


def _largest_component(kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest connected part of a picture `(H, W)` that has at least one pixel."""
    numbered, _ = ndimage.label(kept, structure=NEIGHBOURS)
    sizes = np.bincount(numbered.ravel())
    sizes[0] = 0
    return numbered == sizes.argmax()


def _box(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Tight box around a mask with at least one pixel: top, bottom, left, right (half open)."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _overlap(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> float:
    """Intersection over union of two boxes."""
    height = max(0, min(a[1], b[1]) - max(a[0], b[0]))
    width = max(0, min(a[3], b[3]) - max(a[2], b[2]))
    area = sum((bottom - top) * (right - left) for top, bottom, left, right in (a, b))
    return height * width / (area - height * width)
