"""A score at several numbers of steps, of two methods on the same images."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.evidence.curves import (
    PREDICTIONS,
    PRINTED,
    Used,
    area,
    curves_of,
    measurable,
    resampled_areas,
    used_by_all,
)
from saliency_audit.ledger.external.evidence.rows import MethodPair, method_pairs
from saliency_audit.ledger.resampling import Floats, resample_counts, resampled_means
from saliency_audit.metrics.information_curve import InformationCurves

INSERTION = ("probability", "ratio")
# By the names of the IDGI paper's tables: which curve, against which complexity.
AREAS = {
    f"{curve}_{printed}": (curve, name)
    for curve in PREDICTIONS
    for printed, name in PRINTED.items()
}


@dataclass(frozen=True)
class Ladder:
    """One network and path at every number of steps, on the same images."""

    model: str
    path: str
    rungs: tuple[MethodPair, ...]


def ladders(rows: pd.DataFrame, paths: Sequence[str], steps: Sequence[int]) -> Iterator[Ladder]:
    """Every network and declared path that has the same images at every number of steps.

    Images that some number of steps lacks are left out.
    """
    by_steps = [
        {(p.model, p.path): p for p in method_pairs(rows[rows["steps"] == n], paths)} for n in steps
    ]
    for model, path in sorted(set.intersection(*(set(found) for found in by_steps))):
        rungs = [found[model, path] for found in by_steps]
        images = rungs[0].base.index
        for rung in rungs[1:]:
            images = images.intersection(rung.base.index)
        if len(images):
            shared = images.sort_values()
            yield Ladder(model, path, tuple(rung.select(shared) for rung in rungs))


@dataclass(frozen=True)
class MeanSeries:
    """An insertion score: `(n, steps)` values of both methods, indexed by image."""

    base: pd.DataFrame
    idgi: pd.DataFrame

    @property
    def n(self) -> int:
        """Number of images."""
        return len(self.base)

    def points(self) -> tuple[Floats, Floats]:
        """`(steps,)` mean score of the base and of the variant."""
        base, idgi = (frame.to_numpy(dtype=float).mean(axis=0) for frame in (self.base, self.idgi))
        return base, idgi

    def draws(self, resamples: int) -> tuple[Floats, Floats]:
        """`(resamples, steps)` the same in every resample, images drawn once for all."""
        counts = resample_counts(self.n, resamples)
        base, idgi = (
            resampled_means(frame.to_numpy(dtype=float), counts) for frame in (self.base, self.idgi)
        )
        return base, idgi


@dataclass(frozen=True)
class AreaSeries:
    """Information curves of both methods at every number of steps, and the images all use."""

    base: tuple[InformationCurves, ...]
    idgi: tuple[InformationCurves, ...]
    used: Used

    @property
    def n(self) -> int:
        """Number of images."""
        return int(self.used.sum())

    def points(self) -> tuple[Floats, Floats]:
        """`(steps,)` area under the median curve of the base and of the variant."""
        base, idgi = (
            np.array([area(curves, self.used) for curves in method])
            for method in (self.base, self.idgi)
        )
        return base, idgi

    def draws(self, resamples: int) -> tuple[Floats, Floats]:
        """`(resamples, steps)` the same in every resample, images drawn once for all."""
        counts = resample_counts(self.n, resamples)
        base, idgi = (
            np.stack([resampled_areas(curves, self.used, counts) for curves in method], axis=1)
            for method in (self.base, self.idgi)
        )
        return base, idgi


Series = MeanSeries | AreaSeries


def series_of(ladder: Ladder, scores: Sequence[str]) -> Iterator[tuple[dict[str, str], Series]]:
    """The declared scores of one network and path that have an image."""
    for score in scores:
        keys = {"model": ladder.model, "path": ladder.path, "score": score}
        series = _areas(ladder, *AREAS[score]) if score in AREAS else _means(ladder, score)
        if series is not None and series.n:
            yield keys, series


def _means(ladder: Ladder, score: str) -> MeanSeries:
    base = pd.concat([rung.base[score] for rung in ladder.rungs], axis=1)
    idgi = pd.concat([rung.idgi[score] for rung in ladder.rungs], axis=1)
    if not np.isfinite(np.hstack([base, idgi]).astype(float)).all():
        raise ValueError(f"{ladder.model}, {ladder.path}: {score} is not finite for every image")
    return MeanSeries(base, idgi)


def _areas(ladder: Ladder, curve: str, complexity: str) -> AreaSeries | None:
    frames = [frame for rung in ladder.rungs for frame in (rung.base, rung.idgi)]
    kept = np.logical_and.reduce([measurable(frame, complexity) for frame in frames])
    if not kept.any():
        return None
    rungs = [rung.select(kept) for rung in ladder.rungs]
    base = tuple(curves_of(rung.base, curve, complexity) for rung in rungs)
    idgi = tuple(curves_of(rung.idgi, curve, complexity) for rung in rungs)
    return AreaSeries(base, idgi, used_by_all([*base, *idgi]))
