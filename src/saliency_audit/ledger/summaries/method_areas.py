"""GG-PIC: information curves of every method on the images that none of them drops."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.evidence.curves import (
    STRIDE,
    Used,
    area,
    curves_of,
    measurable,
    resampled_areas,
    used_by_all,
)
from saliency_audit.ledger.external.evidence.rows import models_of, of_method
from saliency_audit.ledger.resampling import Floats, estimate_from, resample_counts
from saliency_audit.ledger.statistics import Estimate
from saliency_audit.metrics import InformationCurves
from saliency_audit.metrics.information_curve import Aggregate

RESAMPLES = 1000


@dataclass(frozen=True)
class MethodCurves:
    """The curves of all methods of one network.

    Attributes:
        model: the network.
        curve: "aic" or "sic".
        methods: curves of the same images by method.
    """

    model: str
    curve: str
    methods: dict[str, InformationCurves]

    @property
    def used(self) -> Used:
        """Which images no method drops."""
        return used_by_all(list(self.methods.values()))

    @property
    def n(self) -> int:
        """How many these are."""
        return int(self.used.sum())

    def middle(self, method: str, aggregate: Aggregate) -> tuple[Floats, Floats]:
        """A method's median or mean curve over these images: information and prediction."""
        curves = self.methods[method]
        values = curves.curves.numpy()[self.used][:, ::STRIDE]
        together = np.median if aggregate == "median" else np.mean
        return curves.grid.numpy()[::STRIDE], together(values, axis=0)

    def area(self, method: str, aggregate: Aggregate) -> float:
        """The area under it."""
        return area(self.methods[method], self.used, aggregate)

    def estimated_area(self, method: str, aggregate: Aggregate) -> Estimate:
        """The area under it with its 95 % bootstrap interval over images."""
        counts = resample_counts(self.n, RESAMPLES)
        draws = resampled_areas(self.methods[method], self.used, counts, aggregate)
        return estimate_from(self.area(method, aggregate), draws, self.n)


def method_curves(
    rows: pd.DataFrame, curves: Sequence[str], complexity: str
) -> Iterator[MethodCurves]:
    """The curves of every network that can be measured by this complexity.

    Args:
        rows: of `ggig_information_curves`.
        curves: "aic", "sic".
        complexity: of `external.evidence.curves.COMPLEXITIES`.
    """
    for model in models_of(rows):
        mine = rows[rows["model"] == model]
        kept = {}
        for method in dict.fromkeys(mine["method"]):
            frame = of_method(mine, method, model)
            known = measurable(frame, complexity)
            if known.any():
                kept[method] = frame[known]
        for curve in curves if kept else ():
            found = {method: curves_of(frame, curve, complexity) for method, frame in kept.items()}
            yield MethodCurves(model, curve, found)
