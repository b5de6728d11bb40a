"""The facts that a computed picture of IDGI must show."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.result import ExternalResult, not_tested
from saliency_audit.ledger.external.rows import check_columns, check_parameters
from saliency_audit.ledger.statistics import Estimate
from saliency_audit.ledger.verdict import Verdict

STRAIGHT = "ig"
LINEAR = 1e-12
CURVED = 0.01
SAME_SCORE = 1e-9
COLUMNS = ("path", "point", "alpha", "x1", "x2", "score", "projected_score", "next_score")


def illustration_facts(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> ExternalResult:
    """Is x linear in α while the score is not, and are score and projections well defined?

    Args:
        rows: columns path, point, alpha, x1, x2, score, projected_score, next_score; one row per
            point of a path. The last point of a path has no next: its last two are NaN.
        parameters: `steps`, for the reader: the picture's own setting.

    Returns:
        Reproduced if along the straight path x is linear in α to 1e-12 and a straight line leaves
        more than 1 % of the variance of the score, points of equal coordinates have equal scores,
        and each projection has the score of the next point to 1e-9; not reproduced if the score is
        linear along the straight path; otherwise partly. The headline is the share of the
        variance that a straight line leaves, computed and not sampled: it has no interval.

    Raises:
        ValueError: a parameter or column that is missing or unknown.
    """
    check_parameters("illustration_facts", parameters, {"steps"})
    if rows.empty:
        return not_tested("no rows of the picture")
    check_columns("illustration_facts", rows, COLUMNS)
    straight = rows[rows["path"] == STRAIGHT].sort_values("alpha")
    if len(straight) < 3:
        return not_tested("the straight path needs three points or more")
    alpha = straight["alpha"].to_numpy(dtype=float)
    bend = max(_largest_residual(alpha, straight[name]) for name in ("x1", "x2"))
    share = _residual_share(alpha, straight["score"])
    spread, gap = _largest_spread(rows), _largest_gap(rows)
    facts = {
        f"x leaves a straight line in α by {bend:.1e} at most": bend <= LINEAR,
        f"a straight line leaves {share:.1%} of the variance of the score": share > CURVED,
        f"scores of one point differ by {spread:.1e} at most": spread <= LINEAR,
        f"a projection misses the next point's score by {gap:.1e} at most": gap <= SAME_SCORE,
    }
    verdict = Verdict.REPRODUCED if all(facts.values()) else Verdict.PARTLY
    if share <= CURVED:
        verdict = Verdict.NOT_REPRODUCED
    detail = "; ".join(f"{fact} ({'holds' if held else 'fails'})" for fact, held in facts.items())
    return ExternalResult(
        verdict,
        f"{sum(facts.values())} of {len(facts)} facts hold: {detail}. "
        "Headline: the share of the variance, computed and not sampled.",
        Estimate(share, share, share, len(straight)),
    )


def _largest_residual(alpha: np.ndarray, values: pd.Series) -> float:
    return float(np.abs(_residuals(alpha, values)).max())


def _residual_share(alpha: np.ndarray, values: pd.Series) -> float:
    """Share of the variance that the best straight line leaves; 0 if nothing varies."""
    total = float(values.to_numpy(dtype=float).var())
    return float(_residuals(alpha, values).var()) / total if total > 0 else 0.0


def _residuals(alpha: np.ndarray, values: pd.Series) -> np.ndarray:
    design = np.stack([np.ones_like(alpha), alpha], axis=1)
    y = values.to_numpy(dtype=float)
    coefficients, *_ = np.linalg.lstsq(design, y, rcond=None)
    residuals: np.ndarray = y - design @ coefficients
    return residuals


def _largest_spread(rows: pd.DataFrame) -> float:
    """Largest difference of scores between points of equal coordinates."""
    scores = rows.groupby(["x1", "x2"])["score"]
    return float((scores.max() - scores.min()).max())


def _largest_gap(rows: pd.DataFrame) -> float:
    """Largest difference between a projection's score and the next point's.

    Infinite if more than the last point of each path lacks it.
    """
    gaps = (rows["projected_score"] - rows["next_score"]).abs().astype(float)
    if gaps.isna().sum() > rows["path"].nunique():
        return float("inf")
    return float(gaps.max())
