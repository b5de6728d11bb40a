"""IDGI-STEPS: how much a score has changed since the fewest steps."""

from collections.abc import Sequence

import numpy as np

from saliency_audit.ledger.external.evidence.ladders import Series
from saliency_audit.ledger.resampling import percentile_interval
from saliency_audit.ledger.summaries.bands import Band

RESAMPLES = 500


def change_bands(series: Series, steps: Sequence[int]) -> tuple[Band, Band]:
    """A score by the number of steps, of the base and of its IDGI variant.

    The images are the same at every number of steps, so a change is more certain than a score.

    Args:
        series: of both methods.
        steps: the numbers of steps, the fewest first.

    Returns:
        The ends are the score at the fewest steps plus the 95 % interval of the change since.
    """
    base, idgi = (
        _band(steps, points, draws)
        for points, draws in zip(series.points(), series.draws(RESAMPLES), strict=True)
    )
    return base, idgi


def _band(steps: Sequence[int], points: np.ndarray, draws: np.ndarray) -> Band:
    low, high = percentile_interval(draws - draws[:, :1])
    return Band(np.array(steps, dtype=float), points, points[0] + low, points[0] + high)
