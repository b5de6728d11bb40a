"""The time that a map and a distance take, and the error of the curves' fast mode."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.tests.mr_dist import variation
from saliency_audit.ledger.statistics import Estimate, bootstrap_mean
from saliency_audit.metrics.similarity import DISTANCES


def in_gradients(rows: pd.DataFrame) -> float:
    """Median time of a map in units of one gradient of the same image.

    Args:
        rows: of `method_cost`, of one network and method.
    """
    return float(np.median((rows["seconds"] / rows["gradient_seconds"]).to_numpy(dtype=float)))


@dataclass(frozen=True)
class DistanceSummary:
    """MR-DIST: how a distance varies and what it costs.

    Attributes:
        distance: its name.
        under_noise: coefficient of variation over the draws of noise.
        smallest: the smallest area, as a share of the picture.
        at_smallest: coefficient of variation there.
        seconds: median time of one distance.
    """

    distance: str
    under_noise: float
    smallest: float
    at_smallest: float
    seconds: float


def distance_summaries(rows: pd.DataFrame) -> Iterator[DistanceSummary]:
    """Every distance in the rows of `mege_distances`."""
    noise = rows[(rows["part"] == "noise") & (rows["shape"] == "disc")]
    area = rows[rows["part"] == "area"]
    under_noise, smallest = variation(noise), float(area["level"].min())
    at_smallest = variation(area[area["level"] == smallest])
    seconds = rows[rows["part"] == "time"].groupby("distance")["value"].median()
    for name in DISTANCES:
        yield DistanceSummary(
            distance=name,
            under_noise=under_noise[name],
            smallest=smallest,
            at_smallest=at_smallest[name],
            seconds=float(seconds[name]),
        )


@dataclass(frozen=True)
class Deviation:
    """The area under the curve of single maps: fast mode minus exact mode.

    Attributes:
        complexity: that information is measured by.
        mean: with its interval, resampled by picture.
        low: lower end of the middle 95 % of the maps.
        high: upper end of it.
        maps: how many.
    """

    complexity: str
    mean: Estimate
    low: float
    high: float
    maps: int


def fast_deviations(rows: pd.DataFrame) -> Iterator[Deviation]:
    """What `benchmarks/fast_deviation.py` measured, by complexity.

    Args:
        rows: columns complexity, image, fast, exact.
    """
    for complexity, group in rows.groupby("complexity"):
        difference = group["fast"] - group["exact"]
        low, high = difference.quantile([0.025, 0.975])
        mean = bootstrap_mean(difference.to_numpy(), group["image"].tolist())
        yield Deviation(str(complexity), mean, float(low), float(high), len(group))
