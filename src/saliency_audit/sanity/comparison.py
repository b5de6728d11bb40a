"""How alike two maps of one image are, by several measures, with or without signs, and scaled."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import torch
from torch import Tensor

from saliency_audit.attributions import saliency
from saliency_audit.errors import refuse_unknown
from saliency_audit.metrics import normalized_mse, spearman, ssim, weighted_jaccard
from saliency_audit.metrics.ms_ssim import WINDOW
from saliency_audit.metrics.ranks import validate_maps
from saliency_audit.metrics.similarity import min_max

#: Reduction over the channels: with "absolute" a sum of magnitudes, with "signed" a plain sum.
SIGNS = {"absolute": "sum_abs", "signed": "sum"}

# What the largest values hold of the sum of all magnitudes, where these are cut off.
OUTLIERS = 0.02


def _without_outliers(maps: Tensor) -> Tensor:
    magnitudes = maps.abs().flatten(1).sort(dim=1).values
    sums = magnitudes.cumsum(dim=1)
    reached = sums >= (1 - OUTLIERS) * sums[:, -1:]
    limits = magnitudes.gather(1, reached.int().argmax(dim=1, keepdim=True))[..., None]
    return (maps / limits.where(limits > 0, torch.nan)).clamp(-1, 1)


#: `(N, H, W)` to as much; a constant map comes back constant or NaN.
SCALINGS: dict[str, Callable[[Tensor], Tensor]] = {
    "min-max": min_max,
    "outliers": _without_outliers,
    "none": lambda maps: maps,
}


def _ssim_where_it_fits(first: Tensor, second: Tensor) -> Tensor:
    if min(first.shape[1:]) < WINDOW:
        return torch.full((len(first),), torch.nan, dtype=torch.float64)
    return ssim(first, second)


#: 1 for equal maps. The last one, 1 − normalised squared error, may fall far below 0 and is not
#: symmetric: the second map is the reference.
MEASURES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "spearman": spearman,
    "ssim": _ssim_where_it_fits,
    "weighted_jaccard": weighted_jaccard,
    "reverse_mse": lambda first, second: 1 - normalized_mse(first, second),
}


def similarities(
    first: Tensor, second: Tensor, sign: str, *, scaling: str = "min-max"
) -> dict[str, Tensor]:
    """Every measure of `MEASURES` on two sets of maps.

    The maps are reduced over their channels, then each is scaled by its own values:

    - "min-max": from its extremes to [0, 1].
    - "outliers": divided by the smallest magnitude that, with all below it, makes up 98 % of the
      sum of magnitudes, and cut off at ±1.
    - "none": left as it is. SSIM, which needs a range, is of maps scaled to [0, 1] all the same.

    Rank correlations do not change by a scaling, but for what "outliers" makes equal.

    Args:
        first: `(N, C, H, W)` floats.
        second: `(N, C', H, W)`; maps of places have C' = 1.
        sign: "absolute" or "signed"; see `SIGNS`.
        scaling: "min-max", "outliers" or "none".

    Returns:
        `(N,)` float64 by measure; NaN, to be counted, where one of the maps is constant once it is
        scaled, for SSIM on maps of fewer than 11 pixels per side, and for weighted Jaccard on
        signed maps that are not scaled to [0, 1].

    Raises:
        ValueError: an unknown sign or scaling, what is no tensor of floats `(N, C, H, W)`, maps of
            another number or size, or values that are not finite.

    Source: GGIG paper, §5 (maps and inputs rescaled to [0, 1]); its authors' code, which cuts off
        2 % as captum's visualisation does; Adebayo et al. 2018.
    """
    refuse_unknown("sign", sign, SIGNS)
    refuse_unknown("scaling", scaling, SCALINGS)
    reduced = _reduced(first, second, SIGNS[sign])
    scaled = [SCALINGS[scaling](maps) for maps in reduced]
    defined = _varies(scaled[0]) & _varies(scaled[1])
    # By the options, not by the values: else a few signed maps would have a value and others none.
    negative = sign == "signed" and scaling != "min-max"
    found = {}
    for name, measure in MEASURES.items():
        values = torch.full((len(defined),), torch.nan, dtype=torch.float64)
        if defined.any() and not (negative and name == "weighted_jaccard"):
            values[defined.cpu()] = measure(scaled[0][defined], scaled[1][defined]).cpu()
        found[name] = values
    return found


def _reduced(first: Tensor, second: Tensor, reduction: str) -> list[Tensor]:
    """Both sets of maps as `(N, H, W)` float64; refuses what cannot be compared."""
    for maps in (first, second):
        validate_maps(maps, "NCHW")
    if len(first) != len(second) or first.shape[2:] != second.shape[2:]:
        raise ValueError(
            "both sets of maps must have one number of images and one size, got "
            f"{tuple(first.shape)} and {tuple(second.shape)}"
        )
    found = [saliency(maps, reduction).double() for maps in (first, second)]
    for order, maps in zip(("first", "second"), found, strict=True):
        finite = maps.isfinite().flatten(1).all(dim=1)
        if not finite.all():
            raise ValueError(
                f"the {order} maps hold NaN or infinite values: image {int(finite.int().argmin())}"
            )
    return found


def _varies(maps: Tensor) -> Tensor:
    """Which of the maps `(N, H, W)` are neither constant nor NaN: `(N,)` bool."""
    flat = maps.flatten(1)
    return flat.amax(dim=1) > flat.amin(dim=1)


def validate_comparison(explainers: Collection[str], images: Tensor, scaling: str) -> None:
    """Refuse a comparison without methods or images, or of maps in an unknown scaling.

    Raises:
        ValueError: says which of them.
    """
    if not explainers:
        raise ValueError("at least one method is needed, got none")
    if not len(images):
        raise ValueError("at least one image is needed, got none")
    refuse_unknown("scaling", scaling, SCALINGS)


def similarity_rows(
    first: Tensor, second: Tensor, keys: Mapping[str, Any], *, scaling: str = "min-max"
) -> list[dict[str, Any]]:
    """`similarities` as rows, one per sign and image, in this order.

    Args:
        first: as in `similarities`.
        second: the same.
        keys: what every row has beside `sign`, `position` of the image, and the measures.
        scaling: as in `similarities`.

    Raises:
        ValueError: as `similarities`.
    """
    rows: list[dict[str, Any]] = []
    for sign in SIGNS:
        found = similarities(first, second, sign, scaling=scaling)
        rows += [
            {
                **keys,
                "sign": sign,
                "position": position,
                **{measure: float(values[position]) for measure, values in found.items()},
            }
            for position in range(len(first))
        ]
    return rows
