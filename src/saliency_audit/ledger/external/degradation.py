"""Do MeGe and ReCo fall, and does μF stay, as predictors are degraded?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.fold_families import (
    Drawn,
    beside_reco,
    drawn_difference,
    estimate_of,
    judged,
    reco_statistics,
    sizes_of,
)
from saliency_audit.ledger.external.fold_rows import (
    FoldRows,
    Groups,
    Key,
    counted,
    degradations,
    fold_rows,
    levels_of,
    of_the_seven,
    other_folds,
    remarks,
    same_images,
    sound,
)
from saliency_audit.ledger.external.result import Comparison, ExternalResult, not_tested
from saliency_audit.ledger.external.rows import check_parameters
from saliency_audit.ledger.external.rule import family_verdict, judge, named, sentences, tally
from saliency_audit.ledger.resampling import Floats, bootstrap_p, resample_counts
from saliency_audit.ledger.statistics import Estimate, holm
from saliency_audit.ledger.verdict import Verdict
from saliency_audit.study.explanations import CONTROL, METHODS
from saliency_audit.study.predictors import DEGRADATIONS

NO_ROWS = "no rows of degraded predictors"
NAN = float("nan")


def monotone_degradation(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> ExternalResult:
    """Do MeGe and ReCo fall with the level of degradation, and does every method beat Random?

    Args:
        rows: of `mege_stability`.
        parameters: `levels` in percent, 0 first; `folds`; `resamples`, `alpha`; `definition` of
            ReCo that decides, the other one stands in `extra`.

    Returns:
        Per network that was degraded: a comparison per degradation, method and score (its slope
        over the levels, per 10 points, expected below 0), and one per method and score (its
        difference to Random at level 0, expected above 0). Bootstrap over images, all distances of
        an image together and the same images at every level; Holm over all comparisons of an image
        set. The verdict is `family_verdict`'s. A degradation, level or method without rows, or
        another number of folds, leaves at best partly; an undefined score is undecided. n counts
        the images that have a distance. Beside ReCo, in `extra`, stand the other definition and
        AUROC, whose level by chance, unlike ReCo's, does not depend on the number of distances.

    Raises:
        ValueError: a parameter or column that is missing or unknown, or levels that do not explain
            the same images.
    """
    name = "monotone_degradation"
    check_parameters(name, parameters, {"levels", "folds", "resamples", "alpha", "definition"})
    if rows.empty:
        return not_tested(NO_ROWS)
    groups = fold_rows(name, rows)
    same_images(name, groups)
    families: dict[str, list[Drawn]] = {}
    missing = other_folds(groups, parameters)
    for images, model in sound(groups):
        if not degradations(groups, images, model):
            continue
        trends, without_rows = _trends(groups, images, model, parameters)
        differences, without_control = _against_random(groups, images, model, parameters)
        families.setdefault(images, []).extend([*trends, *differences])
        missing += [*without_rows, *without_control]
    comparisons = tuple(
        item for family in families.values() for item in judged(family, parameters["alpha"])
    )
    if not comparisons:
        return not_tested(NO_ROWS)
    detail = sentences(
        tally(comparisons),
        f"Not computed: {named(missing)}." if missing else "",
        remarks(of_the_seven(groups)),
        _of_networks(groups),
    )
    return ExternalResult(
        family_verdict(comparisons, complete=not missing), detail, None, comparisons
    )


def _scores(definition: str) -> dict[str, tuple[str, str | None]]:
    """Statistic behind each score, and the other definition's, where there is one."""
    deciding, other = reco_statistics(definition)
    return {"mege": ("mege", None), "reco": (deciding, other)}


def _resamples(parameters: Mapping[str, Any]) -> int:
    """Enough for all comparisons of an image set: trends, and differences to Random."""
    return counted(parameters, 2 * len(METHODS) * (len(DEGRADATIONS) + 1))


