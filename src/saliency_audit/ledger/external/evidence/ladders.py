"""A score at several numbers of steps, of two methods on the same images."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.evidence import curves
from saliency_audit.ledger.external.evidence.rows import MethodPair, method_pairs
from saliency_audit.ledger.resampling import Counts, Floats, resample_counts, resampled_means
from saliency_audit.metrics.information_curve import InformationCurves

INSERTION = ("probability", "ratio")
# By the names of the IDGI paper's tables: which curve, against which complexity.
AREAS = {
    f"{curve}_{printed}": (curve, name)
    for curve in curves.PREDICTIONS
    for printed, name in curves.PRINTED.items()
}


@dataclass(frozen=True)
class Series:
    """A score of both methods at every number of steps, on the same images.

    Attributes:
        base: what the score is of, at each number of steps: values by image, or curves.
        idgi: the same of the variant.
        n: images.
        point: the mean of values, or the area under the median of curves.
        resampled: `(resamples,)` the same in resamples `(resamples, n)`.
    """

    base: Sequence[Any]
    idgi: Sequence[Any]
    n: int
    point: Callable[[Any], float]
    resampled: Callable[[Any, Counts], Floats]

    def points(self) -> tuple[Floats, Floats]:
        """`(steps,)` score of the base and of the variant."""
        base, idgi = (np.array([*map(self.point, method)]) for method in (self.base, self.idgi))
        return base, idgi

    def draws(self, resamples: int) -> tuple[Floats, Floats]:
        """`(resamples, steps)` the same in every resample, images drawn once for all."""
        counts = resample_counts(self.n, resamples)
        base, idgi = (
            np.stack([self.resampled(each, counts) for each in method], axis=1)
            for method in (self.base, self.idgi)
        )
        return base, idgi


def series_of(
    rows: pd.DataFrame, paths: Sequence[str], steps: Sequence[int], scores: Sequence[str]
) -> Iterator[tuple[dict[str, str], Series]]:
    """The scores of every network and declared path that has images at every number of steps.

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
        shared = [rung.select(images.sort_values()) for rung in rungs]
        for score in scores if len(images) else ():
            series = _areas(shared, *AREAS[score]) if score in AREAS else _means(shared, score)
            if series is not None and series.n:
                yield {"model": model, "path": path, "score": score}, series


def _means(rungs: Sequence[MethodPair], score: str) -> Series:
    base, idgi = (
        [frame[score].astype(float) for frame in frames]
        for frames in zip(*((rung.base, rung.idgi) for rung in rungs), strict=True)
    )
    if not np.isfinite([*base, *idgi]).all():
        where = f"{rungs[0].model}, {rungs[0].path}"
        raise ValueError(f"{where}: {score} is not finite for every image")

    def resampled(values: pd.Series, counts: Counts) -> Floats:
        return resampled_means(values.to_numpy()[:, None], counts)[:, 0]

    return Series(base, idgi, len(base[0]), pd.Series.mean, resampled)


def _areas(rungs: Sequence[MethodPair], curve: str, complexity: str) -> Series | None:
    frames = [frame for rung in rungs for frame in (rung.base, rung.idgi)]
    kept = np.logical_and.reduce([curves.measurable(frame, complexity) for frame in frames])
    if not kept.any():
        return None
    found = [curves.curves_of(frame[kept], curve, complexity) for frame in frames]
    used = curves.used_by_all(found)
    area = partial(curves.area, used=used)

    def resampled(each: InformationCurves, counts: Counts) -> Floats:
        return curves.resampled_areas(each, used, counts)

    return Series(found[::2], found[1::2], int(used.sum()), area, resampled)
