"""Where EM begins: weighted k-means++ and a few rounds of k-means, of many sets at once."""

import math

import torch
from torch import Tensor

from saliency_audit.attributions.blocks import blocks
from saliency_audit.metrics.gaussian_mixtures import WeightedMixture, mixture_of_sums
from saliency_audit.metrics.weighted_points import IN_CACHE, Runs

# Rounds of k-means after its start, which settle most points.
ROUNDS = 5


def k_means_centres(points: Tensor, weights: Tensor, draws: Tensor) -> Tensor:
    """Centres by weighted k-means++ of B sets, R times each.

    Args:
        points: `(n, d)`.
        weights: `(B, n)`, whose rows sum to 1.
        draws: `(R, K)` random numbers in [0, 1), the same for all sets.

    Returns:
        `(B, R, K, d)`.
    """
    centres = points.new_empty(len(weights), *draws.shape, points.shape[1])
    for block in blocks(len(weights), len(draws) * len(points), IN_CACHE, points.device):
        centres[block] = _centres(points, weights[block, None], draws)
    return centres


def _centres(points: Tensor, weights: Tensor, draws: Tensor) -> Tensor:
    """Those of `k_means_centres`, of weights `(B, 1, n)`."""
    places = points.mT.contiguous()
    order = torch.arange(len(points), device=points.device)
    last = torch.where(weights > 0, order, 0).amax(dim=2)
    chance = weights.expand(-1, len(draws), -1)
    nearest = torch.full_like(chance, math.inf)
    found = []
    for chosen in draws.mT:
        total = chance.cumsum(dim=2)
        sought = chosen[:, None] * total[..., -1:]
        place = torch.searchsorted(total, sought, right=True)[..., 0].minimum(last)
        found.append(points[place])
        apart = torch.zeros_like(nearest)
        for axis, centre in zip(places, found[-1].unbind(dim=2), strict=True):
            apart += (axis - centre[..., None]).square_()
        nearest = torch.minimum(nearest, apart)
        chance = weights * nearest
    return torch.stack(found, dim=2)


def clusters(runs: Runs, centres: Tensor, floor: float) -> WeightedMixture:
    """Mixtures of the clusters of k-means.

    Args:
        runs: A of them.
        centres: `(A, K, d)`, where each begins.
        floor: of covariances.
    """
    size = centres.shape[2]
    sums = _cluster_sums(runs, centres)
    for _ in range(ROUNDS):
        count = sums[..., :1]
        moved = sums[..., 1 : 1 + size] / count.clamp(min=torch.finfo(count.dtype).tiny)
        centres = torch.where(count > 0, moved, centres)
        sums = _cluster_sums(runs, centres)
    return mixture_of_sums(sums, sums.new_zeros(len(sums)), floor)


def _cluster_sums(runs: Runs, centres: Tensor) -> Tensor:
    """Weighted sums of features over the points that are nearest to each centre: `(A, K, F)`."""
    size = centres.shape[2]

    def summands(number: Tensor, features: Tensor, weights: Tensor) -> tuple[Tensor]:
        shares = _assigned(features[:, 1 : 1 + size], centres[number], weights)
        return (shares @ features.mT,)

    return runs.sums(summands)[0]


def _assigned(places: Tensor, centres: Tensor, weights: Tensor) -> Tensor:
    """The weight of a point where a centre is its nearest, else 0: `(P, K, n)`."""
    # |x − c|² without |x|², which is the same for all centres.
    apart = torch.baddbmm(centres.square().sum(dim=2, keepdim=True), centres, places, alpha=-2)
    lowest = apart.amin(dim=1, keepdim=True)
    shares = apart.eq_(lowest)
    # Between centres at equal distance a point is divided.
    return shares.mul_(weights[:, None] / shares.sum(dim=1, keepdim=True))