def _trends(
    groups: Groups, images: str, model: str, parameters: Mapping[str, Any]
) -> tuple[list[Drawn], list[str]]:
    levels: list[int] = list(parameters["levels"])
    found: list[Drawn] = []
    missing: list[str] = []
    resamples = _resamples(parameters)
    for kind, method in product(DEGRADATIONS, METHODS):
        at = levels_of(groups, images, model, kind, method, levels)
        where = {"images": images, "model": model, "degradation": kind, "method": method}
        missing += [
            f"{', '.join(where.values())}, {level} %" for level in levels if level not in at
        ]
        if len(at) < 2 or 0 not in at:
            continue
        ends = at[0], at[max(at)]
        for score, (statistic, other) in _scores(parameters["definition"]).items():
            point, draws = _slope(at, statistic, resamples)
            found.append(
                Drawn(
                    keys={**where, "score": score},
                    point=point,
                    draws=draws,
                    n=min(group.n for group in at.values()),
                    base=ends[0].drawn(statistic, resamples)[0],
                    other=ends[1].drawn(statistic, resamples)[0],
                    expected="lower",
                    extra=_beside_slope(at, other, resamples) if other else {},
                )
            )
    return found, missing


def _slope(at: Mapping[int, FoldRows], statistic: str, resamples: int) -> tuple[float, Floats]:
    """Least-squares slope of a score over the levels, per 10 points, and its draws."""
    steps = np.array(sorted(at), dtype=float) / 10
    weights = (steps - steps.mean()) / ((steps - steps.mean()) ** 2).sum()
    scores = [at[level].drawn(statistic, resamples) for level in sorted(at)]
    points = np.array([point for point, _ in scores])
    return float(points @ weights), np.stack([draws for _, draws in scores], axis=1) @ weights


def _beside_slope(at: Mapping[int, FoldRows], other: str, resamples: int) -> dict[str, Estimate]:
    """Slopes of the other definition and of AUROC, and the sizes at every level."""
    n = min(group.n for group in at.values())
    found = {
        "other definition": estimate_of(*_slope(at, other, resamples), n),
        "AUROC": estimate_of(*_slope(at, "auroc", resamples), n),
    }
    for level in sorted(at):
        found |= sizes_of(at[level], f"{level} %")
    return found


def _against_random(
    groups: Groups, images: str, model: str, parameters: Mapping[str, Any]
) -> tuple[list[Drawn], list[str]]:
    control = groups.get(Key(images, model, "none", 0, CONTROL))
    if control is None:
        return [], [f"{images}, {model}, {CONTROL}"]
    resamples = _resamples(parameters)
    found = []
    scores = _scores(parameters["definition"]).items()
    for (score, (statistic, other)), method in product(scores, METHODS):
        group = groups.get(Key(images, model, "none", 0, method))
        if group is None:
            continue  # named among the trends
        pair = (control, group)
        extra = beside_reco(pair, other, resamples) if other else {}
        keys = {
            "images": images,
            "model": model,
            "degradation": "none",
            "method": f"{method} − {CONTROL}",
            "score": score,
        }
        found.append(drawn_difference(keys, pair, statistic, resamples, "higher", extra))
    return found, []


