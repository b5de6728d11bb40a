"""Rows of `mege_stability`: the distances of one method under one series of predictors."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from saliency_audit.ledger.external.ending import named, require_columns
from saliency_audit.ledger.fold_statistics import STATISTICS, once
from saliency_audit.ledger.resampling import Counts, resample_counts
from saliency_audit.metrics import FoldDistances, sorted_by_agreement
from saliency_audit.models.architectures import is_constrained
from saliency_audit.study.explanations import MAPS, METHODS
from saliency_audit.study.predictors import DEGRADATIONS

Floats = NDArray[np.float64]

# Scores that need S= alone.
OF_EQUAL = ("mege", "mean_equal")
COLUMNS = (
    *("images", "model", "degradation", "level", "method", "image", "fold", "right", "distances"),
    *("mu_fidelity", "accuracy"),
)


@dataclass(frozen=True)
class Key:
    """Where the rows of one method come from; level is in percent."""

    images: str
    model: str
    degradation: str
    level: int
    method: str


@dataclass(frozen=True)
class FoldRows:
    """One method's rows under one series of predictors, in the order of the images.

    Attributes:
        key: which they are.
        image: `(n,)` position of each image in its set.
        folds: `(n,)` the fold of each image.
        right: `(n, k)` whether predictor k is right.
        distances: `(n, k)` from the map of the image's own fold; NaN there and where undefined.
        fidelity: `(n,)` μF of the predictor of the image's own fold.
        accuracies: `(n,)` share of all images of that fold which that predictor gets right.
    """

    key: Key
    image: NDArray[np.int64]
    folds: NDArray[np.int64]
    right: NDArray[np.bool_]
    distances: Floats
    fidelity: Floats
    accuracies: Floats

    @cached_property
    def sets(self) -> FoldDistances:
        """S= and S≠."""
        return sorted_by_agreement(
            torch.from_numpy(self.distances),
            torch.from_numpy(self.right),
            torch.from_numpy(self.folds),
        )

    def n(self, score: str) -> int:
        """Images that a score rests on.

        μF rests on the images that have one, MeGe on those with a distance in S=, the others on
        those of S= and of S≠; the smaller number counts.
        """
        if score == "mu_fidelity":
            return int(np.isfinite(self.fidelity).sum())
        equal = len(np.unique(self.sets.equal_images))
        different = len(np.unique(self.sets.different_images))
        return equal if score in OF_EQUAL else min(equal, different)

    @property
    def accuracy(self) -> float:
        """Mean over the folds of the accuracy of a fold's predictor on it."""
        _, first = np.unique(self.folds, return_index=True)
        return float(self.accuracies[first].mean())

    @cached_property
    def _kept(self) -> dict[tuple[str, int], Floats]:
        """By score and number of resamples; 0 stands for the score without each fold."""
        return {}

    def value(self, score: str) -> float:
        """A score of the images themselves; NaN where it is undefined.

        Args:
            score: of `STATISTICS`, or "mu_fidelity", the mean of μF over the images that have one.
        """
        return float(self._measure(score)(once(len(self.image)))[0])

    def drawn(self, score: str, resamples: int) -> tuple[float, Floats]:
        """A score on the images themselves and on resamples of them: number and `(R,)`.

        The same images are drawn for all methods and series. NaN where the score is undefined.
        """
        key = (score, resamples)
        if key not in self._kept:
            self._kept[key] = self._measure(score)(resample_counts(len(self.image), resamples))
        return self.value(score), self._kept[key]

    def _measure(self, score: str) -> Callable[[Counts], Floats]:
        if score == "mu_fidelity":
            return self._mean_fidelity
        return partial(STATISTICS[score], self.sets)

    def _mean_fidelity(self, counts: Counts) -> Floats:
        defined = np.isfinite(self.fidelity)
        drawn = counts[:, defined].astype(float)
        with np.errstate(invalid="ignore"):
            return np.asarray(drawn @ self.fidelity[defined] / drawn.sum(axis=1))

    def without_fold(self, score: str) -> Floats:
        """The score without each fold, that is without its images and its predictor: `(k,)`."""
        key = (score, 0)
        if key not in self._kept:
            parts = [self._without_fold(fold) for fold in range(self.right.shape[1])]
            self._kept[key] = np.array([part.value(score) for part in parts])
        return self._kept[key]

    def _without_fold(self, fold: int) -> "FoldRows":
        kept = self.folds != fold
        others = np.arange(self.right.shape[1]) != fold
        return FoldRows(
            key=self.key,
            image=self.image[kept],
            folds=self.folds[kept] - (self.folds[kept] > fold),
            right=self.right[kept][:, others],
            distances=self.distances[kept][:, others],
            fidelity=self.fidelity[kept],
            accuracies=self.accuracies[kept],
        )

    def between(self, first: int, second: int, score: str) -> float:
        """A score of `STATISTICS`, of two folds' predictors alone, on the images of their folds."""
        sets = self.of_folds(first, second)
        n = int(np.isin(self.folds, (first, second)).sum())
        return float(STATISTICS[score](sets, once(n))[0])

    def of_folds(self, first: int, second: int) -> FoldDistances:
        """S= and S≠ of two predictors: one distance per image."""
        mine = np.isin(self.folds, (first, second))
        other = np.where(self.folds[mine] == first, second, first)
        distances = np.full(self.distances[mine].shape, np.nan)
        each = np.arange(len(other))
        distances[each, other] = self.distances[mine][each, other]
        return sorted_by_agreement(
            torch.from_numpy(distances),
            torch.from_numpy(self.right[mine]),
            torch.from_numpy(self.folds[mine]),
        )


Groups = dict[Key, FoldRows]


