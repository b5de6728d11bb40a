"""XMGD: how far apart two maps are, as mixtures of Gaussians at several scales."""

import torch
from torch import Tensor

from saliency_audit.attributions.rounding import is_constant
from saliency_audit.errors import refuse_non_bool, refuse_other_type
from saliency_audit.metrics.fitted_maps import fits_of
from saliency_audit.metrics.gaussian_mixtures import WeightedMixture
from saliency_audit.metrics.levels import labels_of_pairs, validated_pair
from saliency_audit.metrics.multi_scale import (
    DEFAULTS,
    MultiScale,
    ScaledMixtures,
    refuse_other_settings,
)


def xmgd(
    first: Tensor,
    second: Tensor,
    settings: MultiScale = DEFAULTS,
    *,
    squared: bool = True,
) -> Tensor:
    """XMGD of pairs of maps: mean over levels of MW₂² of their mixtures. Lower is closer.

    Args:
        first: `(N, H, W)`, ≥ 0. For a set of maps give their mean, as the paper does.
        second: the same.
        settings: how maps become mixtures.
        squared: as printed; else its root, in sides of the picture.

    Returns:
        `(N,)` float64 ≥ 0 on the CPU, in squares of the picture's side; 0 for equal maps; NaN where
        a map is constant.

    Raises:
        ValueError: see `fit_maps`, but for constant maps; maps of different shapes.

    Source: XMGD §3.
    """
    refuse_other_settings(settings)
    refuse_non_bool("squared", squared)
    maps = validated_pair(first, second)
    defined = ~(is_constant(first.flatten(1)) | is_constant(second.flatten(1)))
    labels = [name for names in labels_of_pairs(defined) for name in names]
    fits = fits_of(torch.cat([each[defined] for each in maps]), settings, labels)
    ours, theirs = (fits.at(half) for half in torch.arange(len(fits)).chunk(2))
    values = torch.full((len(first),), torch.nan, dtype=torch.float64)
    values[defined.cpu()] = _mean_terms(ours, theirs)
    return values if squared else values.sqrt()


def xmgd_terms(first: ScaledMixtures, second: ScaledMixtures) -> Tensor:
    """MW₂² of pairs of maps at each level; their mean over levels is XMGD.

    Args:
        first: of N maps.
        second: of N maps.

    Returns:
        `(levels, N)` float64 ≥ 0 on the CPU.

    Raises:
        ValueError: other numbers of maps or of levels; other settings, of EM's search apart.

    Source: XMGD §3.3.
    """
    _comparable(first, second)
    if len(first) != len(second):
        raise ValueError(
            f"first and second hold {len(first)} and {len(second)} maps, which are no pairs; "
            "choose those that belong together with `at`"
        )
    levels = zip(first.levels, second.levels, strict=True)
    found = [_transported(_costs(*pair), pair[0].weights, pair[1].weights) for pair in levels]
    return torch.stack(found)


def xmgd_matrix(first: ScaledMixtures, second: ScaledMixtures) -> Tensor:
    """XMGD of each map of one list and each of another, from their mixtures. Lower is closer.

    Args:
        first: of N maps.
        second: of M maps.

    Returns:
        `(N, M)` float64 ≥ 0 on the CPU, in squares of the picture's side.

    Raises:
        ValueError: other numbers of levels; other settings, of EM's search apart.

    Source: XMGD §3.
    """
    _comparable(first, second)
    count, other = len(first), len(second)
    rows = torch.arange(count).repeat_interleave(other)
    columns = torch.arange(other).repeat(count)
    return _mean_terms(first.at(rows), second.at(columns)).reshape(count, other)


# What says how mixtures are searched, and not which.
SEARCH = ("restarts", "seed", "iterations", "tolerance")


def _comparable(first: ScaledMixtures, second: ScaledMixtures) -> None:
    for name, given in (("first", first), ("second", second)):
        refuse_other_type(name, given, ScaledMixtures, "fit_maps makes them of maps")
    if len(first.levels) != len(second.levels):
        raise ValueError(
            f"first and second have {len(first.levels)} and {len(second.levels)} levels and cannot "
            "be compared; fit both with the same kernels"
        )
    if first.settings is None or second.settings is None:
        return
    ours, theirs = vars(first.settings), vars(second.settings)
    other = [name for name in ours if name not in SEARCH and ours[name] != theirs[name]]
    if other:
        listed = ", ".join(f"{name} {ours[name]!r} and {theirs[name]!r}" for name in other)
        raise ValueError(
            f"mixtures that were fitted otherwise cannot be compared: {listed}; fit both alike"
        )


def _mean_terms(first: ScaledMixtures, second: ScaledMixtures) -> Tensor:
    """XMGD of the maps of two equally long lists: `(N,)`."""
    return xmgd_terms(first, second).mean(dim=0)


def _costs(first: WeightedMixture, second: WeightedMixture) -> Tensor:
    """W₂² between the Gaussians of pairs of mixtures in the plane: `(B, K, L)`.

    Of two 2 × 2 covariances A and B, tr (A^½BA^½)^½ is √(tr AB + 2 √(det A det B)). That is several
    times as fast as `gaussian_wasserstein_squared`, which also serves covariances without a floor.
    """
    shift = (first.means[:, :, None] - second.means[:, None]).square().sum(dim=3)
    ours, theirs = first.covariances, second.covariances
    both = torch.einsum("bkij,blij->bkl", ours, theirs)
    areas = torch.linalg.det(ours)[:, :, None] * torch.linalg.det(theirs)[:, None]
    root = (both + 2 * areas.clamp(min=0).sqrt()).clamp(min=0).sqrt()
    spread = _trace(ours)[:, :, None] + _trace(theirs)[:, None] - 2 * root
    return shift + spread.clamp(min=0)


def _trace(matrices: Tensor) -> Tensor:
    return matrices.diagonal(dim1=2, dim2=3).sum(dim=2)


def _transported(costs: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """The least cost of transport between weights `(B, K)` and `(B, L)`: `(B,)` on the CPU."""
    from ot import emd2  # POT imports every array library it finds: only when needed

    parts = zip(*(each.cpu().numpy() for each in (first, second, costs)), strict=True)
    found = [max(float(emd2(ours, theirs, cost)), 0.0) for ours, theirs, cost in parts]
    return torch.tensor(found, dtype=torch.float64)
