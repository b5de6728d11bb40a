"""Distances that treat maps pixel by pixel (KL), or sets of maps as Gaussians (Fréchet)."""

import torch
from torch import Tensor
from torch.nn import functional as F

from saliency_audit.attributions.precision import in_double
from saliency_audit.errors import is_finite, is_whole
from saliency_audit.metrics.ranks import validate_maps


def kl_divergence(
    first: Tensor, second: Tensor, *, symmetric: bool = False, floor: float = 1e-6
) -> Tensor:
    """Kullback-Leibler divergence of two maps as distributions over the pixels, in nats.

    Each map is divided by its sum. A share `floor` of it is spread evenly over all pixels, without
    which a single pixel at 0 in the second map alone would make the divergence infinite.

    Args:
        first: `(N, H, W)`, ≥ 0.
        second: the same.
        symmetric: the mean of both directions.
        floor: in (0, 1).

    Returns:
        `(N,)` float64 ≥ 0; 0 for maps that differ by a factor; NaN where a map is 0 everywhere.

    Raises:
        ValueError: shapes other than one common `(N, H, W)`; values that are negative or not
            finite; another floor.
    """
    if first.shape != second.shape:
        raise ValueError(
            f"maps must have one shape, got {tuple(first.shape)} and {tuple(second.shape)}"
        )
    if not is_finite(floor) or not 0 < floor < 1:
        raise ValueError(f"floor must lie in (0, 1), got {floor!r}")
    one, other = (_distributions(maps, floor) for maps in (first, second))
    forth = _relative_entropy(one, other)
    return (forth + _relative_entropy(other, one)) / 2 if symmetric else forth


def frechet_distance(first: Tensor, second: Tensor, *, side: int = 8) -> float:
    """Squared Fréchet distance of two sets of maps, each taken for a normal distribution.

    Maps are reduced to side × side cells by means; their mean and covariance over the set stand for
    it: |μ − ν|² + tr(Σ + Τ − 2 (ΣΤ)^½). Lower is closer. Few maps give too large a value, as the
    covariance of n maps has a rank of at most n − 1.

    Args:
        first: `(N, H, W)`, at least two maps.
        second: `(M, H, W)`, at least two.
        side: cells per side.

    Returns:
        ≥ 0, in squares of the maps' unit.

    Raises:
        ValueError: malformed maps, fewer than two, of two sizes, values that are not finite, more
            cells than pixels.

    Source: Heusel et al. 2017, with cells in place of a network's features.
    """
    if not is_whole(side) or side < 1:
        raise ValueError(f"side must be a whole number ≥ 1, got {side!r}")
    means, covariances = zip(*(_moments(maps, side) for maps in (first, second)), strict=True)
    if first.shape[1:] != second.shape[1:]:
        raise ValueError(
            f"both sets need maps of one size, got {tuple(first.shape[1:])} and "
            f"{tuple(second.shape[1:])}: their cells would show other places"
        )
    # The trace of a root is the sum of the roots of eigenvalues, here of the symmetric
    # Σ^½ Τ Σ^½, which has those of ΣΤ.
    values, vectors = torch.linalg.eigh(covariances[0])
    root = vectors * values.clamp(min=0).sqrt() @ vectors.mT
    crossed = torch.linalg.eigvalsh(root @ covariances[1] @ root).clamp(min=0).sqrt().sum()
    spread = covariances[0].trace() + covariances[1].trace() - 2 * crossed
    return float(((means[0] - means[1]).square().sum() + spread).clamp(min=0))


def _distributions(maps: Tensor, floor: float) -> Tensor:
    """Logarithms of the shares of pixels `(N, H·W)`; NaN for a map of zeros."""
    validate_maps(maps, "NHW")
    values = in_double(maps.detach()).flatten(1)
    if not values.isfinite().all() or (values < 0).any():
        raise ValueError(
            "maps must be finite and at least 0; reduce signed attributions with `saliency`"
        )
    # By the largest first: the sum of huge values would overflow.
    values = values / values.amax(dim=1, keepdim=True)
    shares = values / values.sum(dim=1, keepdim=True)
    return ((1 - floor) * shares + floor / values.shape[1]).log()


def _relative_entropy(first: Tensor, second: Tensor) -> Tensor:
    return (first.exp() * (first - second)).sum(dim=1).clamp(min=0)


def _moments(maps: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Mean and covariance of a set of maps in cells."""
    validate_maps(maps, "NHW")
    values = in_double(maps.detach())
    if not values.isfinite().all():
        raise ValueError("maps hold NaN or infinite values")
    if len(values) < 2:
        raise ValueError(f"a covariance needs at least two maps, got {len(values)}")
    if side > min(values.shape[1:]):
        raise ValueError(f"maps of {tuple(values.shape[1:])} pixels have no {side}×{side} cells")
    cells = F.adaptive_avg_pool2d(values[:, None], side).flatten(1)
    return cells.mean(dim=0), cells.mT.cov().reshape(side**2, side**2)
