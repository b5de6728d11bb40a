"""Information curves of recorded rows: paired, with the areas under their medians, resampled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from saliency_audit.ledger import resampling
from saliency_audit.ledger.external.evidence.rows import MethodPair, finite_lists, stacked
from saliency_audit.ledger.resampling import Counts, Floats
from saliency_audit.metrics.information_curve import (
    Aggregate,
    InformationCurves,
    curve_area,
    image_areas,
    information_curves,
)

PREDICTIONS = {"aic": "ic_correct", "sic": "ic_probability"}
COMPLEXITIES = {
    "file_size": "file size",
    "ms_ssim": "MS-SSIM",
    "shannon_entropy": "entropy of grey levels",
}
# What the tables of the IDGI paper call them: its "normalized entropy" is the size of a file.
PRINTED = {"entropy": "file_size", "ms_ssim": "ms_ssim"}
COLUMNS = ("ic_file_size", "ic_ms_ssim", "ic_probability", "ic_correct")

# The resamples are evaluated on every tenth of the 1001 points of a curve; the published areas use
# all of them. Where a median curve jumps from 0 to 1 between two points, its area is off by at most
# half their distance, 0.005; over images this evens out. On the embedded rows (24 to 27 images) the
# ends of an interval move by up to 0.002 by it, on 100 images by less than 0.001.
STRIDE = 10

Used = NDArray[np.bool_]


@dataclass(frozen=True)
class CurvePair:
    """Curves of one kind of two methods on the same N images.

    `keys` say which network, methods and curve; `used` marks the images that neither method drops;
    `aggregate` is what makes one curve of those of the images.
    """

    keys: Mapping[str, str]
    images: pd.Index
    base: InformationCurves
    other: InformationCurves
    used: Used
    aggregate: Aggregate = "median"

    @property
    def label(self) -> str:
        """The keys in one line."""
        return ", ".join(self.keys.values())

    def areas(self, used: Used) -> tuple[float, float]:
        """Area under the median (or mean) curve of some images, of the base and of the other."""
        return area(self.base, used, self.aggregate), area(self.other, used, self.aggregate)

    def draws(self, used: Used, resamples: int) -> Floats:
        """`(resamples,)` difference of the two areas, images drawn once for both methods."""
        counts = resampling.resample_counts(int(used.sum()), resamples)
        other = resampled_areas(self.other, used, counts, self.aggregate)
        difference: Floats = other - resampled_areas(self.base, used, counts, self.aggregate)
        return difference

    def image_differences(self) -> pd.Series:
        """Difference of the areas under each image's own two curves, by image."""
        difference = (image_areas(self.other) - image_areas(self.base)).numpy()
        return pd.Series(difference, index=self.images)[self.used]


@dataclass(frozen=True)
class CurveGroup:
    """The declared curves of one network and two methods.

    `compared` names the methods: a path with and without IDGI, or a difference.
    """

    model: str
    compared: str
    pairs: tuple[CurvePair, ...]
    unmeasured: int

    @property
    def common(self) -> Used:
        """`(N,)` the images that every declared curve uses."""
        return np.logical_and.reduce([pair.used for pair in self.pairs])


def validate_curves(curves: Sequence[str], complexities: Sequence[str]) -> None:
    """Refuse unknown names of curves and complexities.

    Raises:
        ValueError: names the unknown and the known ones.
    """
    for given, known in ((curves, PREDICTIONS), (complexities, COMPLEXITIES)):
        if unknown := [name for name in given if name not in known]:
            raise ValueError(f"unknown {unknown}; known: {', '.join(known)}")


def curve_group(pair: MethodPair, curves: Sequence[str], complexity: str) -> CurveGroup | None:
    """`curves_between` a path's own rule and IDGI."""
    keys = {"model": pair.model, "path": pair.path}
    return curves_between(keys, pair.base, pair.idgi, curves, complexity)


def curves_between(
    keys: Mapping[str, str],
    base: pd.DataFrame,
    other: pd.DataFrame,
    curves: Sequence[str],
    complexity: str,
    aggregates: Mapping[str, Aggregate] | None = None,
) -> CurveGroup | None:
    """The curves of two methods; None if no image has this complexity.

    An image whose complexity could not be measured (MS-SSIM of a small picture) is left out and
    counted.

    Args:
        keys: the network, then what is compared; a curve's pair adds its name.
        base: rows of one method, a row per image.
        other: rows of the other, the same images in the same order.
        curves: of `PREDICTIONS`.
        complexity: of `COMPLEXITIES`.
        aggregates: by curve; the median where none is given.
    """
    model, compared = keys.values()
    kept = measurable(base, complexity) & measurable(other, complexity)
    if not kept.any():
        return None
    frames = base.loc[kept], other.loc[kept]
    pairs = []
    for name in curves:
        less, more = (curves_of(frame, name, complexity) for frame in frames)
        named, used = {**keys, "curve": name}, used_by_all([less, more])
        aggregate = (aggregates or {}).get(name, "median")
        pairs.append(CurvePair(named, frames[0].index, less, more, used, aggregate))
    return CurveGroup(model, compared, tuple(pairs), int((~kept).sum()))


def measurable(frame: pd.DataFrame, complexity: str) -> Used:
    """`(N,)` images whose complexity could be measured."""
    return finite_lists(frame[f"ic_{complexity}"])


def curves_of(frame: pd.DataFrame, curve: str, complexity: str) -> InformationCurves:
    """The information curves of the rows of one method, in their order."""
    return information_curves(
        torch.from_numpy(stacked(frame[f"ic_{complexity}"])),
        torch.from_numpy(stacked(frame[PREDICTIONS[curve]])),
    )


def used_by_all(curves: Sequence[InformationCurves]) -> Used:
    """`(N,)` images that none of several sets of curves drops."""
    return np.logical_and.reduce([found.used.numpy() for found in curves])


def area(curves: InformationCurves, used: Used, aggregate: Aggregate = "median") -> float:
    """Area under the median (or mean) curve of some images."""
    return curve_area(curves, aggregate, torch.from_numpy(used))


def resampled_areas(
    curves: InformationCurves, used: Used, counts: Counts, aggregate: Aggregate = "median"
) -> Floats:
    """Area under the median (or mean) curve in every resample.

    Args:
        curves: of N images.
        used: `(N,)` mask of n images, all of which have a curve.
        counts: `(R, n)`.
        aggregate: "median" or "mean".

    Returns:
        `(R,)`.
    """
    values = curves.curves.numpy()[used][:, ::STRIDE].astype(float)
    medians = aggregate == "median"
    resampled = resampling.resampled_medians if medians else resampling.resampled_means
    aggregated = resampled(values, counts)
    areas: Floats = np.trapezoid(aggregated, curves.grid.numpy()[::STRIDE], axis=1)
    return areas
