"""Do MeGe and ReCo fall, and does μF stay, as predictors are degraded?"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.fold_families import (
    Drawn,
    estimate_of,
    judged,
    reco_statistics,
)
from saliency_audit.ledger.external.fold_rows import (
    CONTROL,
    METHODS,
    FoldRows,
    Groups,
    Key,
    counted,
    degradations,
    fold_rows,
    levels_of,
    same_images,
    sound,
)
from saliency_audit.ledger.external.result import Comparison, ExternalResult, not_tested
from saliency_audit.ledger.external.rows import check_parameters
from saliency_audit.ledger.external.rule import family_verdict, judge, named, sentences, tally
from saliency_audit.ledger.fold_statistics import STATISTICS, once
from saliency_audit.ledger.resampling import Floats, bootstrap_p, resample_counts
from saliency_audit.ledger.statistics import Estimate, holm
from saliency_audit.ledger.verdict import Verdict


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
        set. The verdict is `family_verdict`'s. A level or method without rows leaves at best
        partly; an undefined score is undecided.

    Raises:
        ValueError: a parameter or column that is missing or unknown, or levels that do not explain
            the same images.
    """
    name = "monotone_degradation"
    check_parameters(name, parameters, {"levels", "folds", "resamples", "alpha", "definition"})
    if rows.empty:
        return not_tested("no rows of degraded predictors")
    groups = fold_rows(name, rows)
    same_images(name, groups)
    families: dict[str, list[Drawn]] = {}
    missing: list[str] = []
    for images, model in sound(groups):
        kinds = degradations(groups, images, model)
        if kinds:
            trends, lacking = _trends(groups, images, model, kinds, parameters)
            families.setdefault(images, []).extend(
                [*trends, *_against_random(groups, images, model, parameters)]
            )
            missing += lacking
    comparisons = tuple(
        item for family in families.values() for item in judged(family, parameters["alpha"])
    )
    if not comparisons:
        return not_tested("no rows of degraded predictors")
    detail = sentences(
        tally(comparisons),
        _undefined(comparisons),
        f"Not computed: {named(missing)}." if missing else "",
        _of_networks(groups),
    )
    return ExternalResult(
        family_verdict(comparisons, complete=not missing), detail, None, comparisons
    )


def _scores(definition: str) -> dict[str, tuple[str, str | None]]:
    """Statistic behind each score, and the other definition's, where there is one."""
    deciding, other = reco_statistics(definition)
    return {"mege": ("mege", None), "reco": (deciding, other)}


def _trends(
    groups: Groups, images: str, model: str, kinds: Sequence[str], parameters: Mapping[str, Any]
) -> tuple[list[Drawn], list[str]]:
    levels: list[int] = list(parameters["levels"])
    found: list[Drawn] = []
    missing: list[str] = []
    resamples = counted(parameters, 2 * len(METHODS) * (len(kinds) + 1))
    for kind in kinds:
        for method in METHODS:
            at = levels_of(groups, images, model, kind, method, levels)
            where = {"images": images, "model": model, "degradation": kind, "method": method}
            missing += [
                f"{', '.join(where.values())}, {level} %" for level in levels if level not in at
            ]
            if len(at) < 2 or 0 not in at:
                continue
            counts = resample_counts(len(at[0].image), resamples)
            for score, (statistic, other) in _scores(parameters["definition"]).items():
                point, draws, ends = _slope(at, statistic, counts)
                extra = {}
                if other is not None:
                    extra["other definition"] = estimate_of(
                        *_slope(at, other, counts)[:2], len(at[0].image)
                    )
                keys = {**where, "score": score}
                found.append(Drawn(keys, point, draws, len(at[0].image), *ends, "lower", extra))
    return found, missing


def _slope(
    at: Mapping[int, FoldRows], statistic: str, counts: Any
) -> tuple[float, Floats, tuple[float, float]]:
    """Least-squares slope of a score over the levels, per 10 points; its draws; first and last."""
    measure = STATISTICS[statistic]
    steps = np.array(sorted(at), dtype=float) / 10
    weights = (steps - steps.mean()) / ((steps - steps.mean()) ** 2).sum()
    points = np.array([measure(at[lv].sets, once(len(at[lv].image)))[0] for lv in sorted(at)])
    draws = np.stack([measure(at[level].sets, counts) for level in sorted(at)], axis=1)
    return float(points @ weights), draws @ weights, (float(points[0]), float(points[-1]))


