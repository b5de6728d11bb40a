"""Values of two methods on the same images: mean or median difference, signed ranks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from saliency_audit.ledger import resampling
from saliency_audit.ledger.external.effect import Effect, Expected, one_sided
from saliency_audit.ledger.resampling import Floats
from saliency_audit.ledger.statistics import Estimate, bootstrap_mean, signed_rank_p


@dataclass(frozen=True)
class PairedValues:
    """Values of two methods on the same images.

    Attributes:
        keys: what is compared.
        base: values of the method compared with, by image.
        other: values of the method in question, by image.
        expected: where the difference should lie.
        statistic: "mean" or "median" of the differences.
        unpaired: how many images have a row of one of the two methods only.
        extra: reported with the effect.
    """

    keys: Mapping[str, str]
    base: pd.Series
    other: pd.Series
    expected: Expected
    statistic: str = "mean"
    unpaired: int = 0
    extra: Mapping[str, Estimate] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The keys in one line."""
        return ", ".join(self.keys.values())

    @property
    def differences(self) -> pd.Series:
        """Other minus base, per image that has a finite value of both."""
        found = (self.other.astype(float) - self.base.astype(float)).replace(
            [np.inf, -np.inf], np.nan
        )
        return found.dropna()

    @property
    def left_out(self) -> int:
        """How many images lack a finite value of one of the two."""
        return len(self.base) - len(self.differences)

    @property
    def estimate(self) -> Estimate:
        """The statistic of the differences with its 95 % bootstrap interval over images."""
        values = self.differences.to_numpy(dtype=float)
        return bootstrap_mean(values) if self.statistic == "mean" else bootstrap_median(values)

    def effect(self) -> Effect:
        """The difference as an effect, with p values by signed ranks."""
        kept = self.differences.index
        summary = pd.Series.mean if self.statistic == "mean" else pd.Series.median
        return Effect(
            keys=self.keys,
            estimate=self.estimate,
            expected=self.expected,
            base=float(summary(self.base.astype(float)[kept])),
            other=float(summary(self.other.astype(float)[kept])),
            p=one_sided(self.differences.to_numpy(dtype=float), self.expected, signed_rank_p),
            extra=self.extra,
        )

    def beside(self, name: str, other: "PairedValues") -> "PairedValues":
        """The pair with another pair's estimate in `extra`, where that has any value."""
        if not len(other.differences):
            return self
        return replace(self, extra={**self.extra, name: other.estimate})


def bootstrap_median(values: Floats, resamples: int = 2000) -> Estimate:
    """Median of per-image values with its 95 % percentile bootstrap interval over images."""
    counts = resampling.resample_counts(len(values), resamples)
    draws = resampling.resampled_medians(values[:, None], counts)[:, 0]
    return resampling.estimate_from(float(np.median(values)), draws, len(values))


def pooled_mean(pairs: Sequence[PairedValues]) -> Estimate | None:
    """Mean difference over all pairs, resampled by image; None without any value.

    An image that several networks saw is drawn for all of them together.
    """
    found = [pair.differences for pair in pairs]
    together = pd.concat(found) if found else pd.Series(dtype=float)
    if not len(together):
        return None
    return bootstrap_mean(together.to_numpy(dtype=float), together.index.tolist())


def by_method(rows: pd.DataFrame, value: str, unit: str = "image") -> dict[str, pd.Series]:
    """One value of every method, by image.

    Args:
        rows: of one network and setting, columns `unit`, method and the value.
        value: name of its column.
        unit: what is paired.

    Raises:
        ValueError: a method that appears twice for an image.
    """
    if rows.duplicated([unit, "method"]).any():
        raise ValueError(f"duplicate rows of {value} for the same {unit} and method")
    return {
        str(method): group.set_index(unit)[value].astype(float).sort_index()
        for method, group in rows.groupby("method", sort=False)
    }


def both(
    values: Mapping[str, pd.Series], base: str | float, other: str
) -> tuple[pd.Series, pd.Series, int]:
    """The values of two methods on the images that have rows of both.

    Args:
        values: of `by_method`.
        base: the method compared with, or a number for every image.
        other: the method in question.

    Returns:
        Base and other, empty where one has no rows, and how many images have a row of one only.
    """
    nothing = pd.Series(dtype=float)
    there = values.get(other, nothing)
    against = values.get(base, nothing) if isinstance(base, str) else there * 0 + float(base)
    shared: Any = against.index.intersection(there.index)
    lonely = len(against.index.union(there.index)) - len(shared)
    return against[shared], there[shared], lonely