def fold_rows(test: str, rows: pd.DataFrame) -> Groups:
    """The rows of every method and series, in an order that does not depend on that of the rows.

    Raises:
        ValueError: rows of another experiment, or an image that appears twice.
    """
    require_columns(test, rows, COLUMNS)
    found: Groups = {}
    names = ["images", "model", "degradation", "level", "method"]
    for (images, model, degradation, level, method), group in rows.groupby(names, sort=False):
        key = Key(str(images), str(model), str(degradation), int(str(level)), str(method))
        ordered = group.sort_values("image")
        if ordered["image"].duplicated().any():
            raise ValueError(f"{test}: an image appears twice in the rows of {key}")
        found[key] = FoldRows(
            key=key,
            image=ordered["image"].to_numpy(dtype=np.int64, copy=True),
            folds=ordered["fold"].to_numpy(dtype=np.int64, copy=True),
            right=np.stack([np.asarray(cell, dtype=bool) for cell in ordered["right"]]),
            distances=np.stack([np.asarray(cell, dtype=float) for cell in ordered["distances"]]),
            fidelity=ordered["mu_fidelity"].to_numpy(dtype=float),
            accuracies=ordered["accuracy"].to_numpy(dtype=float),
        )
    return {key: found[key] for key in sorted(found, key=_place)}


def _place(key: Key) -> tuple[object, ...]:
    """Ordinary networks before constrained ones, sound before degraded, methods as in `MAPS`."""
    return (
        key.images,
        is_constrained(key.model),
        key.model,
        _rank(key.degradation, ("none", *DEGRADATIONS)),
        key.level,
        _rank(key.method, tuple(MAPS)),
    )


def _rank(name: str, known: tuple[str, ...]) -> tuple[int, str]:
    return (known.index(name) if name in known else len(known)), name


def paired_rows(test: str, rows: pd.DataFrame) -> Groups:
    """`fold_rows`, where all series of an image set explain the same images.

    Raises:
        ValueError: as `fold_rows`, or series that could not be paired.
    """
    found = fold_rows(test, rows)
    first: dict[str, FoldRows] = {}
    for key, group in found.items():
        other = first.setdefault(key.images, group)
        if not np.array_equal(other.image, group.image):
            raise ValueError(f"{test}: {key} and {other.key} explain different images")
    return found


def of_the_seven(
    groups: Groups, predictors: Collection[tuple[str, str]] | None = None
) -> list[FoldRows]:
    """The rows of the paper's seven methods, all or those of some image sets and models."""
    return [
        group
        for key, group in groups.items()
        if key.method in METHODS and (predictors is None or (key.images, key.model) in predictors)
    ]


def by_method(
    groups: Groups, images: str, model: str, methods: Iterable[str] = METHODS
) -> dict[str, FoldRows]:
    """The rows of each method that has any under the sound predictors of a series."""
    return {
        method: group
        for method in methods
        if (group := groups.get(Key(images, model, "none", 0, method)))
    }


def other_folds(groups: Groups, folds: int) -> list[str]:
    """Names the series that have another number of folds than declared."""
    return sorted(
        {
            f"{key.images}, {key.model}: {group.right.shape[1]} folds instead of {folds}"
            for key, group in groups.items()
            if group.right.shape[1] != folds
        }
    )


def remarks(groups: Iterable[FoldRows]) -> list[str]:
    """Sentences on what was left out or is undefined, and why.

    Pairs of maps without a distance, folds without a correct image, and empty sets: without S= no
    score is defined, without S≠ ReCo is not.
    """
    undefined: dict[str, list[int]] = {}
    idle: set[str] = set()
    empty: set[str] = set()
    for group in groups:
        sets, key = group.sets, group.key
        lost = undefined.setdefault(key.method, [0, 0])
        lost[0] += sets.undefined
        lost[1] += sets.undefined + sets.equal.size + sets.different.size
        where = f"{key.images}, {key.model}, {key.degradation} {key.level}"
        empty |= {
            f"{where}, {key.method}: {sign}"
            for sign, values in (("S=", sets.equal), ("S≠", sets.different))
            if not values.size
        }
        right = group.right[np.arange(len(group.folds)), group.folds]
        idle |= {
            f"{where}: fold {k}"
            for k in np.unique(group.folds)
            if not right[group.folds == k].any()
        }
    constant = [f"{name} {a} of {b}" for name, (a, b) in undefined.items() if a]
    said = (
        ("Pairs without a distance, because a map is constant", constant),
        ("Folds of which no image is classified correctly", sorted(idle)),
        ("Undefined, because a set is empty", sorted(empty)),
    )
    return [f"{what}: {named(which)}." for what, which in said if which]


def sound(groups: Groups) -> list[tuple[str, str]]:
    """Image set and model of every series that is not degraded."""
    return list(
        dict.fromkeys((key.images, key.model) for key in groups if key.degradation == "none")
    )


def levels_of(
    groups: Groups, images: str, model: str, degradation: str, method: str, levels: Iterable[int]
) -> dict[int, FoldRows]:
    """The rows of one method at each level that there is; level 0 is the sound series."""
    keys = {level: degradation if level else "none" for level in levels}
    return {
        level: group
        for level, kind in keys.items()
        if (group := groups.get(Key(images, model, kind, level, method)))
    }


def degradations(groups: Groups, images: str, model: str) -> list[str]:
    """How the predictors of a series were degraded."""
    return list(
        dict.fromkeys(
            key.degradation
            for key in groups
            if (key.images, key.model) == (images, model) and key.degradation != "none"
        )
    )


def degraded(groups: Groups) -> list[tuple[str, str]]:
    """Image set and model of every series that was degraded."""
    return [pair for pair in sound(groups) if degradations(groups, *pair)]
