"""MR-SELECT and its neighbours: MeGe, ReCo and μF with their intervals, and the best method."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import pandas as pd

from saliency_audit.ledger.external.effect import HIGHER, Effect, judge
from saliency_audit.ledger.external.evidence.fold_effects import Contrast, estimate_of
from saliency_audit.ledger.external.evidence.folds import FoldRows, by_method, fold_rows, sound
from saliency_audit.ledger.external.result import Comparison
from saliency_audit.ledger.resampling import enough_resamples
from saliency_audit.ledger.statistics import Estimate, jackknife
from saliency_audit.study.explanations import METHODS

RESAMPLES = 1000
ALPHA = 0.05


def score_of(group: FoldRows, score: str) -> Estimate:
    """MeGe, ReCo or μF of one method with its 95 % bootstrap interval over images."""
    return estimate_of(*group.drawn(score, RESAMPLES), group.n(score))


def over_folds(group: FoldRows, score: str) -> Estimate:
    """The same with its 95 % jackknife interval over folds (each a predictor and its images)."""
    return jackknife(group.value(score), group.without_fold(score))


def share_of_different(group: FoldRows) -> float:
    """|S≠| / (|S=| + |S≠|); 0 where both are empty."""
    different, equal = group.sets.different.size, group.sets.equal.size
    return different / max(1, different + equal)


def best_against_others(
    rows: pd.DataFrame, scores: Sequence[str], fewest: int
) -> tuple[Comparison, ...]:
    """Is the method with the highest score better than each of the others?

    Args:
        rows: of `mege_stability`.
        scores: of `fold_statistics.STATISTICS`, or "mu_fidelity".
        fewest: images; with fewer a difference is undecided.

    Returns:
        A comparison per sound series, score and other method, with the keys images, model, score,
        best and method: best minus other, with its 95 % bootstrap interval over images. Which
        method is best was not known beforehand: the one-sided p values are Holm-corrected over all
        pairs of methods and scores of a series, and compared with half of 5 %.
    """
    groups = fold_rows("best_against_others", rows)
    found: list[Comparison] = []
    for images, model in sound(groups):
        present = by_method(groups, images, model)
        pairs = len(METHODS) * (len(METHODS) - 1) // 2
        # Two-sided: each side gets half of alpha.
        resamples = enough_resamples(RESAMPLES, len(scores) * pairs, ALPHA / 2)
        family = [item for score in scores for item in _all_pairs(score, present, resamples)]
        for item in judge(family, ALPHA / 2, fewest):
            score, best, better, method = item.keys.values()
            if better == best:
                keys = {"images": images, "model": model, "score": score, "best": best}
                found.append(replace(item, keys={**keys, "method": method}))
    return tuple(found)


def _all_pairs(score: str, present: Mapping[str, FoldRows], resamples: int) -> Iterator[Effect]:
    points = {method: group.value(score) for method, group in present.items()}
    defined = {method: point for method, point in points.items() if not math.isnan(point)}
    order = sorted(defined, key=lambda method: defined[method], reverse=True)
    for better, method in combinations(order, 2):
        keys = {"score": score, "best": order[0], "better": better, "method": method}
        contrast = Contrast.difference(present[method], present[better])
        yield contrast.drawn(score, resamples).effect(keys, HIGHER)
