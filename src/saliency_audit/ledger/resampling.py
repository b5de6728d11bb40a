"""Paired bootstrap over images for statistics that are not means of per-image values.

A resample is a row of counts: how often each image was drawn. Every statistic of a comparison takes
the same counts for both methods, so that the images stay paired. Medians and means of all resamples
are computed at once from the counts; no resample is ever written out.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from saliency_audit.ledger.statistics import LEVEL, Estimate

Floats = NDArray[np.float64]
Counts = NDArray[np.integer]

# Columns of `resampled_medians` computed at once: few enough for the processor's cache.
_BLOCK = 32


# The comparisons of a table share a few numbers of images. At the size of the paper's study one
# entry is 0.4 GB (2000 resamples of 50,000 images at 4 bytes): keep no more than four.
@lru_cache(maxsize=4)
def resample_counts(n: int, resamples: int, seed: int = 0) -> Counts:
    """How often each of n images is drawn in each resample.

    Args:
        n: images, at least 1.
        resamples: at least 1.
        seed: fixes the draws, so that a published interval can be computed again.

    Returns:
        `(resamples, n)`, every row sums to n; read-only, because it is shared.

    Raises:
        ValueError: no image, or no resample.
    """
    if n < 1 or resamples < 1:
        raise ValueError(f"nothing to resample: {n} images, {resamples} resamples")
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=resamples)
    counts: Counts = drawn.astype(_kind(n))
    counts.setflags(write=False)
    return counts


def _kind(n: int) -> type[np.integer]:
    """The smallest type of integer that counts to n: the smaller, the faster."""
    return np.int16 if n <= np.iinfo(np.int16).max else np.int32


def resampled_means(values: Floats, counts: Counts) -> Floats:
    """Mean of every column in every resample.

    Args:
        values: `(n, k)`.
        counts: `(R, n)`.

    Returns:
        `(R, k)`; NaN where a resample holds none of the n images.
    """
    weights = counts.astype(float)
    with np.errstate(invalid="ignore"):
        means: Floats = weights @ values / weights.sum(axis=1, keepdims=True)
    return means


def resampled_table_means(values: Floats, rows: Counts, columns: Counts) -> Floats:
    """Mean of the rows' means, where rows and columns are both resampled.

    Args:
        values: `(n, k)`; cells that are not finite are left out.
        rows: `(R, n)` how often each row is drawn.
        columns: `(R, k)` how often each column is.

    Returns:
        `(R,)`; a row without a finite cell among its drawn columns is left out; NaN if no row is
        left.
    """
    known = np.isfinite(values)
    drawn, weights = columns.T.astype(float), rows.T.astype(float)
    counts = known.astype(float) @ drawn
    sums = np.where(known, values, 0.0) @ drawn
    means = np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0)
    weights = weights * (counts > 0)
    total = weights.sum(axis=0)
    found = (weights * means).sum(axis=0)
    return np.divide(found, total, out=np.full(len(total), np.nan), where=total > 0)


def resampled_medians(values: Floats, counts: Counts) -> Floats:
    """Median of every column in every resample, exactly as `numpy.median` of the drawn rows.

    Each column is sorted once. The counts of the images are added up in that order; the median is
    where the sum passes the middle. This takes n additions for all resamples instead of a sort for
    each.

    Args:
        values: `(n, k)`.
        counts: `(R, n)`, every row sums to n.

    Returns:
        `(R, k)`.

    Raises:
        ValueError: values that are not finite, or counts that do not sum to n.
    """
    n, columns = values.shape
    if not np.isfinite(values).all():
        raise ValueError("medians need finite values")
    if counts.shape[1] != n or (counts.sum(axis=1) != n).any():
        raise ValueError(f"the counts of each resample must sum to the {n} images")
    order = np.argsort(values, axis=0, kind="stable")
    ranked = np.take_along_axis(values, order, axis=0)
    drawn = np.ascontiguousarray(counts.T, dtype=_kind(n))
    weights = drawn.astype(np.float32)
    medians = np.empty((len(counts), columns))
    for start in range(0, columns, _BLOCK):
        block = slice(start, start + _BLOCK)
        low, high = _middle_ranks(order[:, block], drawn, weights)
        below = np.take_along_axis(ranked[:, block], low.T.astype(np.intp), axis=0)
        above = np.take_along_axis(ranked[:, block], high.T.astype(np.intp), axis=0)
        medians[:, block] = (below + above) / 2
    return medians


def _middle_ranks(
    order: NDArray[np.intp], drawn: Counts, weights: NDArray[np.float32]
) -> tuple[Counts, Counts]:
    """Ranks of the two middle values (the same for odd n): `(columns, R)` each."""
    n = len(order)
    lower, upper = (n - 1) // 2, n // 2
    first, below = _below_the_middle(order, weights)
    reached: Counts = below.astype(drawn.dtype)
    low: Counts = np.full_like(reached, first)
    high: Counts = low if lower == upper else low.copy()
    drawn_here = np.empty_like(reached)
    for rank in range(first, n):
        np.take(drawn, order[rank], axis=0, out=drawn_here, mode="clip")
        reached += drawn_here
        short = reached <= upper
        if high is not low:
            low += reached <= lower
        high += short
        if not short.any():
            break
    return low, high


def _below_the_middle(
    order: NDArray[np.intp], weights: NDArray[np.float32]
) -> tuple[int, NDArray[np.float32]]:
    """A rank safely below every middle, and how much is drawn below it: `(columns, R)`.

    The number of n draws below rank r is binomial. Six standard deviations below the middle are
    safe for all resamples except by rare chance; then counting starts at the bottom.
    """
    n, columns = order.shape
    first = max(0, int(n / 2 - 3 * np.sqrt(n)))
    below = np.zeros((columns, n), dtype=np.float32)
    np.put_along_axis(below, order[:first].T, 1, axis=1)
    reached: NDArray[np.float32] = below @ weights
    if (reached > (n - 1) // 2).any():
        return 0, np.zeros_like(reached)
    return first, reached


def estimate_from(point: float, draws: Floats, n: int) -> Estimate:
    """A statistic with its 95 % percentile interval.

    Args:
        point: its value on the images themselves.
        draws: `(R,)` its values on the resamples.
        n: images.
    """
    low, high = percentile_interval(draws)
    return Estimate(float(point), float(low), float(high), n)


def percentile_interval(draws: Floats, *, outward: bool = False) -> tuple[Floats, Floats]:
    """The middle 95 % of resamples.

    Args:
        draws: `(R, …)`, the resamples along the first axis.
        outward: where an end falls between two draws, take the outer one, for values that mean
            nothing in between; otherwise interpolate.

    Returns:
        Lower and upper end, `(…)` each.
    """
    tail = (1 - LEVEL) / 2
    if outward:
        low = np.quantile(draws, tail, axis=0, method="lower")
        return low, np.quantile(draws, 1 - tail, axis=0, method="higher")
    low, high = np.quantile(draws, [tail, 1 - tail], axis=0)
    return low, high


def bootstrap_p(draws: Floats, alternative: str) -> float:
    """One-sided bootstrap p value: the share of resamples on the wrong side of zero, or on it.

    Args:
        draws: `(R,)` resampled differences.
        alternative: "greater" (the difference is above 0) or "less".

    Returns:
        p in [1/(R+1), 1]: the observed value counts as one more draw, so that p is never 0.

    Raises:
        ValueError: another alternative.
    """
    if alternative not in ("greater", "less"):
        raise ValueError(f'alternative must be "greater" or "less", got {alternative!r}')
    wrong = draws <= 0 if alternative == "greater" else draws >= 0
    return float((1 + np.count_nonzero(wrong)) / (1 + len(draws)))


# Expected number of resamples beyond the threshold of Holm's first step: it varies by about a fifth
# between repeats, and the p value with it.
BEYOND_THE_THRESHOLD = 20


def enough_resamples(declared: int, comparisons: int, alpha: float) -> int:
    """The declared number of resamples, or more where Holm's first step needs them.

    The first step asks for p < alpha/m with m comparisons. At that threshold, only about R·alpha/m
    of R resamples lie beyond. R is chosen so that this number is 20, which varies by about a fifth
    between repeats.
    """
    return max(declared, int(np.ceil(BEYOND_THE_THRESHOLD * comparisons / alpha)))


def mean_of_statistics(
    tables: Sequence[pd.DataFrame],
    statistic: Callable[[Floats], Floats],
    resamples: int,
) -> Estimate:
    """Mean over several comparisons of a statistic of means, resampled by image.

    An image in several comparisons is drawn for all of them together: their differences are not
    independent.

    Args:
        tables: per comparison a table, image × quantity, without gaps.
        statistic: from means `(…, k)` to one number each `(…)`.
        resamples: number of resamples.

    Returns:
        The mean with its interval; n is the number of distinct images.
    """
    images = pd.Index(sorted(set().union(*(table.index for table in tables))))
    counts = resample_counts(len(images), resamples)
    points, draws = [], []
    for table in tables:
        values = table.to_numpy(dtype=float)
        drawn = counts[:, images.get_indexer(table.index)]
        points.append(statistic(values.mean(axis=0)))
        draws.append(statistic(resampled_means(values, drawn)))
    # A resample may draw none of the images of a small comparison; it is then left out.
    together = np.mean(draws, axis=0)
    return estimate_from(float(np.mean(points)), together[np.isfinite(together)], len(images))
