"""The mean or median of the values that are defined, and how many are not."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from saliency_audit.ledger.statistics import Estimate, bootstrap_mean


@dataclass(frozen=True)
class Summary:
    """A mean or median of values.

    Attributes:
        value: of those that are defined; NaN if none is.
        deviation: their standard deviation; NaN for fewer than two.
        n: values, undefined ones included.
        undefined: how many of them are NaN, as the rank correlation of a constant map.
    """

    value: float
    deviation: float
    n: int
    undefined: int


def mean_of(values: pd.Series) -> Summary:
    """The mean of the defined values."""
    return _summary(float(values.mean()), values)


def mean_with_interval(values: pd.Series) -> Estimate | None:
    """The mean of an image's value each, with its 95 % bootstrap interval over images.

    Values that are not finite are left out; None if none is left.
    """
    found = values.to_numpy(dtype=float)
    found = found[np.isfinite(found)]
    return bootstrap_mean(found) if len(found) else None


def mean_over_images(values: np.ndarray, images: Sequence[Hashable] | None = None) -> Estimate:
    """The mean of finite values, with its 95 % bootstrap interval over the images they belong to.

    Args:
        values: `(m,)`, at least one.
        images: the image of each; every value its own image if not given.
    """
    return bootstrap_mean(values, images)


def median_of(values: pd.Series) -> Summary:
    """The median of the defined values."""
    return _summary(float(values.median()), values)


def _summary(value: float, values: pd.Series) -> Summary:
    return Summary(value, float(values.std()), len(values), int(values.isna().sum()))
