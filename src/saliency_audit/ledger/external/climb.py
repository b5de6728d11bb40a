"""What GGIG's climb has to do with a verdict: a shorter one than the claim's is a stand-in."""

from dataclasses import replace

import pandas as pd

from saliency_audit.ledger.external.result import ExternalResult
from saliency_audit.ledger.external.rows import check_columns
from saliency_audit.ledger.external.rule import sentences
from saliency_audit.ledger.verdict import Verdict


def unless_short_climb(
    result: ExternalResult, rows: pd.DataFrame, climb: tuple[int, int]
) -> ExternalResult:
    """The result, at best partly where GGIG climbed less than the claim rests on; and how much.

    Args:
        result: of a test.
        rows: that it was made from, with columns model, climb_points and climb_ascents.
        climb: points on the line and steps at each.

    Raises:
        ValueError: a column is missing.
    """
    if result.verdict is Verdict.NOT_TESTED:
        return result
    check_columns("GGIG's climb", rows, ["model", "climb_points", "climb_ascents"])
    found = rows[["model", "climb_points", "climb_ascents"]].drop_duplicates()
    points, ascents = climb
    short = found[(found["climb_points"] < points) | (found["climb_ascents"] < ascents)]
    if short.empty:
        return result
    said = ", ".join(
        f"{line.climb_points} points × {line.climb_ascents} on {line.model}"
        for line in short.itertuples()
    )
    sentence = f"GGIG climbs {said}, which stands in for {points} points × {ascents} steps."
    verdict = Verdict.PARTLY if result.verdict is Verdict.REPRODUCED else result.verdict
    return replace(result, verdict=verdict, detail=sentences(result.detail, sentence))
