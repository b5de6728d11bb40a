"""Similarity of two maps of one image by several measures, with or without signs, scaled."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import torch
from torch import Tensor

from saliency_audit.attributions import saliency
from saliency_audit.attributions.members import refuse_endless
from saliency_audit.attributions.precision import in_double, where_float64_is
from saliency_audit.attributions.rounding import is_constant
from saliency_audit.errors import refuse_unknown
from saliency_audit.metrics import normalized_mse, spearman, ssim, weighted_jaccard
from saliency_audit.metrics.ms_ssim import WINDOW
from saliency_audit.metrics.ranks import PAIR, validate_maps
from saliency_audit.metrics.similarity import min_max

# : Reduction over the channels: a sum of magnitudes for "absolute", a plain sum for "signed".
SIGNS = {"absolute": "sum_abs", "signed": "sum"}

# Share of the sum of all magnitudes above the value at which "outliers" clips.
OUTLIERS = 0.02


def _without_outliers(maps: Tensor) -> Tensor:
    magnitudes = maps.abs().flatten(1).sort(dim=1).values
    sums = magnitudes.cumsum(dim=1)
    reached = sums >= (1 - OUTLIERS) * sums[:, -1:]
    limits = magnitudes.gather(1, reached.int().argmax(dim=1, keepdim=True))[..., None]
    return (maps / limits.where(limits > 0, torch.nan)).clamp(-1, 1)


# : From `(N, H, W)` to `(N, H, W)`; a constant map becomes constant or NaN.
SCALINGS: dict[str, Callable[[Tensor], Tensor]] = {
    "min-max": min_max,
    "outliers": _without_outliers,
    "none": lambda maps: maps,
}


def _ssim_where_it_fits(first: Tensor, second: Tensor) -> Tensor:
    if min(first.shape[1:]) < WINDOW:
        return torch.full((len(first),), torch.nan, dtype=torch.float64)
    return ssim(first, second)


#: 1 for equal maps. The last one, 1 − normalised squared error, can be far below 0 and is not
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
      sum of magnitudes, and clipped to ±1.
    - "none": not scaled. SSIM needs a range and is computed on maps scaled to [0, 1] all the same.

    Scaling does not change rank correlations, except for values that "outliers" clips.

    Args:
        first: `(N, C, H, W)` floats.
        second: `(N, C', H, W)`; C' = 1 for maps with one value per location.
        sign: "absolute" or "signed"; see `SIGNS`.
        scaling: "min-max", "outliers" or "none".

    Returns:
        `(N,)` float64 by measure; NaN, to be counted by the caller, where one of the scaled maps is
        constant, or a map is so up to rounding, for SSIM on maps of fewer than 11 pixels per side,
        and for weighted Jaccard on signed maps that are not scaled to [0, 1].

    Raises:
        ValueError: an unknown sign or scaling, maps that are not float tensors `(N, C, H, W)`,
            differ in number or size, or are not finite.

    Source: GGIG paper, §5 (maps and inputs rescaled to [0, 1]); its authors' code, which clips 2 %
    as captum's visualisation does; Adebayo et al. 2018.
    """
    refuse_unknown("sign", sign, SIGNS)
    refuse_unknown("scaling", scaling, SCALINGS)
    reduced = _reduced(first, second, SIGNS[sign])
    scaled = [SCALINGS[scaling](in_double(maps)) for maps in reduced]
    defined = _varies(scaled[0]) & _varies(scaled[1])
    for given, maps in zip((first, second), reduced, strict=True):
        # Up to the rounding of their own type, and of what was summed.
        constant = is_constant(maps, saliency(given).flatten(1).amax(dim=1))
        defined &= ~where_float64_is(constant)
    # Decided by the options, not by the values: otherwise only some signed maps would have a value.
    negative = sign == "signed" and scaling != "min-max"
    found = {}
    for name, measure in MEASURES.items():
        values = torch.full((len(defined),), torch.nan, dtype=torch.float64)
        if defined.any() and not (negative and name == "weighted_jaccard"):
            values[defined.cpu()] = measure(scaled[0][defined], scaled[1][defined]).cpu()
        found[name] = values
    return found


def _reduced(first: Tensor, second: Tensor, reduction: str) -> list[Tensor]:
    """Both sets of maps as `(N, H, W)`; refuses maps that cannot be compared."""
    for what, maps in zip(PAIR, (first, second), strict=True):
        validate_maps(maps, "NCHW", what)
    if len(first) != len(second) or first.shape[2:] != second.shape[2:]:
        raise ValueError(
            "both sets of maps must have one number of images and one size, got "
            f"{tuple(first.shape)} and {tuple(second.shape)}"
        )
    found = [saliency(maps, reduction) for maps in (first, second)]
    for what, maps in zip(PAIR, found, strict=True):
        refuse_endless(maps, what, members="images")
    return found


def _varies(maps: Tensor) -> Tensor:
    """Which of the maps `(N, H, W)` are neither constant nor NaN: `(N,)` bool."""
    flat = maps.flatten(1)
    return flat.amax(dim=1) > flat.amin(dim=1)


def validate_comparison(explainers: Collection[str], images: Tensor, scaling: str) -> None:
    """Refuse a comparison without methods or images, or with an unknown scaling.

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
        keys: further columns of every row, beside `sign`, `position` of the image, and the
            measures.
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
