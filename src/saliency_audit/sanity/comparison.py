"""How alike two maps of one image are, by several measures and with or without their signs."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from saliency_audit.attributions import saliency
from saliency_audit.errors import refuse_unknown
from saliency_audit.metrics import normalized_mse, spearman, ssim, weighted_jaccard
from saliency_audit.metrics.ms_ssim import WINDOW
from saliency_audit.metrics.similarity import min_max

# Reduction over the channels: with "absolute" a sum of magnitudes, with "signed" a plain sum.
SIGNS = {"absolute": "sum_abs", "signed": "sum"}


def _ssim_where_it_fits(first: Tensor, second: Tensor) -> Tensor:
    if min(first.shape[1:]) < WINDOW:
        return torch.full((len(first),), torch.nan, dtype=torch.float64)
    return ssim(first, second)


# 1 for equal maps. The last one may fall below 0 and is not symmetric: the second is the reference.
MEASURES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "spearman": spearman,
    "ssim": _ssim_where_it_fits,
    "weighted_jaccard": weighted_jaccard,
    "reverse_mse": lambda first, second: 1 - normalized_mse(first, second),
}


def similarities(first: Tensor, second: Tensor, sign: str) -> dict[str, Tensor]:
    """Every measure of `MEASURES` on two sets of maps.

    The maps are reduced over their channels and each is scaled to [0, 1] by its own extremes.

    Args:
        first: `(N, C, H, W)`.
        second: `(N, C', H, W)`; maps of places have C' = 1.
        sign: "absolute" or "signed"; see `SIGNS`.

    Returns:
        `(N,)` float64 by measure; NaN, to be counted, where one of the maps is constant, and for
        SSIM on maps of fewer than 11 pixels a side.

    Raises:
        ValueError: an unknown sign, or shapes that do not fit.

    Source: GGIG paper, §5 (maps and inputs rescaled to [0, 1]); Adebayo et al. 2018.
    """
    refuse_unknown("sign", sign, SIGNS)
    scaled = [min_max(saliency(maps, SIGNS[sign]).double()) for maps in (first, second)]
    defined = ~(scaled[0].isnan() | scaled[1].isnan()).flatten(1).any(dim=1)
    found = {}
    for name, measure in MEASURES.items():
        values = torch.full((len(defined),), torch.nan, dtype=torch.float64)
        if defined.any():
            values[defined.cpu()] = measure(scaled[0][defined], scaled[1][defined]).cpu()
        found[name] = values
    return found


def similarity_rows(first: Tensor, second: Tensor, keys: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`similarities` as rows, one per sign and image, in this order.

    Args:
        first: as in `similarities`.
        second: the same.
        keys: what every row has beside `sign`, `position` of the image, and the measures.
    """
    rows: list[dict[str, Any]] = []
    for sign in SIGNS:
        found = similarities(first, second, sign)
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
