"""Information curves of recorded rows: paired, with the areas under their medians, resampled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from saliency_audit.ledger.external.rows import MethodPair, finite_lists, stacked
from saliency_audit.ledger.resampling import Counts, Floats, resample_counts, resampled_medians
from saliency_audit.metrics.information_curve import (
    InformationCurves,
    curve_area,
    image_areas,
    information_curves,
)

PREDICTIONS = {"aic": "ic_correct", "sic": "ic_probability"}
COMPLEXITIES = {"entropy": "entropy", "ms_ssim": "MS-SSIM"}
COLUMNS = ("ic_entropy", "ic_ms_ssim", "ic_probability", "ic_correct")

# The resamples are evaluated on every tenth of the 1001 points of a curve; the published areas use
# all of them. Where a median curve jumps from 0 to 1 between two points, its area is off by at most
# half their distance, 0.005; over images this evens out. On the embedded rows (24 to 27 images) the
# ends of an interval move by up to 0.002 by it, on 100 images by less than 0.001.
STRIDE = 10

Used = NDArray[np.bool_]


@dataclass(frozen=True)
class CurvePair:
    """Curves of one kind of one network and path with both rules, on the same N images.

    `used` marks the images that neither method drops.
    """

    keys: Mapping[str, str]
    images: pd.Index
    base: InformationCurves
    idgi: InformationCurves
    used: Used

    @property
    def label(self) -> str:
        """The keys in one line."""
        return ", ".join(self.keys.values())

    def areas(self, used: Used) -> tuple[float, float]:
        """Area under the median curve of some images, of the base and of the variant."""
        return median_area(self.base, used), median_area(self.idgi, used)

    def draws(self, used: Used, resamples: int) -> Floats:
        """`(resamples,)` difference of the two areas, images drawn once for both methods."""
        counts = resample_counts(int(used.sum()), resamples)
        other = resampled_areas(self.idgi, used, counts)
        difference: Floats = other - resampled_areas(self.base, used, counts)
        return difference

    def image_differences(self) -> pd.Series:
        """Difference of the areas under each image's own two curves, by image."""
        difference = (image_areas(self.idgi) - image_areas(self.base)).numpy()
        return pd.Series(difference, index=self.images)[self.used]


@dataclass(frozen=True)
class CurveGroup:
    """The declared curves of one network and path."""

    model: str
    path: str
    pairs: tuple[CurvePair, ...]
    unmeasured: int

    @property
    def common(self) -> Used:
        """`(N,)` the images that every declared curve uses."""
        return np.logical_and.reduce([pair.used for pair in self.pairs])


def check_curves(test: str, curves: Sequence[str], complexities: Sequence[str]) -> None:
    """Refuse unknown names of curves and complexities.

    Raises:
        ValueError: names the unknown and the known ones.
    """
    for given, known in ((curves, PREDICTIONS), (complexities, COMPLEXITIES)):
        if unknown := [name for name in given if name not in known]:
            raise ValueError(f"{test}: unknown {unknown}; known: {', '.join(known)}")


def curve_group(pair: MethodPair, curves: Sequence[str], complexity: str) -> CurveGroup | None:
    """The curves of a pair of methods; None if no image has this complexity.

    An image whose MS-SSIM could not be measured (its picture is too small) is left out and counted.
    """
    kept = measurable(pair.base, complexity) & measurable(pair.idgi, complexity)
    if not kept.any():
        return None
    pairs = tuple(_curve_pair(pair.select(kept), name, complexity) for name in curves)
    return CurveGroup(pair.model, pair.path, pairs, int((~kept).sum()))


def _curve_pair(pair: MethodPair, curve: str, complexity: str) -> CurvePair:
    base, idgi = (curves_of(frame, curve, complexity) for frame in (pair.base, pair.idgi))
    keys = {"model": pair.model, "path": pair.path, "curve": curve}
    return CurvePair(keys, pair.base.index, base, idgi, used_by_all([base, idgi]))


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


def median_area(curves: InformationCurves, used: Used) -> float:
    """Area under the median curve of some images."""
    return float(curve_area(curves, subset=torch.from_numpy(used)))


def resampled_areas(curves: InformationCurves, used: Used, counts: Counts) -> Floats:
    """Area under the median curve in every resample.

    Args:
        curves: of N images.
        used: `(N,)` mask of n images, all of which have a curve.
        counts: `(R, n)`.

    Returns:
        `(R,)`.
    """
    values = curves.curves.numpy()[used][:, ::STRIDE].astype(float)
    medians = resampled_medians(values, counts)
    areas: Floats = np.trapezoid(medians, curves.grid.numpy()[::STRIDE], axis=1)
    return areas
