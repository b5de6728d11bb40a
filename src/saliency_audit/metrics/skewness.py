"""Skewness of the values of a map."""

import torch
from torch import Tensor

from saliency_audit.attributions.precision import in_double
from saliency_audit.attributions.rounding import is_constant
from saliency_audit.metrics.ranks import validate_maps


def pearson_skewness(maps: Tensor) -> Tensor:
    """Pearson's second coefficient of skewness of each map, 3(mean − median)/standard deviation.

    Above 0 the values are right-skewed: most are low, a few are high. For an even number of values
    the median is the mean of the two in the middle; the deviation is that of the values themselves,
    divided by their number. Neither the unit nor the level of a map matters.

    Args:
        maps: `(N, H, W)` floats.

    Returns:
        `(N,)` float64 in [−3, 3], on the maps' device if that has float64, else on the CPU; NaN
        where a map is constant up to rounding or holds NaN or infinity.

    Raises:
        ValueError: maps of another shape or type, or without pixels.

    Source: DRE paper, §3.4.3, "Pearson's Coefficients of Skewness (CoS)", without a formula; this
    is the one that the article it cites recommends (Doane & Seward 2011). The first coefficient has
    the mode in place of the median, which a sample does not have.
    """
    validate_maps(maps, "NHW")
    values = in_double(maps.detach()).flatten(1)
    unit = values.abs().amax(dim=1, keepdim=True)
    # squares of huge and of tiny values are no floats
    values = values / unit.where(unit > 0, 1)
    mean = values.mean(dim=1, keepdim=True)
    deviation = (values - mean).square().mean(dim=1).sqrt()
    found = 3 * (mean[:, 0] - _median(values)) / deviation
    level = is_constant(maps.detach().flatten(1)).to(values.device)
    defined = ~level & values.isfinite().all(dim=1)
    return found.where(defined, torch.nan)


def _median(values: Tensor) -> Tensor:
    """The middle of each row `(N, D)`; torch's own takes the lower of two."""
    count = values.shape[1]
    low, high = (
        values.kthvalue(place, dim=1).values for place in ((count + 1) // 2, count // 2 + 1)
    )
    return (low + high) / 2
