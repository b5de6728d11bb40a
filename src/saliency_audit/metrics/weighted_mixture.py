"""Gaussian mixtures of weighted points, fitted by expectation maximisation (EM)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from saliency_audit.attributions.precision import in_double
from saliency_audit.errors import is_finite, is_whole

# Rounds of k-means after its start, which settle most points.
ROUNDS = 5


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


def fit_weighted_gmm(
    points: Tensor,
    weights: Tensor,
    components: int = 10,
    *,
    start: WeightedMixture | None = None,
    restarts: int = 3,
    seed: int = 0,
    iterations: int = 200,
    tolerance: float = 1e-3,
    floor: float = 1e-6,
) -> WeightedMixture:
    """The mixture of `components` Gaussians under which weighted points are likely, by EM.

    A point of weight w counts as w copies of it: every sum over points is weighted. For whole
    weights this is the mixture of the duplicated points. All sets of weights share the random
    numbers, so that equal weights give equal mixtures; their scale does not matter.

    EM begins from weighted k-means++ with a few rounds of k-means, `restarts` times, and the
    likeliest result is kept; or from `start`, once.

    Args:
        points: `(n, d)`.
        weights: `(B, n)`, ≥ 0.
        components: K.
        start: mixtures of the B sets.
        restarts: how many times it begins anew.
        seed: of the starts.
        iterations: steps of EM at most.
        tolerance: EM ends when the mean log-likelihood rises by less, as in scikit-learn.
        floor: added to the diagonal of covariances, in squared units of the points, so that points
            on a line or at one place have a mixture.

    Returns:
        The B mixtures, float64, on the device of the weights.

    Raises:
        ValueError: shapes that do not fit, negative or infinite numbers, fewer points with weight
            than components.

    Source: XMGD §3.1; Gebru et al. 2016. Their weighted-data mixture divides covariances by the
    weights and is another one; XMGD duplicates points.
    """
    points, weights = in_double(points), in_double(weights)
    _validate(points, weights, components)
    _validate_effort(restarts, iterations, tolerance, floor)
    draws = np.random.default_rng(seed).random((restarts, components))
    drawn = torch.from_numpy(draws).to(weights)
    found = []
    # One set at a time, so that its mixture does not depend on the others, not even by rounding.
    for number, row in enumerate(weights):
        used = row > 0
        shares, places = (row[used] / row.sum())[None], points[used]
        features = _features(places)
        begun = (
            _from_k_means(features, places, shares, drawn, floor)
            if start is None
            else start.at(slice(number, number + 1))
        )
        ended = _em(features, shares, begun, iterations, tolerance, floor)
        best = int(ended.log_likelihood.argmax())
        found.append(ended.at(slice(best, best + 1)))
    return joined(found) if found else _none(points, components)


def joined(mixtures: Sequence[WeightedMixture]) -> WeightedMixture:
    """Mixtures one after the other."""
    parts = zip(*(vars(mixture).values() for mixture in mixtures), strict=True)
    return WeightedMixture(*(torch.cat(values) for values in parts))


def _none(points: Tensor, components: int) -> WeightedMixture:
    size = points.shape[1]
    return WeightedMixture(
        points.new_empty(0, components),
        points.new_empty(0, components, size),
        points.new_empty(0, components, size, size),
        points.new_empty(0),
        points.new_empty(0).bool(),
    )


def _em(
    features: Tensor,
    weights: Tensor,
    start: WeightedMixture,
    iterations: int,
    tolerance: float,
    floor: float,
) -> WeightedMixture:
    """Steps of EM from several starts; one that has converged is left as it is."""
    count = len(start.weights)
    found = replace(
        start,
        log_likelihood=weights.new_full((count,), -math.inf),
        converged=torch.zeros(count, dtype=torch.bool, device=weights.device),
    )
    kept = [value.clone() for value in vars(found).values()]
    active = torch.arange(count, device=weights.device)
    for _ in range(iterations):
        moved = _step(features, weights, found, floor)
        # The likelihood is that of the parameters before the step, as in scikit-learn.
        still = moved.log_likelihood - found.log_likelihood
        found = replace(moved, converged=still.abs() < tolerance)
        for whole, part in zip(kept, vars(found).values(), strict=True):
            whole[active] = part
        if found.converged.all():
            break
        going = ~found.converged
        found, active = found.at(going), active[going]
    return WeightedMixture(*kept)


def _step(
    features: Tensor, weights: Tensor, mixture: WeightedMixture, floor: float
) -> WeightedMixture:
    """One step of EM: where the points belong, then the mixture that follows from it."""
    logs = _coefficients(mixture) @ features
    highest = logs.amax(dim=1, keepdim=True)
    shares = logs.sub_(highest).exp_()
    total = shares.sum(dim=1, keepdim=True)
    shares.mul_(weights[:, None] / total)
    likelihood = (weights * (highest + total.log())[:, 0]).sum(dim=1)
    return _mixture(shares @ features.mT, likelihood, floor)


def _mixture(sums: Tensor, likelihood: Tensor, floor: float) -> WeightedMixture:
    """The mixture of weighted sums of features: `(B, K, F)`."""
    size = (math.isqrt(1 + 8 * sums.shape[2]) - 3) // 2
    count = sums[..., 0] + 10 * torch.finfo(sums.dtype).eps  # a component may lose all points
    averages = sums[..., 1:] / count[..., None]
    means, squares = averages[..., :size], averages[..., size:]
    first, second = torch.triu_indices(size, size)
    covariances = sums.new_zeros(*means.shape, size)
    products = squares - means[..., first] * means[..., second]
    covariances[..., first, second] = products
    covariances[..., second, first] = products
    covariances.diagonal(dim1=2, dim2=3).clamp_(min=0).add_(floor)
    return WeightedMixture(
        count / count.sum(dim=1, keepdim=True),
        means,
        covariances,
        likelihood,
        torch.zeros_like(likelihood, dtype=torch.bool),
    )


def _features(points: Tensor) -> Tensor:
    """1, the coordinates and their products: `(n, d)` -> `(F, n)`; log densities are linear."""
    first, second = torch.triu_indices(points.shape[1], points.shape[1])
    products = points[:, first] * points[:, second]
    return torch.cat([torch.ones_like(points[:, :1]), points, products], dim=1).mT.contiguous()


def _coefficients(mixture: WeightedMixture) -> Tensor:
    """log(π_k N(x; μ_k, Σ_k)) as coefficients of the features: `(B, K, F)`."""
    size = mixture.means.shape[2]
    factors = torch.linalg.cholesky(mixture.covariances)
    precisions = torch.cholesky_inverse(factors)
    linear = torch.einsum("bkij,bkj->bki", precisions, mixture.means)
    constant = (
        mixture.weights.log()
        - size / 2 * math.log(2 * math.pi)
        - factors.diagonal(dim1=2, dim2=3).log().sum(dim=2)
        - torch.linalg.vecdot(linear, mixture.means) / 2
    )
    first, second = torch.triu_indices(size, size)
    # Products of two different coordinates stand for both orders.
    products = precisions[..., first, second] * torch.where(first == second, -0.5, -1.0).to(linear)
    return torch.cat([constant[..., None], linear, products], dim=2)


def _from_k_means(
    features: Tensor, points: Tensor, weights: Tensor, draws: Tensor, floor: float
) -> WeightedMixture:
    """Mixtures of the clusters of k-means, R of them, from weighted k-means++.

    Args:
        features: of the points.
        points: `(n, d)`.
        weights: `(1, n)`, which sum to 1.
        draws: `(R, K)` random numbers in [0, 1).
        floor: of covariances.
    """
    places = points.mT.contiguous()
    centres = points.new_empty(*draws.shape, points.shape[1])
    chance = weights.expand(len(draws), -1)
    nearest = torch.full_like(chance, math.inf)
    for number, chosen in enumerate(draws.mT):
        total = chance.cumsum(dim=1)
        place = torch.searchsorted(total, chosen[:, None] * total[:, -1:], right=True)[:, 0]
        centres[:, number] = points[place.clamp(max=weights.shape[1] - 1)]
        apart = (places[None] - centres[:, number, :, None]).square_().sum(dim=1)
        nearest = torch.minimum(nearest, apart)
        chance = weights * nearest
    for _ in range(ROUNDS):
        sums = _assigned(places, centres, weights) @ features.mT
        count = sums[..., :1]
        moved = sums[..., 1 : 1 + points.shape[1]] / count.clamp(min=torch.finfo(count.dtype).tiny)
        centres = torch.where(count > 0, moved, centres)
    sums = _assigned(places, centres, weights) @ features.mT
    return _mixture(sums, points.new_zeros(len(draws)), floor)


def _assigned(places: Tensor, centres: Tensor, weights: Tensor) -> Tensor:
    """The weight of a point where a centre is its nearest, else 0: `(B, K, n)`."""
    # |x − c|² without |x|², which is the same for all centres.
    apart = torch.baddbmm(
        centres.square().sum(dim=2, keepdim=True),
        centres,
        places.expand(len(centres), -1, -1),
        alpha=-2,
    )
    lowest = apart.amin(dim=1, keepdim=True)
    shares = (apart == lowest).to(weights)
    # Between centres at equal distance a point is divided.
    return shares.mul_(weights[:, None] / shares.sum(dim=1, keepdim=True))


def _validate(points: Tensor, weights: Tensor, components: int) -> None:
    if points.ndim != 2 or weights.ndim != 2 or weights.shape[1] != len(points):
        raise ValueError(
            f"points must be (n, d) and weights (B, n), got {tuple(points.shape)} and "
            f"{tuple(weights.shape)}"
        )
    if not is_whole(components) or components < 1:
        raise ValueError(f"components must be a whole number ≥ 1, got {components!r}")
    if not (points.isfinite().all() and weights.isfinite().all()) or (weights < 0).any():
        raise ValueError("points and weights must be finite, and weights at least 0")
    fewest = int((weights > 0).sum(dim=1).min()) if len(weights) else components
    if fewest < components:
        raise ValueError(
            f"{components} components need as many points with weight, one set has {fewest}; ask "
            "for fewer components"
        )


def _validate_effort(restarts: int, iterations: int, tolerance: float, floor: float) -> None:
    for name, value in (("restarts", restarts), ("iterations", iterations)):
        if not is_whole(value) or value < 1:
            raise ValueError(f"{name} must be a whole number ≥ 1, got {value!r}")
    for name, number in (("tolerance", tolerance), ("floor", floor)):
        if not is_finite(number) or number <= 0:
            raise ValueError(f"{name} must be a finite number above 0, got {number!r}")