def _against_random(
    groups: Groups, images: str, model: str, parameters: Mapping[str, Any]
) -> Iterator[Drawn]:
    control = groups.get(Key(images, model, "none", 0, CONTROL))
    if control is None:
        return
    count = len(control.image)
    counts = resample_counts(count, counted(parameters, 6 * len(METHODS)))
    for score, (statistic, _) in _scores(parameters["definition"]).items():
        measure = STATISTICS[statistic]
        base, base_draws = measure(control.sets, once(count))[0], measure(control.sets, counts)
        for method in METHODS:
            group = groups.get(Key(images, model, "none", 0, method))
            if group is None:
                continue
            value = measure(group.sets, once(count))[0]
            yield Drawn(
                keys={
                    "images": images,
                    "model": model,
                    "degradation": "none",
                    "method": f"{method} − random",
                    "score": score,
                },
                point=float(value - base),
                draws=measure(group.sets, counts) - base_draws,
                n=count,
                base=float(base),
                other=float(value),
                expected="higher",
            )


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
        partly. Images whose μF is undefined at either level are left out and counted.

    Raises:
        ValueError: as `monotone_degradation`.
    """
    name = "equivalent_under_degradation"
    needed = {"levels", "margin", "subset", "resamples", "alpha"}
    check_parameters(name, parameters, needed)
    if rows.empty:
        return not_tested("no rows of degraded predictors")
    groups = fold_rows(name, rows)
    same_images(name, groups)
    first, last = parameters["levels"]
    family: list[tuple[dict[str, str], Floats, float, float]] = []
    left_out = 0
    for images, model in sound(groups):
        for kind in degradations(groups, images, model):
            for method in METHODS:
                at = levels_of(groups, images, model, kind, method, [first, last])
                if len(at) < 2:
                    continue
                base, other = at[first].fidelity, at[last].fidelity
                kept = np.isfinite(base) & np.isfinite(other)
                left_out += int((~kept).sum())
                if kept.any():
                    keys = {
                        "images": images,
                        "model": model,
                        "degradation": kind,
                        "method": method,
                    }
                    family.append(
                        (keys, (other - base)[kept], base[kept].mean(), other[kept].mean())
                    )
    if not family:
        return not_tested("no rows of degraded predictors")
    comparisons = _equivalences(family, parameters)
    verdict = _equivalence_verdict(comparisons, parameters["margin"])
    detail = sentences(
        tally(comparisons),
        f"{left_out} times an image had no μF and was left out." if left_out else "",
        _of_networks(groups),
    )
    return ExternalResult(verdict, detail, None, comparisons)


def _equivalences(
    family: Sequence[tuple[dict[str, str], Floats, float, float]], parameters: Mapping[str, Any]
) -> tuple[Comparison, ...]:
    margin, alpha = parameters["margin"], parameters["alpha"]
    resamples = counted(parameters, len(family))
    estimates, p_values = [], []
    for _, differences, _, _ in family:
        counts = resample_counts(len(differences), resamples)
        draws = counts @ differences / len(differences)
        estimates.append(estimate_of(float(differences.mean()), draws, len(differences)))
        p_values.append(
            max(bootstrap_p(draws + margin, "greater"), bootstrap_p(draws - margin, "less"))
        )
    return tuple(
        Comparison(
            keys=keys,
            estimate=estimate,
            base_mean=float(base),
            other_mean=float(other),
            p_value=p_value,
            p_adjusted=adjusted,
            expected="equal",
            holds=judge(estimate, "equal", significant=True, margin=margin)[0] and adjusted < alpha,
            contradicts=_drops(estimate, margin),
        )
        for (keys, _, base, other), estimate, p_value, adjusted in zip(
            family, estimates, p_values, holm(p_values), strict=True
        )
    )


def _drops(estimate: Estimate, margin: float) -> bool:
    return estimate.n > 1 and estimate.high < 0 and estimate.low < -margin


def _equivalence_verdict(comparisons: Sequence[Comparison], margin: float) -> Verdict:
    if all(item.holds for item in comparisons):
        return Verdict.REPRODUCED
    if 2 * sum(item.contradicts for item in comparisons) > len(comparisons):
        return Verdict.NOT_REPRODUCED
    wide = [item for item in comparisons if item.estimate.high - item.estimate.low > 2 * margin]
    return Verdict.INCONCLUSIVE if 2 * len(wide) > len(comparisons) else Verdict.PARTLY


def _undefined(comparisons: Sequence[Comparison]) -> str:
    labels = [item.label for item in comparisons if not np.isfinite(item.estimate.mean)]
    return f"Undefined (S= or S≠ is empty): {named(labels)}." if labels else ""


def _of_networks(groups: Groups) -> str:
    names = dict.fromkeys(f"{key.model} on {key.images}" for key in groups)
    return f"Predictors: {named(list(names))}."
