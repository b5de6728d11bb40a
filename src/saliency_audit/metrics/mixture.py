"""Distance between Gaussian mixtures: optimal transport between their components."""

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from saliency_audit.attributions.members import refuse_members
from saliency_audit.errors import refuse_non_bool
from saliency_audit.metrics.arrays import floats

Array = NDArray[np.float64]


def mixture_wasserstein(
    means_a: ArrayLike,
    covariances_a: ArrayLike,
    weights_a: ArrayLike,
    means_b: ArrayLike,
    covariances_b: ArrayLike,
    weights_b: ArrayLike,
    *,
    squared: bool = False,
) -> float:
    """Mixture-Wasserstein distance MW₂ of two Gaussian mixtures. Lower is closer, 0 is equal.

    Computed with the exact transport plan between the components, where the cost of moving one
    Gaussian to another is their squared 2-Wasserstein distance. MW₂ is a metric on Gaussian
    mixtures, at least as large as their W₂, and equal to it for one component each. XMGD averages
    the squares.

    Args:
        means_a: `(K, d)` component means.
        covariances_a: `(K, d, d)` symmetric positive semi-definite; may be rank-deficient.
        weights_a: `(K,)` non-negative, summing to 1.
        means_b: `(L, d)`.
        covariances_b: `(L, d, d)`.
        weights_b: `(L,)`.
        squared: return MW₂² instead of MW₂.

    Returns:
        The distance, in the units of the means (their square if `squared`), ≥ 0.

    Raises:
        ValueError: shapes that do not match, weights that are not a distribution, a covariance that
            is not symmetric positive semi-definite, or numbers that are not finite.

    Source: XMGD Eq. 2 and 3, with the constraint that Eq. 2 omits (the plan's marginals are the
    weights); Delon & Desolneux 2020.
    """
    from ot import emd  # POT imports every array library it finds: only when needed

    refuse_non_bool("squared", squared)
    source, target = _distribution(weights_a, "weights_a"), _distribution(weights_b, "weights_b")
    cost = gaussian_wasserstein_squared(means_a, covariances_a, means_b, covariances_b)
    if cost.shape != (len(source), len(target)):
        raise ValueError(
            f"means_a and means_b are of {cost.shape} components, weights_a and weights_b of "
            f"{(len(source), len(target))}; give one weight per component"
        )
    total = max(float(np.sum(emd(source, target, cost) * cost)), 0.0)
    return total if squared else float(np.sqrt(total))


def gaussian_wasserstein_squared(
    means_a: ArrayLike, covariances_a: ArrayLike, means_b: ArrayLike, covariances_b: ArrayLike
) -> Array:
    """Squared 2-Wasserstein distances between all Gaussians of one list and all of another.

    The covariance part is written as min over rotations U of ‖A^½ − B^½U‖² instead of
    tr A + tr B − 2 tr(A^½BA^½)^½. The value is the same, but no square root of a rounded zero
    eigenvalue is taken, so that rank-deficient covariances keep full precision.

    Args:
        means_a: `(K, d)`.
        covariances_a: `(K, d, d)` symmetric positive semi-definite.
        means_b: `(L, d)`.
        covariances_b: `(L, d, d)`.

    Returns:
        `(K, L)` squared distances, ≥ 0.

    Raises:
        ValueError: as `mixture_wasserstein`.

    Source: XMGD Eq. 3; Dowson & Landau 1982.
    """
    centres_a, roots_a = _gaussians(means_a, covariances_a, "a")
    centres_b, roots_b = _gaussians(means_b, covariances_b, "b")
    if centres_a.shape[1] != centres_b.shape[1]:
        raise ValueError(
            f"means_a have {centres_a.shape[1]} dimensions and means_b {centres_b.shape[1]}; "
            "compare mixtures of one space"
        )
    shift = np.sum((centres_a[:, None] - centres_b[None]) ** 2, axis=-1)
    left, _, right = np.linalg.svd(roots_b[None] @ roots_a[:, None])
    gap = roots_a[:, None] - roots_b[None] @ (left @ right)
    return shift + np.sum(gap**2, axis=(-2, -1))


def _gaussians(means: ArrayLike, covariances: ArrayLike, name: str) -> tuple[Array, Array]:
    """Means and square roots of the covariances, after validation."""
    centres, spreads = floats(f"means_{name}", means), floats(f"covariances_{name}", covariances)
    if centres.ndim != 2 or spreads.shape != (*centres.shape, centres.shape[1]):
        raise ValueError(
            f"means_{name} must be (K, d) and covariances_{name} (K, d, d), "
            f"got {centres.shape} and {spreads.shape}"
        )
    for what, given in ((f"means_{name}", centres), (f"covariances_{name}", spreads)):
        _refuse_components(~np.isfinite(given), f"{what} hold NaN or infinite numbers", "mend them")
    slack = 1e-6 * np.abs(spreads).max(initial=0.0)
    _refuse_components(
        np.abs(spreads - spreads.swapaxes(-1, -2)) > slack,
        f"covariances_{name} must be symmetric",
        "take the mean of each and its transpose",
    )
    values, vectors = np.linalg.eigh((spreads + spreads.swapaxes(-1, -2)) / 2)
    _refuse_components(
        values < -slack,
        f"covariances_{name} must be positive semi-definite, got an eigenvalue "
        f"{values.min(initial=0.0):.3g}",
        "these are no covariances",
    )
    roots = np.sqrt(np.clip(values, 0.0, None))
    return centres, (vectors * roots[:, None, :]) @ vectors.swapaxes(-1, -2)


def _distribution(weights: ArrayLike, name: str) -> Array:
    values = floats(name, weights)
    if values.ndim != 1:
        raise ValueError(f"{name} must be a vector (K,), got shape {values.shape}; flatten it")
    _refuse_components(
        ~np.isfinite(values) | (values < 0), f"{name} must be finite and ≥ 0", "mend them"
    )
    if not abs(values.sum() - 1.0) <= 1e-6:
        raise ValueError(f"{name} must sum to 1, got {values.sum():.6g}; divide them by their sum")
    return values / values.sum()


def _refuse_components(wrong: NDArray[np.bool_], fault: str, remedy: str) -> None:
    refuse_members(torch.from_numpy(wrong), fault, remedy, members="components")