def equivalent_under_degradation(
    rows: pd.DataFrame, parameters: Mapping[str, Any]
) -> ExternalResult:
    """Does μF at the highest level of degradation equal that of the sound predictors?

    Args:
        rows: of `mege_stability`.
        parameters: `levels`, two, in percent; `margin`; `subset`, for the reader; `resamples`,
            `alpha`.

    Returns:
        A comparison per network, degradation and method: mean over images of μF at the second
        level minus μF at the first. It holds if its 95 % interval lies within the margin and the
        Holm-adjusted p of the two one-sided tests is below alpha; it contradicts ("drops") if the
        interval lies below 0 and reaches beyond the margin. Reproduced if all hold, not reproduced
        if more than half drop, inconclusive if most intervals are wider than the margin, else
        partly. Images whose μF is undefined at either level are left out and counted. A degradation
        or method without rows leaves at best partly.

    Raises:
        ValueError: as `monotone_degradation`.
    """
    name = "equivalent_under_degradation"
    needed = {"levels", "margin", "subset", "resamples", "alpha"}
    check_parameters(name, parameters, needed)
    if rows.empty:
        return not_tested(NO_ROWS)
    groups = fold_rows(name, rows)
    same_images(name, groups)
    first, last = parameters["levels"]
    family: list[_Change] = []
    missing: list[str] = []
    for images, model in sound(groups):
        if not degradations(groups, images, model):
            continue
        for kind, method in product(DEGRADATIONS, METHODS):
            keys = {"images": images, "model": model, "degradation": kind, "method": method}
            at = levels_of(groups, images, model, kind, method, [first, last])
            if len(at) < 2:
                missing.append(", ".join(keys.values()))
                continue
            family.append(_Change.between(keys, at[first].fidelity, at[last].fidelity))
    if not family:
        return not_tested(NO_ROWS)
    comparisons = _equivalences(family, parameters)
    verdict = _equivalence_verdict(comparisons, parameters["margin"], complete=not missing)
    left_out = sum(change.left_out for change in family)
    detail = sentences(
        tally(comparisons),
        f"{left_out} times an image had no μF and was left out." if left_out else "",
        f"Not computed: {named(missing)}." if missing else "",
        _of_networks(groups),
    )
    return ExternalResult(verdict, detail, None, comparisons)


@dataclass(frozen=True)
class _Change:
    """μF of the same images at two levels, without those that lack it at either."""

    keys: dict[str, str]
    base: Floats
    other: Floats
    left_out: int

    @classmethod
    def between(cls, keys: dict[str, str], base: Floats, other: Floats) -> "_Change":
        kept = np.isfinite(base) & np.isfinite(other)
        return cls(keys, base[kept], other[kept], int((~kept).sum()))


def _equivalences(
    family: Sequence[_Change], parameters: Mapping[str, Any]
) -> tuple[Comparison, ...]:
    margin, alpha = parameters["margin"], parameters["alpha"]
    resamples = counted(parameters, len(family))
    estimates, p_values = [], []
    for change in family:
        differences = change.other - change.base
        if not len(differences):
            estimates.append(estimate_of(NAN, np.full(resamples, NAN), 0))
            p_values.append(1.0)
            continue
        draws = resample_counts(len(differences), resamples) @ differences / len(differences)
        estimates.append(estimate_of(float(differences.mean()), draws, len(differences)))
        p_values.append(
            max(bootstrap_p(draws + margin, "greater"), bootstrap_p(draws - margin, "less"))
        )
    return tuple(
        Comparison(
            keys=change.keys,
            estimate=estimate,
            base_mean=float(change.base.mean()) if len(change.base) else NAN,
            other_mean=float(change.other.mean()) if len(change.other) else NAN,
            p_value=p_value,
            p_adjusted=adjusted,
            expected="equal",
            holds=judge(estimate, "equal", margin=margin)[0] and adjusted < alpha,
            contradicts=_drops(estimate, margin),
        )
        for change, estimate, p_value, adjusted in zip(
            family, estimates, p_values, holm(p_values), strict=True
        )
    )


def _drops(estimate: Estimate, margin: float) -> bool:
    return estimate.n > 1 and estimate.high < 0 and estimate.low < -margin


def _equivalence_verdict(
    comparisons: Sequence[Comparison], margin: float, *, complete: bool
) -> Verdict:
    if all(item.holds for item in comparisons):
        return Verdict.REPRODUCED if complete else Verdict.PARTLY
    if 2 * sum(item.contradicts for item in comparisons) > len(comparisons):
        return Verdict.NOT_REPRODUCED
    # An undefined interval is as good as infinitely wide.
    wide = [
        item for item in comparisons if not item.estimate.high - item.estimate.low <= 2 * margin
    ]
    return Verdict.INCONCLUSIVE if 2 * len(wide) > len(comparisons) else Verdict.PARTLY


def _of_networks(groups: Groups) -> str:
    names = dict.fromkeys(f"{key.model} on {key.images}" for key in groups)
    return f"Predictors: {named(list(names))}."
