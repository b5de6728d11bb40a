"""Scores of S= and S≠ under resampled images: exactly those of `metrics.stability`, all at once.

A resample is a row of counts, as in `resampling`: all distances of an image are drawn together. A
score is NaN in a resample that leaves it undefined.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from saliency_audit.ledger.resampling import Counts, Floats
from saliency_audit.metrics import FoldDistances

# Entries of the table resamples × distances computed at once: few enough for the processor's cache.
ENTRIES_AT_ONCE = 50_000
BINS = 50


def mege(sets: FoldDistances, counts: Counts) -> Floats:
    """MeGe in every resample: `(R,)`. `counts` is `(R, images)`."""
    return np.asarray(1 / (1 + mean_equal(sets, counts)))


def mean_equal(sets: FoldDistances, counts: Counts) -> Floats:
    """Mean distance of S= in every resample: `(R,)`."""
    images, weights = counts.shape[1], counts.astype(float)
    totals = np.bincount(sets.equal_images, weights=sets.equal, minlength=images)
    sizes = np.bincount(sets.equal_images, minlength=images).astype(float)
    with np.errstate(invalid="ignore"):
        return np.asarray((weights @ totals) / (weights @ sizes))


@dataclass(frozen=True)
class _Below:
    """At every drawn threshold: how much of each set lies strictly below, at, strictly above it.

    All are `(T, R)` for T distances in rising order; `drawn` is how often the threshold was drawn.
    `of_equal` and `of_different` are the sizes of both sets, `(R,)`.
    """

    drawn: Floats
    equal_below: Floats
    equal_above: Floats
    different_below: Floats
    different_above: Floats
    of_equal: Floats
    of_different: Floats

    @property
    def equal_at(self) -> Floats:
        return self.of_equal - self.equal_below - self.equal_above

    @property
    def different_at(self) -> Floats:
        return self.of_different - self.different_below - self.different_above


def _blocks(sets: FoldDistances, counts: Counts, score: Callable[[_Below], Floats]) -> Floats:
    """A score of every resample, some resamples at a time: `(R,)`."""
    if not sets.equal.size or not sets.different.size:
        return np.full(len(counts), np.nan)
    values = np.concatenate([sets.equal, sets.different])
    images = np.concatenate([sets.equal_images, sets.different_images])
    order = np.argsort(values, kind="stable")
    values, images = values[order], images[order]
    is_equal = (np.arange(len(values)) < len(sets.equal))[order]
    # Start and end (exclusive) of the run of equal values that each distance belongs to.
    first = np.searchsorted(values, values, side="left")
    last = np.searchsorted(values, values, side="right")
    columns = max(1, ENTRIES_AT_ONCE // len(values))
    parts = []
    for start in range(0, len(counts), columns):
        block = np.ascontiguousarray(counts[start : start + columns].T, dtype=float)
        sums = []
        for own in (is_equal, ~is_equal):
            # How much of the set is drawn up to each place in it, and its places before each value.
            up_to = np.zeros((np.count_nonzero(own) + 1, block.shape[1]))
            np.cumsum(block[images[own]], axis=0, out=up_to[1:])
            places = np.concatenate([[0], np.cumsum(own)])
            sums += [up_to[places[first]], up_to[-1] - up_to[places[last]], up_to[-1]]
        equal_below, equal_above, of_equal, different_below, different_above, of_different = sums
        found = _Below(
            drawn=block[images],
            equal_below=equal_below,
            equal_above=equal_above,
            different_below=different_below,
            different_above=different_above,
            of_equal=of_equal,
            of_different=of_different,
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            parts.append(score(found))
    return np.concatenate(parts)


def _rates(found: _Below, definition: str) -> Floats:
    """TPR + TNR − 1 at every threshold; NaN where it was not drawn or a rate is 0/0."""
    if definition == "balanced":
        scores = found.equal_below / found.of_equal
        scores += found.different_above / found.of_different
    elif definition == "printed":
        scores = found.equal_below / (found.equal_below + found.different_below)
        scores += found.different_above / (found.equal_above + found.different_above)
    else:
        raise ValueError(f"definition must be 'printed' or 'balanced', got {definition!r}")
    scores -= 1
    scores[found.drawn == 0] = np.nan
    return np.asarray(scores)


def reco(sets: FoldDistances, counts: Counts, definition: str) -> Floats:
    """ReCo in every resample, in either definition: `(R,)`."""

    def largest(found: _Below) -> Floats:
        return np.asarray(np.fmax.reduce(_rates(found, definition), axis=0))

    return _blocks(sets, counts, largest)


def reco_auc(sets: FoldDistances, counts: Counts, definition: str) -> Floats:
    """ReCo averaged over the thresholds, in every resample: `(R,)`."""

    def mean(found: _Below) -> Floats:
        scores = _rates(found, definition)
        weights = np.where(np.isnan(scores), 0.0, found.drawn)
        return np.asarray((np.nan_to_num(scores) * weights).sum(axis=0) / weights.sum(axis=0))

    return _blocks(sets, counts, mean)


def auroc(sets: FoldDistances, counts: Counts) -> Floats:
    """Share of pairs, one from S= and one from S≠, where S≠'s is larger; ties half: `(R,)`."""

    def area(found: _Below) -> Floats:
        # Each distance in a run of ties counts for its own share of the draws at that value.
        own = _own_share(found)
        won = (own * (found.equal_below + 0.5 * found.equal_at)).sum(axis=0)
        return np.asarray(won / (found.of_equal * found.of_different))

    return _blocks(sets, counts, area)


def _own_share(found: _Below) -> Floats:
    different_at = found.different_at
    at = found.equal_at + different_at
    return np.asarray(np.where(at > 0, found.drawn * different_at / np.where(at > 0, at, 1), 0))


def overlap(sets: FoldDistances, counts: Counts, bins: int = BINS) -> Floats:
    """Common area of the histograms of S= and S≠ on [0, 1], each of area 1: `(R,)`."""
    if not sets.equal.size or not sets.different.size:
        return np.full(len(counts), np.nan)
    shares = []
    for values, images in (
        (sets.equal, sets.equal_images),
        (sets.different, sets.different_images),
    ):
        place = np.minimum((values * bins).astype(int), bins - 1)
        table = np.zeros((counts.shape[1], bins))
        np.add.at(table, (images, place), 1.0)
        histogram = counts.astype(float) @ table
        with np.errstate(invalid="ignore"):
            shares.append(histogram / histogram.sum(axis=1, keepdims=True))
    return np.asarray(np.minimum(*shares).sum(axis=1))


def once(images: int) -> NDArray[np.int64]:
    """The counts that draw every image once: the images themselves."""
    return np.ones((1, images), dtype=np.int64)


STATISTICS: dict[str, Callable[[FoldDistances, Counts], Floats]] = {
    "mege": mege,
    "reco_balanced": partial(reco, definition="balanced"),
    "reco_printed": partial(reco, definition="printed"),
    "reco_auc_balanced": partial(reco_auc, definition="balanced"),
    "reco_auc_printed": partial(reco_auc, definition="printed"),
    "auroc": auroc,
    "overlap": overlap,
    "mean_equal": mean_equal,
}
