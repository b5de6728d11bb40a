"""Distances that treat maps pixel by pixel (KL), or sets of maps as Gaussians (Fréchet)."""

import torch
from torch import Tensor
from torch.nn import functional as F

from saliency_audit.attributions.members import refuse_endless, refuse_negative
from saliency_audit.attributions.precision import in_double
from saliency_audit.errors import refuse_non_bool, refuse_number
from saliency_audit.metrics.ranks import PAIR, validate_maps, validate_pair


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
    refuse_non_bool("symmetric", symmetric)
    refuse_number("floor", floor, "share")
    validate_pair(first, second)
    one, other = (
        _distributions(maps, what, floor) for what, maps in zip(PAIR, (first, second), strict=True)
    )
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
    refuse_number("side", side, "whole")
    means, covariances = zip(
        *(_moments(maps, what, side) for what, maps in zip(PAIR, (first, second), strict=True)),
        strict=True,
    )
    if first.shape[1:] != second.shape[1:]:
        raise ValueError(
            f"first and second need maps of one size, got {tuple(first.shape[1:])} and "
            f"{tuple(second.shape[1:])}: their cells would show other places; resize them to one"
        )
    # The trace of a root is the sum of the roots of eigenvalues, here of the symmetric
    # Σ^½ Τ Σ^½, which has those of ΣΤ.
    values, vectors = torch.linalg.eigh(covariances[0])
    root = vectors * values.clamp(min=0).sqrt() @ vectors.mT
    crossed = torch.linalg.eigvalsh(root @ covariances[1] @ root).clamp(min=0).sqrt().sum()
    spread = covariances[0].trace() + covariances[1].trace() - 2 * crossed
    return float(((means[0] - means[1]).square().sum() + spread).clamp(min=0))


def _distributions(maps: Tensor, what: str, floor: float) -> Tensor:
    """Logarithms of the shares of pixels `(N, H·W)`; NaN for a map of zeros."""
    values = in_double(maps.detach()).flatten(1)
    refuse_endless(values, what)
    refuse_negative(values, what)
    # By the largest first: the sum of huge values would overflow.
    values = values / values.amax(dim=1, keepdim=True)
    shares = values / values.sum(dim=1, keepdim=True)
    return ((1 - floor) * shares + floor / values.shape[1]).log()


def _relative_entropy(first: Tensor, second: Tensor) -> Tensor:
    return (first.exp() * (first - second)).sum(dim=1).clamp(min=0)


def _moments(maps: Tensor, what: str, side: int) -> tuple[Tensor, Tensor]:
    """Mean and covariance of a set of maps in cells."""
    validate_maps(maps, "NHW", what)
    values = in_double(maps.detach())
    refuse_endless(values, what)
    if len(values) < 2:
        raise ValueError(f"{what}: a covariance needs at least two, got {len(values)}; give a set")
    if side > min(values.shape[1:]):
        raise ValueError(
            f"{what} of {tuple(values.shape[1:])} pixels have no {side}×{side} cells; take a "
            "smaller side"
        )
    cells = F.adaptive_avg_pool2d(values[:, None], side).flatten(1)
    return cells.mean(dim=0), cells.mT.cov().reshape(side**2, side**2)
