"""Gaussian mixtures as tensors: of weighted sums, and as coefficients of log densities."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor


@dataclass(frozen=True)
class WeightedMixture:
    """Gaussian mixtures of B sets of weights; all float64.

    Attributes:
        weights: `(B, K)`, each row sums to 1.
        means: `(B, K, d)`.
        covariances: `(B, K, d, d)`.
        log_likelihood: `(B,)` mean log density of the points, by their weights.
        converged: `(B,)` bool, whether it rose by less than the tolerance at last.
    """

    weights: Tensor
    means: Tensor
    covariances: Tensor
    log_likelihood: Tensor
    converged: Tensor

    def at(self, chosen: Tensor | slice) -> "WeightedMixture":
        """The mixtures of some sets: indices, a slice, or a mask `(B,)`."""
        return WeightedMixture(*(value[chosen] for value in vars(self).values()))


def joined(mixtures: Sequence[WeightedMixture]) -> WeightedMixture:
    """Mixtures one after the other."""
    parts = zip(*(vars(mixture).values() for mixture in mixtures), strict=True)
    return WeightedMixture(*(torch.cat(values) for values in parts))


def mixture_of_sums(sums: Tensor, likelihood: Tensor, floor: float) -> WeightedMixture:
    """The mixtures of weighted sums `(B, K, F)` of 1, the coordinates and their products."""
    size = (math.isqrt(1 + 8 * sums.shape[2]) - 3) // 2
    count = sums[..., 0] + 10 * torch.finfo(sums.dtype).eps  # a component may lose all points
    averages = sums[..., 1:] / count[..., None]
    means, squares = averages[..., :size], averages[..., size:]
    products = squares[..., _products(size, sums.device).both]
    covariances = products - means[..., None] * means[..., None, :]
    covariances.diagonal(dim1=2, dim2=3).clamp_(min=0).add_(floor)
    return WeightedMixture(
        count / count.sum(dim=1, keepdim=True),
        means,
        covariances,
        likelihood,
        torch.zeros_like(likelihood, dtype=torch.bool),
    )


def log_densities(mixture: WeightedMixture) -> Tensor:
    """log(π_k N(x; μ_k, Σ_k)) as coefficients of 1, x and its products: `(B, K, F)`."""
    size = mixture.means.shape[2]
    factors = torch.linalg.cholesky(mixture.covariances)
    precisions = torch.cholesky_inverse(factors)
    linear = (precisions @ mixture.means[..., None])[..., 0]
    constant = (
        mixture.weights.log()
        - size / 2 * math.log(2 * math.pi)
        - factors.diagonal(dim1=2, dim2=3).log().sum(dim=2)
        - torch.linalg.vecdot(linear, mixture.means) / 2
    )
    products = _products(size, linear.device)
    squares = precisions.flatten(2)[..., products.upper] * products.factors
    return torch.cat([constant[..., None], linear, squares], dim=2)


@dataclass(frozen=True)
class _Products:
    """The products of two of d coordinates, each once.

    Attributes:
        both: `(d, d)`, the place of each pair, in either order, among them.
        upper: the place of each among d × d pairs.
        factors: −½, and −1 for two different coordinates, which stand for both orders.
    """

    both: Tensor
    upper: Tensor
    factors: Tensor


@cache
def _products(size: int, device: torch.device) -> _Products:
    """Kept, since EM asks in every step and a GPU would wait for it."""
    first, second = torch.triu_indices(size, size, device=device)
    both = first.new_zeros(size, size)
    both[first, second] = both[second, first] = torch.arange(len(first), device=device)
    factors = torch.where(first == second, -0.5, -1.0).double()
    return _Products(both, first * size + second, factors)
