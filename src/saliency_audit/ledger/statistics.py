"""Statistics of the external tests: paired bootstrap, signed ranks, Holm's correction."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

RESAMPLES = 9999
LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A value (a mean, a share, a slope, …) with its interval over n images, folds or parts."""

    value: float
    low: float
    high: float
    n: int

    @classmethod
    def exact(cls, value: float, n: int) -> "Estimate":
        """A number that was computed and not sampled: its interval is a point."""
        return Estimate(value, value, value, n)

    @classmethod
    def without_interval(cls, value: float, n: int) -> "Estimate":
        """A number whose uncertainty is unknown: the ends are NaN."""
        return Estimate(value, float("nan"), float("nan"), n)


def bootstrap_mean(
    values: NDArray[np.float64], images: Sequence[Hashable] | None = None, seed: int = 0
) -> Estimate:
    """Mean of per-image values with a 95 % percentile bootstrap interval over images.

    Args:
        values: `(m,)` values or paired differences, at least one, all finite.
        images: the image each value belongs to; every value its own image if not given. Values of
            one image (under several models, say) are resampled together: they are not independent.
        seed: fixes the resamples, so that a recorded interval can be recomputed exactly.

    Returns:
        Mean over all values, its interval, and n, the number of distinct images.

    Raises:
        ValueError: no value, values that are not finite, or another number of images.
    """
    values = np.asarray(values, dtype=float)
    if len(values) == 0:
        raise ValueError("a mean needs at least one value, got none")
    if not np.isfinite(values).all():
        bad = int((~np.isfinite(values)).sum())
        raise ValueError(f"a mean needs finite values, got {bad} of {len(values)} that are not")
    _, group = np.unique(
        np.arange(len(values)) if images is None else np.asarray(images), return_inverse=True
    )
    if len(group) != len(values):
        raise ValueError(f"{len(values)} values of {len(group)} images")
    counts = np.bincount(group).astype(float)
    sums = np.bincount(group, weights=values)
    mean, n = float(values.mean()), len(counts)
    if n == 1 or np.ptp(values) == 0:
        return Estimate.exact(mean, n)
    found = stats.bootstrap(
        (sums, counts),
        lambda sums, counts, axis: sums.sum(axis=axis) / counts.sum(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLES,
        confidence_level=LEVEL,
        method="percentile",
        rng=np.random.default_rng(seed),
        batch=1000,
    ).confidence_interval
    return Estimate(mean, float(found.low), float(found.high), n)


def median_interval(values: NDArray[np.float64]) -> Estimate:
    """Median with its interval between two order statistics, exact for any distribution.

    The interval from the k-th lowest to the k-th highest value misses the median only if fewer than
    k values lie on one side of it, which has a binomial probability. k is the largest for which the
    two sides together have at most 5 %: 1 for six to eight values, 2 for nine to eleven.

    Args:
        values: `(n,)`, at least one.

    Returns:
        Median, interval and n; the ends are two of the values, or NaN for fewer than six, of which
        no two hold the median with 95 %.
    """
    ordered = np.sort(values)
    n, median = len(ordered), float(np.median(ordered))
    rank = int(stats.binom.ppf((1 - LEVEL) / 2, n, 0.5))
    if rank == 0:
        return Estimate.without_interval(median, n)
    return Estimate(median, float(ordered[rank - 1]), float(ordered[n - rank]), n)


def jackknife(point: float, without_each: NDArray[np.float64]) -> Estimate:
    """A number with its 95 % jackknife interval over the few parts that it was computed from.

    Args:
        point: computed from all k parts.
        without_each: `(k,)`, computed without each of them.

    Returns:
        The number ± Student's t with k − 1 degrees of freedom times the jackknife's standard error,
        n = k; NaN as ends if a number is undefined or k is 1.
    """
    k = len(without_each)
    if k < 2 or not np.isfinite([point, *without_each]).all():
        return Estimate.without_interval(point, k)
    error = np.sqrt((k - 1) / k * ((without_each - without_each.mean()) ** 2).sum())
    reach = float(stats.t.ppf((1 + LEVEL) / 2, k - 1) * error)
    return Estimate(point, point - reach, point + reach, k)


def signed_rank_p(differences: NDArray[np.float64], alternative: str) -> float:
    """One-sided Wilcoxon signed-rank p value of paired differences.

    Args:
        differences: `(n,)`.
        alternative: "greater" (differences tend to be above 0) or "less".

    Returns:
        p in [0, 1]; 1 if every difference is zero.

    Raises:
        ValueError: a difference that is not finite.
    """
    differences = np.asarray(differences, dtype=float)
    if not np.isfinite(differences).all():
        raise ValueError("signed ranks need finite differences")
    if not np.any(differences):
        return 1.0
    return float(stats.wilcoxon(differences, alternative=alternative).pvalue)


def rank_correlations(
    first: NDArray[np.float64], second: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Spearman's correlation of each row of two tables `(R, n)`; NaN where a row does not vary."""
    ranks = [stats.rankdata(part, axis=1) for part in (first, second)]
    one, other = (part - part.mean(axis=1, keepdims=True) for part in ranks)
    with np.errstate(invalid="ignore"):
        spread = np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1))
        return np.asarray((one * other).sum(axis=1) / spread)


def correlation_interval(r: float, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Confidence interval of a correlation of n pairs, by Fisher's z.

    Args:
        r: Pearson's correlation; of ±1 the interval is a point.
        n: at least 4.
        level: of the interval.

    Raises:
        ValueError: too few pairs.
    """
    if n < 4:
        raise ValueError(f"Fisher's interval needs at least 4 pairs, got {n}")
    half = float(stats.norm.ppf((1 + level) / 2)) / np.sqrt(n - 3)
    with np.errstate(divide="ignore"):
        z = np.arctanh(r)
    return float(np.tanh(z - half)), float(np.tanh(z + half))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p values of a family, in the given order (Holm 1979).

    Raises:
        ValueError: a p value outside [0, 1], NaN included (it would rank as the largest and pass).
    """
    if not all(0 <= p <= 1 for p in p_values):
        raise ValueError(f"p values must lie in [0, 1], got {list(p_values)}")
    order = np.argsort(p_values)
    adjusted = np.empty(len(p_values))
    running = 0.0
    for rank, index in enumerate(order):
        running = max(running, (len(p_values) - rank) * p_values[index])
        adjusted[index] = min(1.0, running)
    return [float(p) for p in adjusted]
