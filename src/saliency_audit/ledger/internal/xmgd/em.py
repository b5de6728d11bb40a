"""Small reference EM for weighted points: the two readings of "weighted-data mixture"."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from saliency_audit.metrics.mixture import mixture_wasserstein

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Mixture:
    """A Gaussian mixture: `(K,)` weights, `(K, d)` means, `(K, d, d)` covariances."""

    weights: Array
    means: Array
    covariances: Array

    def transport_to(self, other: "Mixture", squared: bool = False) -> float:
        """MW₂ (or its square) from this mixture to another."""
        ours = (self.means, self.covariances, self.weights)
        theirs = (other.means, other.covariances, other.weights)
        return mixture_wasserstein(*ours, *theirs, squared=squared)

    def largest_difference(self, other: "Mixture") -> float:
        """Largest absolute difference of any parameter, components in the given order."""
        pairs = (
            (self.weights, other.weights),
            (self.means, other.means),
            (self.covariances, other.covariances),
        )
        return max(float(np.max(np.abs(ours - theirs))) for ours, theirs in pairs)


def fit_counted(points: Array, counts: Array, start: Mixture, iterations: int) -> Mixture:
    """EM where a weight w counts as w copies of the point: every sum over points is weighted.

    Args:
        points: `(n, d)`.
        counts: `(n,)` ≥ 0, any scale.
        start: mixture to start from.
        iterations: EM steps.
    """
    mixture = start
    for _ in range(iterations):
        shares = np.exp(_log_shares(points, mixture, np.ones(len(points)))) * counts[:, None]
        mixture = _maximise(points, shares, shares.sum(0), shares.sum(0) / counts.sum())
    return mixture


def fit_scaled(points: Array, precisions: Array, start: Mixture, iterations: int) -> Mixture:
    """EM where a weight w divides the covariance at its point: N(x; μ, Σ/w).

    The weighted-data mixture of Gebru et al. 2016 with fixed weights, which XMGD cites. Weights
    enter the responsibilities and the means; the sums that normalise Σ and the component weights
    stay unweighted.
    """
    mixture = start
    for _ in range(iterations):
        shares = np.exp(_log_shares(points, mixture, precisions))
        size = shares.sum(0)
        mixture = _maximise(points, shares * precisions[:, None], size, size / len(points))
    return mixture


def log_likelihood(points: Array, counts: Array, mixture: Mixture) -> float:
    """Σ wᵢ log p(xᵢ)."""
    return float(counts @ logsumexp(_log_joint(points, mixture, np.ones(len(points))), axis=1))


def _maximise(points: Array, weighted: Array, size: Array, weights: Array) -> Mixture:
    means = weighted.T @ points / weighted.sum(0)[:, None]
    centred = points[None] - means[:, None]
    covariances = np.einsum("nk,kni,knj->kij", weighted, centred, centred) / size[:, None, None]
    return Mixture(weights, means, covariances)


def _log_shares(points: Array, mixture: Mixture, precisions: Array) -> Array:
    joint = _log_joint(points, mixture, precisions)
    return np.asarray(joint - logsumexp(joint, axis=1, keepdims=True))


def _log_joint(points: Array, mixture: Mixture, precisions: Array) -> Array:
    """log πₖ N(xᵢ; μₖ, Σₖ/wᵢ), `(n, K)`."""
    dimensions = points.shape[1]
    centred = points[None] - mixture.means[:, None]
    solved = np.linalg.solve(mixture.covariances, centred.swapaxes(1, 2)).swapaxes(1, 2)
    distance = precisions * np.sum(centred * solved, axis=-1)
    _, log_det = np.linalg.slogdet(2 * np.pi * mixture.covariances)
    density = 0.5 * (dimensions * np.log(precisions) - log_det[:, None] - distance)
    return np.asarray((np.log(mixture.weights)[:, None] + density).T)
