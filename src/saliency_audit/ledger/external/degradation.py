"""Do MeGe and ReCo fall, and does μF stay, as predictors are degraded?"""

from collections.abc import Iterable, Mapping, Sequence
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
    few_images,
    judged,
    only_if,
    reco_statistics,
    sizes_of,
    smaller_n,
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
from saliency_audit.ledger.statistics import Estimate, bootstrap_mean, holm, jackknife
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
            ReCo that decides, the other one stands in `extra`; `fewest_images` that decide.

    Returns:
        Per network that was degraded: a comparison per degradation, method and score (its slope
        over the levels, per 10 points, expected below 0), and one per method and score (its
        difference to Random at level 0, expected above 0). Bootstrap over images, all distances of
        an image together and the same images at every level; Holm over all comparisons of an image
        set. The verdict is `family_verdict`'s. A degradation, level or method without rows, or
        another number of folds, leaves at best partly. n counts the images with a distance in S=,
        for ReCo in S= and in S≠, at the level that has the fewest; where the score is undefined or
        n is below `fewest_images`, the comparison is undecided. In `extra` stand the interval over
        folds and, beside ReCo, the other definition and AUROC, whose level by chance, unlike
        ReCo's, does not depend on the number of distances.

    Raises:
        ValueError: a parameter or column that is missing or unknown, or levels that do not explain
            the same images.
    """
    name = "monotone_degradation"
    needed = {"levels", "folds", "resamples", "alpha", "definition", "fewest_images"}
    check_parameters(name, parameters, needed)
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
    fewest = parameters["fewest_images"]
    comparisons = tuple(
        item for family in families.values() for item in judged(family, parameters["alpha"], fewest)
    )
    if not comparisons:
        return not_tested(NO_ROWS)
    detail = sentences(
        tally(comparisons),
        few_images(comparisons, fewest),
        f"Not computed: {named(missing)}." if missing else "",
        remarks(_compared(groups, comparisons)),
        _of_networks(comparisons),
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
                    n=smaller_n(at.values(), statistic),
                    base=ends[0].value(statistic),
                    other=ends[1].value(statistic),
                    expected="lower",
                    extra={
                        "over folds": _slope_over_folds(at, statistic),
                        **(_beside_slope(at, other, resamples) if other else {}),
                    },
                )
            )
    return found, missing


def _slope(at: Mapping[int, FoldRows], statistic: str, resamples: int) -> tuple[float, Floats]:
    """Least-squares slope of a score over the levels, per 10 points, and its draws."""
    scores = [at[level].drawn(statistic, resamples) for level in sorted(at)]
    weights = _slope_weights(at)
    points = np.array([point for point, _ in scores])
    return float(points @ weights), np.stack([draws for _, draws in scores], axis=1) @ weights


def _slope_weights(levels: Iterable[int]) -> Floats:
    """What the scores at the levels, in rising order, are multiplied by to give the slope."""
    steps = np.array(sorted(levels), dtype=float) / 10
    centred = steps - steps.mean()
    weights: Floats = centred / (centred**2).sum()
    return weights


def _slope_over_folds(at: Mapping[int, FoldRows], statistic: str) -> Estimate:
    weights = _slope_weights(at)
    points = np.array([at[level].value(statistic) for level in sorted(at)])
    without = np.stack([at[level].without_fold(statistic) for level in sorted(at)], axis=1)
    return jackknife(float(points @ weights), without @ weights)


def _beside_slope(at: Mapping[int, FoldRows], other: str, resamples: int) -> dict[str, Estimate]:
    """Slopes of the other definition and of AUROC, and the sizes at every level."""
    n = smaller_n(at.values(), other)
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
        Holm-adjusted p of the two one-sided tests is below alpha, and if μF at the first level is
        above the margin: less could not drop by more than the margin. It contradicts ("drops") if
        the interval lies below 0 and reaches beyond the margin. Reproduced if all hold, not
        reproduced if more than half drop, inconclusive if most intervals are wider than the margin
        or have nothing to lose, else partly. Images whose μF is undefined at either level are left
        out and counted. A degradation or method without rows leaves at best partly. `extra` has the
        slope over all levels, per 10 points.

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
    levels = sorted({key.level for key in groups})
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
            through = levels_of(groups, images, model, kind, method, levels)
            slope = _fidelity_slope(through)
            family.append(_Change.between(keys, at[first].fidelity, at[last].fidelity, slope))
    if not family:
        return not_tested(NO_ROWS)
    comparisons = _equivalences(family, parameters)
    verdict = _equivalence_verdict(comparisons, parameters["margin"], complete=not missing)
    left_out = sum(change.left_out for change in family)
    detail = sentences(
        tally(comparisons),
        _low(comparisons, parameters["margin"], first),
        f"{left_out} times an image had no μF and was left out." if left_out else "",
        f"Not computed: {named(missing)}." if missing else "",
        _of_networks(comparisons),
    )
    return ExternalResult(verdict, detail, None, comparisons)


def _fidelity_slope(at: Mapping[int, FoldRows]) -> dict[str, Estimate]:
    """Slope of μF over the levels, per 10 points, over the images that have it at all of them."""
    slopes = np.stack([at[level].fidelity for level in sorted(at)], axis=1) @ _slope_weights(at)
    slopes = slopes[np.isfinite(slopes)]
    return {"slope per 10 points": bootstrap_mean(slopes)} if len(slopes) else {}


@dataclass(frozen=True)
class _Change:
    """μF of the same images at two levels, without those that lack it at either."""

    keys: dict[str, str]
    base: Floats
    other: Floats
    left_out: int
    extra: Mapping[str, Estimate]

    @classmethod
    def between(
        cls, keys: dict[str, str], base: Floats, other: Floats, extra: Mapping[str, Estimate]
    ) -> "_Change":
        kept = np.isfinite(base) & np.isfinite(other)
        return cls(keys, base[kept], other[kept], int((~kept).sum()), extra)


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
    found = (
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
            extra=change.extra,
        )
        for change, estimate, p_value, adjusted in zip(
            family, estimates, p_values, holm(p_values), strict=True
        )
    )
    return tuple(only_if(item, not _nothing_to_lose(item, margin)) for item in found)


def _low(comparisons: Sequence[Comparison], margin: float, level: int) -> str:
    count = sum(_nothing_to_lose(item, margin) for item in comparisons)
    if not count:
        return ""
    return f"In {count} μF is at most {margin} at {level} % and cannot drop by more: not held."


def _nothing_to_lose(item: Comparison, margin: float) -> bool:
    """Whether μF is so low that it cannot drop by more than the margin."""
    return not item.base_mean > margin


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
    blind = [
        item
        for item in comparisons
        if not item.estimate.high - item.estimate.low <= 2 * margin
        or _nothing_to_lose(item, margin)
    ]
    return Verdict.INCONCLUSIVE if 2 * len(blind) > len(comparisons) else Verdict.PARTLY


def _compared(groups: Groups, comparisons: Iterable[Comparison]) -> list[FoldRows]:
    """The rows of the seven methods under the predictors that were compared."""
    used = {(item.keys["images"], item.keys["model"]) for item in comparisons}
    return [group for group in of_the_seven(groups) if (group.key.images, group.key.model) in used]


def _of_networks(comparisons: Iterable[Comparison]) -> str:
    names = dict.fromkeys(f"{item.keys['model']} on {item.keys['images']}" for item in comparisons)
    return f"Predictors: {named(list(names))}."
