"""GG-SIGMA: the level of noise above which a score or a similarity stays at its limit."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from saliency_audit.ledger.resampling import (
    Floats,
    percentile_interval,
    resample_counts,
    resampled_table_means,
)

RESAMPLES = 1000
SCORE = "probability"


@dataclass(frozen=True)
class Reached:
    """Where a curve reaches its limit.

    Attributes:
        level: the lowest from which it stays there; inf if it does not.
        low: lower end of the middle 95 % of that level, images and draws both resampled.
        high: upper end of it.
        last: the curve at the last level.
        limit: the limit itself.
    """

    level: float
    low: float
    high: float
    last: float
    limit: float


def score_reached(noise: pd.DataFrame, margin: float) -> Reached:
    """Where the class score reaches 1/C.

    Args:
        noise: rows of `ggig_sigma` under noise, of one network.
        margin: how near counts as reached.
    """
    once = noise.drop_duplicates(["image", "level", "draw"])
    chance = pd.DataFrame({0: [1 / int(once["classes"].iloc[0])]})
    return _reached(once, SCORE, chance, margin, two_sided=True)


def similarity_reached(
    noise: pd.DataFrame, unrelated: pd.DataFrame, measure: str, margin: float
) -> Reached | None:
    """Where the similarity of maps falls to about that of maps on unrelated networks, or below it.

    Args:
        noise: rows of `ggig_sigma` under noise, of one network and method.
        unrelated: those on unrelated networks.
        measure: column of the similarity.
        margin: how near counts as reached.

    Returns:
        None if no map has such a similarity.
    """
    if not noise[measure].notna().any():
        return None
    return _reached(noise, measure, _by_draw(unrelated, measure), margin)


def _reached(
    rows: pd.DataFrame,
    column: str,
    limits: pd.DataFrame,
    margin: float,
    *,
    two_sided: bool = False,
) -> Reached:
    curve = {
        level: _by_draw(rows[rows["level"] == level], column) for level in rows["level"].unique()
    }
    means = rows.groupby("level")[column].mean()
    limit = float(limits.mean(axis=1).mean())
    level = reached(means, limit, margin, two_sided=two_sided)
    low, high = reached_in_resamples(curve, limits, margin, two_sided=two_sided)
    return Reached(np.inf if level is None else level, low, high, float(means.iloc[-1]), limit)


def _by_draw(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """A table, image × draw."""
    return rows.pivot(index="image", columns="draw", values=column)


def reached(
    means: pd.Series, limit: float, margin: float, *, two_sided: bool = False
) -> float | None:
    """The level from which a curve stays at most `margin` above its limit; None if it does not.

    Undefined values count as not reached.

    Args:
        means: by level.
        limit: of the curve.
        margin: how near counts as reached.
        two_sided: whether the curve must also stay at most `margin` below it.
    """
    curve = means.sort_index()
    later = curve.index[_far(curve.to_numpy(dtype=float) - limit, margin, two_sided)]
    inside = curve.index if later.empty else curve.index[curve.index > later.max()]
    return float(inside[0]) if len(inside) else None


def _far(distances: Floats, margin: float, two_sided: bool) -> NDArray[np.bool_]:
    """Which values have not reached the limit; undefined ones count among them."""
    return ~((np.abs(distances) if two_sided else distances) <= margin)


def reached_in_resamples(
    curve: Mapping[float, pd.DataFrame],
    limit: pd.DataFrame,
    margin: float,
    *,
    two_sided: bool = False,
) -> tuple[float, float]:
    """The middle 95 % of `reached`, images and draws both resampled; inf where it is None.

    Args:
        curve: values by level, image × draw; the images and draws are the same at all levels.
        limit: image × draw, of other draws; one cell if the limit is known.
        margin: how near counts as reached.
        two_sided: see `reached`.
    """
    levels = sorted(curve)
    tables = [curve[level].to_numpy(dtype=float) for level in levels]
    images, draws = (resample_counts(n, RESAMPLES, seed) for seed, n in enumerate(tables[0].shape))
    means = np.stack([resampled_table_means(table, images, draws) for table in tables], axis=1)
    ends = resampled_table_means(
        limit.to_numpy(dtype=float),
        images if len(limit) > 1 else resample_counts(1, RESAMPLES),
        resample_counts(limit.shape[1], RESAMPLES, seed=2),
    )
    far = _far(means - ends[:, None], margin, two_sided)
    first = np.where(far.any(axis=1), len(levels) - far[:, ::-1].argmax(axis=1), 0)
    found = np.array([*levels, np.inf])[first]
    low, high = percentile_interval(found, outward=True)
    return float(low), float(high)
