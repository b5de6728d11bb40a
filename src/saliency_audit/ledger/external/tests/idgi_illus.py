"""IDGI-ILLUS: the facts that a computed picture of IDGI must show."""

from math import inf

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.effect import Effect, Expected, at_most
from saliency_audit.ledger.external.ending import Evidence, Parameters, external_test
from saliency_audit.ledger.external.result import Headline

STRAIGHT = "ig"
LINEAR = 1e-12
CURVED = 0.01
SAME_SCORE = 1e-9
COLUMNS = ("path", "point", "alpha", "x1", "x2", "score", "projected_score", "next_score")


@external_test(needs={"steps"}, columns=COLUMNS)
def illustration_facts(rows: pd.DataFrame, parameters: Parameters) -> Evidence:
    """Is x linear in α while the score is not, and are score and projections well defined?

    Args:
        rows: of `idgi_illustration`, one per point of a path. The last point of a path has no next.
        parameters: `steps`, for the reader: the picture's own setting.

    Returns:
        Two facts, computed and not sampled. A straight line in α leaves more than 1 % of the
        variance of the score, while x leaves it by 1e-12 at most. Scores of points of equal
        coordinates differ by 1e-12 at most, and each projection has the score of the next point to
        1e-9.
    """
    straight = rows[rows["path"] == STRAIGHT].sort_values("alpha")
    if len(straight) < 3:
        return Evidence((), nothing="the straight path needs three points or more")
    alpha = straight["alpha"].to_numpy(dtype=float)
    share = _residual_share(alpha, straight["score"])
    n = len(straight)
    bent = max(_largest_residual(alpha, straight[name]) for name in ("x1", "x2"))
    straight_path = _fact("x leaves a straight line in α by", bent, n, at_most(LINEAR))
    curved = Expected(f"more than {CURVED:.0%}", above=CURVED)
    spread, gap = _largest_spread(rows), _largest_gap(rows)
    projected = _fact("a projection misses the next score by", gap, n, at_most(SAME_SCORE))
    effects = [
        _fact("share of the score's variance off a line in α", share, n, curved, straight_path),
        _fact("scores of one point differ by", spread, n, at_most(LINEAR), projected),
    ]
    return Evidence(
        effects,
        Headline.of(
            effects[0].estimate,
            "share of the score's variance that a straight line in α leaves, computed and not "
            "sampled",
            "points",
        ),
    )


def _fact(name: str, value: float, n: int, expected: Expected, *also: Effect) -> Effect:
    """A number that was computed and not sampled; what must come with it stands in `extra`."""
    extra = {each.label: each.estimate for each in also}
    return Effect.exact({"fact": name}, value, n, expected, also=also, extra=extra)


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
        return inf
    return float(gaps.max())
