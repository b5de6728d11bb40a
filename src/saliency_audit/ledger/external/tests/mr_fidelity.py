"""MR-FIDELITY: does μF stay where it is as predictors are degraded?"""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.effect import within
from saliency_audit.ledger.external.ending import Evidence, Parameters, external_test
from saliency_audit.ledger.external.evidence import folds
from saliency_audit.ledger.external.evidence.fold_effects import Asked, Contrast, measured
from saliency_audit.ledger.external.evidence.folds import FoldRows
from saliency_audit.ledger.external.tests.mr_sanity import NO_ROWS
from saliency_audit.ledger.resampling import Floats
from saliency_audit.study.explanations import METHODS
from saliency_audit.study.predictors import DEGRADATIONS

SCORE = "mu_fidelity"


@external_test(needs={"levels", "margin", "resamples"}, columns=folds.COLUMNS)
def equivalent_under_degradation(rows: pd.DataFrame, parameters: Parameters) -> Evidence:
    """Does μF at the highest level of degradation equal that of the sound predictors?

    Args:
        rows: of `mege_stability`.
        parameters: `levels`, two, in percent; `margin`; `resamples`.

    Returns:
        A comparison per network, degradation and method: mean over images of μF at the second level
        minus μF at the first, expected within the margin. Bootstrap over images, Holm over all. It
        cannot hold where μF at the first level is not above the margin: less cannot drop by more.
        Images whose μF is undefined at either level are left out and counted. A degradation or
        method without rows is missing. `extra` has the slope over all levels, per 10 points.
    """
    groups = folds.paired_rows("equivalent_under_degradation", rows)
    margin, ends = parameters["margin"], parameters["levels"]
    levels = sorted({key.level for key in groups})
    asked: list[Asked] = []
    missing: list[str] = []
    left_out = low = 0
    for (images, model), kind, method in product(folds.degraded(groups), DEGRADATIONS, METHODS):
        keys = {"images": images, "model": model, "degradation": kind, "method": method}
        at = folds.levels_of(groups, images, model, kind, method, ends)
        if len(at) < len(ends):
            missing.append(", ".join(keys.values()))
            continue
        both, lost = _where_all_have_one(at)
        contrast = Contrast.difference(*(both[level] for level in ends))
        through = folds.levels_of(groups, images, model, kind, method, levels)
        slope = Contrast.slope(_where_all_have_one(through)[0])
        extra = {"slope per 10 points": slope.drawn(SCORE, parameters["resamples"]).estimate}
        can_drop = contrast.rows[0].value(SCORE) > margin
        asked.append(Asked(keys, contrast, SCORE, within(margin), extra, can_drop))
        left_out += lost
        low += not can_drop
    effects, headline, few = measured([each.effect for each in asked], asked, "changes", parameters)
    return Evidence(
        effects,
        headline,
        missing=missing,
        remarks=[
            few,
            f"In {low} μF is at most {margin} at {ends[0]} % and cannot drop by more: not held."
            if low
            else "",
            _said(left_out),
        ],
        nothing=NO_ROWS,
    )


def _said(left_out: int) -> str:
    were = "change of μF was" if left_out == 1 else "changes of μF were"
    return f"{left_out} {were} undefined and left out." if left_out else ""


def _where_all_have_one(at: Mapping[int, FoldRows]) -> tuple[dict[int, FoldRows], int]:
    """The rows with the μF of images that have one at every level; how many images have not."""
    table: Floats = np.stack([group.fidelity for group in at.values()])
    kept = np.isfinite(table).all(axis=0)
    found = {
        level: replace(group, fidelity=np.where(kept, group.fidelity, np.nan))
        for level, group in at.items()
    }
    return found, int((~kept).sum())
