"""Rows of `mege_stability`: the distances of one method under one series of predictors."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from saliency_audit.ledger.external.rows import check_columns
from saliency_audit.ledger.resampling import enough_resamples
from saliency_audit.metrics import FoldDistances, sorted_by_agreement

Floats = NDArray[np.float64]

# The paper's seven methods, in the order of its text.
METHODS = ("saliency", "gradient_input", "ig", "smoothgrad", "gradcam", "gradcam++", "rise")
CONTROL = "random"
SCORES = ("mege", "reco")
COLUMNS = (
    *("images", "model", "degradation", "level", "method", "image", "fold", "right", "distances"),
    "mu_fidelity",
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
    """

    key: Key
    image: NDArray[np.int64]
    folds: NDArray[np.int64]
    right: NDArray[np.bool_]
    distances: Floats
    fidelity: Floats

    @cached_property
    def sets(self) -> FoldDistances:
        """S= and S≠."""
        return sorted_by_agreement(
            torch.from_numpy(self.distances),
            torch.from_numpy(self.right),
            torch.from_numpy(self.folds),
        )

    @property
    def accuracy(self) -> float:
        """Share of the images that the predictor which has not seen them gets right."""
        return float(self.right[np.arange(len(self.folds)), self.folds].mean())

    def of_folds(self, first: int, second: int) -> FoldDistances:
        """S= and S≠ of two predictors alone: the images of their folds, one distance each."""
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
    """The rows of every method and series.

    Raises:
        ValueError: rows of another experiment, or an image that stands twice.
    """
    check_columns(test, rows, COLUMNS)
    found: Groups = {}
    names = ["images", "model", "degradation", "level", "method"]
    for (images, model, degradation, level, method), group in rows.groupby(names, sort=False):
        key = Key(str(images), str(model), str(degradation), int(str(level)), str(method))
        ordered = group.sort_values("image")
        if ordered["image"].duplicated().any():
            raise ValueError(f"{test}: an image stands twice in the rows of {key}")
        found[key] = FoldRows(
            key=key,
            image=ordered["image"].to_numpy(dtype=np.int64, copy=True),
            folds=ordered["fold"].to_numpy(dtype=np.int64, copy=True),
            right=np.stack([np.asarray(cell, dtype=bool) for cell in ordered["right"]]),
            distances=np.stack([np.asarray(cell, dtype=float) for cell in ordered["distances"]]),
            fidelity=ordered["mu_fidelity"].to_numpy(dtype=float),
        )
    return found


def same_images(test: str, groups: Mapping[Key, FoldRows]) -> None:
    """Refuse series of one image set that explain different images: they could not be paired.

    Raises:
        ValueError: names the series.
    """
    first: dict[str, FoldRows] = {}
    for key, group in groups.items():
        other = first.setdefault(key.images, group)
        if not np.array_equal(other.image, group.image):
            raise ValueError(f"{test}: {key} and {other.key} explain different images")


def sound(groups: Groups) -> Iterator[tuple[str, str]]:
    """Image set and model of every series that is not degraded."""
    yield from dict.fromkeys((key.images, key.model) for key in groups if key.degradation == "none")


def levels_of(
    groups: Groups, images: str, model: str, degradation: str, method: str, levels: list[int]
) -> dict[int, FoldRows]:
    """The rows of one method at each level that there is; level 0 is the sound series."""
    found = {}
    for level in levels:
        kind = degradation if level else "none"
        group = groups.get(Key(images, model, kind, level, method))
        if group is not None:
            found[level] = group
    return found


def degradations(groups: Groups, images: str, model: str) -> list[str]:
    """How the predictors of a series were degraded."""
    return list(
        dict.fromkeys(
            key.degradation
            for key in groups
            if (key.images, key.model) == (images, model) and key.degradation != "none"
        )
    )


def counted(parameters: Mapping[str, Any], comparisons: int) -> int:
    """Resamples: as many as declared, or more where Holm needs them."""
    return enough_resamples(parameters["resamples"], comparisons, parameters["alpha"])
