"""Gaussian mixtures of weighted points, fitted by expectation maximisation (EM)."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from saliency_audit.attributions.blocks import blocks
from saliency_audit.attributions.members import (
    refuse_endless,
    refuse_members,
    refuse_negative,
)
from saliency_audit.attributions.precision import in_double
from saliency_audit.errors import refuse_non_numbers, refuse_number, refuse_other_type
from saliency_audit.metrics.gaussian_mixtures import (
    WeightedMixture,
    joined,
    log_densities,
    mixture_of_sums,
)
from saliency_audit.metrics.mixture_start import clusters, k_means_centres
from saliency_audit.metrics.weighted_points import (
    IN_MEMORY,
    Runs,
    WeightedPoints,
    in_pieces,
)


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
    numbers, so that equal weights give equal mixtures; their scale does not matter. Sets are fitted
    together, as many as memory allows, and each ends by itself: what it becomes does not depend on
    the others.

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
    for name, whole in (
        ("components", components),
        ("restarts", restarts),
        ("iterations", iterations),
    ):
        refuse_number(name, whole, "whole")
    refuse_number("seed", seed, "from 0")
    for name, number in (("tolerance", tolerance), ("floor", floor)):
        refuse_number(name, number, "positive")
    for name, given in (("points", points), ("weights", weights)):
        refuse_non_numbers(name, given)
    points, weights = in_double(points), in_double(weights)
    _validate(points, weights, components)
    if start is not None:
        _validate_start(start, len(weights), components, points.shape[1])
    draws = np.random.default_rng(seed).random((restarts, components))
    drawn = torch.from_numpy(draws).to(weights)

    def ended(block: slice) -> WeightedMixture:
        shares = weights[block] / weights[block].sum(dim=1, keepdim=True)
        pieces = in_pieces(points, shares)
        sets = torch.arange(len(shares), device=shares.device)
        if start is not None:
            return _em(pieces, sets, start.at(block), iterations, tolerance, floor)
        sets = sets.repeat_interleave(restarts)
        centres = k_means_centres(points, shares, drawn).flatten(0, 1)
        begun = clusters(pieces.runs(sets, components), centres, floor)
        return _likeliest(_em(pieces, sets, begun, iterations, tolerance, floor), restarts)

    together = blocks(len(weights), points.numel(), IN_MEMORY, points.device)
    found = [ended(block) for block in together]
    return joined(found) if found else _none(points, components)


def _likeliest(mixtures: WeightedMixture, restarts: int) -> WeightedMixture:
    """Of each set's runs, which follow each other, the likeliest."""
    best = mixtures.log_likelihood.unflatten(0, (-1, restarts)).argmax(dim=1)
    return mixtures.at(best + restarts * torch.arange(len(best), device=best.device))


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
    points: WeightedPoints,
    sets: Tensor,
    start: WeightedMixture,
    iterations: int,
    tolerance: float,
    floor: float,
) -> WeightedMixture:
    """Steps of EM from several starts; one that has converged is left as it is.

    Args:
        points: of all sets.
        sets: `(A,)`, of which each start is.
        start: A mixtures.
        iterations: steps at most.
        tolerance: rise of the likelihood at which a run ends.
        floor: of covariances.
    """
    found = replace(
        start,
        log_likelihood=torch.full_like(start.log_likelihood, -math.inf),
        converged=torch.zeros_like(start.converged),
    )
    kept = [value.clone() for value in vars(found).values()]
    active, components = torch.arange(len(sets), device=sets.device), start.weights.shape[1]
    runs = points.runs(sets, components)
    for turn in range(1, iterations + 1):
        moved = _step(runs, found, floor)
        # The likelihood is that of the parameters before the step, as in scikit-learn.
        still = moved.log_likelihood - found.log_likelihood
        found = replace(moved, converged=still.abs() < tolerance)
        if turn < iterations and not found.converged.any():
            continue
        for whole, part in zip(kept, vars(found).values(), strict=True):
            whole[active] = part
        going = ~found.converged
        if not going.any():
            break
        found, active = found.at(going), active[going]
        runs = points.runs(sets[active], components)
    return WeightedMixture(*kept)


def _step(runs: Runs, mixture: WeightedMixture, floor: float) -> WeightedMixture:
    """One step of EM: where the points belong, then the mixtures that follow from it."""
    lines = log_densities(mixture)

    def summands(number: Tensor, features: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        logs = lines.index_select(0, number) @ features
        highest = logs.amax(dim=1, keepdim=True)
        shares = logs.sub_(highest).exp_()
        total = shares.sum(dim=1, keepdim=True)
        shares.mul_(weights[:, None] / total)
        likelihood = (weights * (highest + total.log())[:, 0]).sum(dim=1)
        return shares @ features.mT, likelihood

    sums, likelihood = runs.sums(summands)
    return mixture_of_sums(sums, likelihood, floor)


def _validate(points: Tensor, weights: Tensor, components: int) -> None:
    if points.ndim != 2 or weights.ndim != 2 or weights.shape[1] != len(points):
        raise ValueError(
            f"points must be (n, d) and weights (B, n), got {tuple(points.shape)} and "
            f"{tuple(weights.shape)}; one set is a batch of one: weights[None]"
        )
    if not points.numel():
        raise ValueError(f"points must be at least one number each, got {tuple(points.shape)}")
    refuse_endless(points, "points", "leave these out", members="points")
    refuse_endless(weights, "weights", "mend or leave out these", members="sets")
    refuse_negative(weights, "weights", "mend or leave out these", members="sets")
    counts = (weights > 0).sum(dim=1)
    refuse_few_points(counts, components, "points with weight", "fewer components", members="sets")


def _validate_start(start: WeightedMixture, count: int, components: int, size: int) -> None:
    refuse_other_type("start", start, WeightedMixture, "fit_weighted_gmm makes one")
    wanted = (count, components, size)
    if tuple(start.means.shape) != wanted:
        raise ValueError(
            f"start must have means (B, K, d) of {wanted}, got {tuple(start.means.shape)}; fit it "
            "to as many sets with as many components"
        )


def refuse_few_points(
    counts: Tensor,
    components: int,
    what: str,
    remedy: str,
    *,
    members: str,
    labels: Sequence[object] | None = None,
) -> None:
    """Refuse sets with fewer points than a mixture has components.

    Args:
        counts: `(B,)` points of each set.
        components: of a mixture.
        what: the points in the message.
        remedy: what to ask for.
        members: what one set is.
        labels: what each is called.

    Raises:
        ValueError: names the sets.
    """
    fewest = int(counts.min()) if len(counts) else components
    refuse_members(
        counts < components,
        f"{components} components need as many {what}, and some {members} have fewer, down to "
        f"{fewest}",
        f"ask for {remedy}",
        members=members,
        labels=labels,
    )
