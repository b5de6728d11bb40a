"""Per-image values of two methods: signed ranks, Holm, and an interval of the mean difference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.result import Comparison, ExternalResult, not_tested
from saliency_audit.ledger.external.rows import (
    MethodPair,
    Steps,
    at_steps,
    check_columns,
    check_parameters,
    identified,
    method_pairs,
    missing_paths,
    models_of,
)
from saliency_audit.ledger.external.rule import (
    coverage,
    family_verdict,
    is_complete,
    judge,
    sentences,
    tally,
    unless_other_steps,
    unless_too_few,
    where_gains_are_due,
)
from saliency_audit.ledger.statistics import Estimate, bootstrap_mean, holm, signed_rank_p


@dataclass(frozen=True)
class PairedValues:
    """Values of two methods on the same images, and which side the claim expects.

    `base` and `other` share their index, the images. `expected` is "higher" or "lower". `extra` is
    reported with the comparison.
    """

    keys: Mapping[str, str]
    base: pd.Series
    other: pd.Series
    expected: str = "higher"
    extra: Mapping[str, Estimate] = field(default_factory=dict)

    @property
    def differences(self) -> pd.Series:
        """Other minus base, per image."""
        return self.other - self.base

    def finite(self) -> "PairedValues":
        """The same without the images that lack a finite value of either method."""
        kept = np.isfinite(self.base.astype(float)) & np.isfinite(self.other.astype(float))
        return replace(self, base=self.base[kept], other=self.other[kept])

    @property
    def p_value(self) -> float:
        """One-sided signed-rank p for the expected side."""
        side = "less" if self.expected == "lower" else "greater"
        return signed_rank_p(self.differences.to_numpy(dtype=float), side)


def paired_improvement(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> ExternalResult:
    """Does the `+idgi` variant score higher than its base on the same images?

    Args:
        rows: columns model, path, method, steps, image and one per score; one row per map.
        parameters: `paths` and `scores` declared, `steps` (rows of other step counts are not used;
            if there are none of this, those of the most steps are), `alpha`; optional `exceptions`:
            model/path pairs for which the claim says that the variant scores lower,
            `minimum_images`, `networks`, the claim's own, and `also_at`: a number of steps at which
            every comparison is repeated in `extra`, which does not decide.

    Returns:
        A comparison per model, declared path with rows, and score. A comparison holds if its
        Holm-adjusted one-sided signed-rank p is below alpha and its bootstrap interval lies wholly
        on the expected side of zero (above; below for an exception); it contradicts if the
        interval lies wholly on the other side. The verdict is `family_verdict`'s; a declared path
        that a network has no rows of leaves at best partly; fewer than `minimum_images` in any
        comparison are inconclusive.

    Raises:
        ValueError: a parameter or column that is missing or unknown, an image without both
            methods, or values that are not finite.
    """
    name = "paired_improvement"
    needed = {"paths", "scores", "steps", "alpha"}
    check_parameters(
        name, parameters, needed, {"exceptions", "minimum_images", "networks", "also_at"}
    )
    if rows.empty:
        return not_tested("no rows for any declared path")
    check_columns(name, rows, ["model", "path", "method", "steps", "image", *parameters["scores"]])
    models = models_of(rows)
    everything = identified(rows)
    rows, steps = at_steps(everything, parameters["steps"])
    also = everything[everything["steps"] == parameters.get("also_at")]
    further = {(pair.model, pair.path): pair for pair in method_pairs(also, parameters["paths"])}
    exceptions = {(item["model"], item["path"]) for item in parameters.get("exceptions", [])}
    pairs = list(method_pairs(rows, parameters["paths"]))
    values = [
        PairedValues(
            {"model": pair.model, "path": pair.path, "score": score},
            pair.base[score],
            pair.idgi[score],
            "lower" if (pair.model, pair.path) in exceptions else "higher",
            _further(further.get((pair.model, pair.path)), score, parameters.get("also_at")),
        )
        for pair in pairs
        for score in parameters["scores"]
    ]
    compared = {(pair.model, pair.path) for pair in pairs}
    missing = missing_paths(compared, models, parameters["paths"])
    return _conclude(values, models, parameters, missing, steps)


def _further(pair: MethodPair | None, score: str, steps: int | None) -> dict[str, Estimate]:
    """The same difference at another number of steps, on all images that have it there."""
    if pair is None:
        return {}
    there = PairedValues({}, pair.base[score], pair.idgi[score]).finite()
    if not len(there.base):
        return {}
    return {f"at {steps} steps": bootstrap_mean(there.differences.to_numpy(dtype=float))}


def paired_difference(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> ExternalResult:
    """The same question on long rows, a row per map and score, for scores beyond the paper.

    Args:
        rows: columns model, path, method, image, score, value.
        parameters: `paths`, `scores` and `alpha`; optional `minimum_images` and `networks`, the
            claim's own. Which network has which score is up to the experiment.

    Returns:
        As `paired_improvement`, without exceptions. A declared score without any row, or a
        declared path without rows for a network and score that has others, leaves at best partly.

    Raises:
        ValueError: as `paired_improvement`.
    """
    name = "paired_difference"
    check_parameters(name, parameters, {"paths", "scores", "alpha"}, {"minimum_images", "networks"})
    if rows.empty:
        return not_tested("no rows for any declared path")
    check_columns(name, rows, ["model", "path", "method", "image", "score", "value"])
    values, missing = [], []
    for score in parameters["scores"]:
        chosen = identified(rows[rows["score"] == score])
        pairs = list(method_pairs(chosen, parameters["paths"]))
        if not pairs:
            missing.append(str(score))
            continue
        values += [
            PairedValues(
                {"model": pair.model, "path": pair.path, "score": str(score)},
                pair.base["value"],
                pair.idgi["value"],
            )
            for pair in pairs
        ]
        compared = {(pair.model, pair.path) for pair in pairs}
        lacking = missing_paths(compared, models_of(chosen), parameters["paths"])
        missing += [f"{label}, {score}" for label in lacking]
    return _conclude(values, models_of(rows), parameters, missing)


def compare(family: Sequence[PairedValues], alpha: float) -> tuple[Comparison, ...]:
    """Comparisons of one family: signed ranks, Holm over the family, interval of the mean."""
    p_values = [values.p_value for values in family]
    return tuple(
        _comparison(values, p_value, adjusted, alpha)
        for values, p_value, adjusted in zip(family, p_values, holm(p_values), strict=True)
    )


def _comparison(values: PairedValues, p_value: float, adjusted: float, alpha: float) -> Comparison:
    """One comparison of means, judged by its interval and by whether its p value passes."""
    estimate = bootstrap_mean(values.differences.to_numpy(dtype=float))
    holds, contradicts = judge(estimate, values.expected, significant=adjusted < alpha)
    return Comparison(
        keys=values.keys,
        estimate=estimate,
        base_mean=float(values.base.mean()),
        other_mean=float(values.other.mean()),
        p_value=p_value,
        p_adjusted=adjusted,
        expected=values.expected,
        holds=holds,
        contradicts=contradicts,
        extra=values.extra,
    )


def _conclude(
    family: Sequence[PairedValues],
    models: Sequence[str],
    parameters: Mapping[str, Any],
    missing: Sequence[str],
    steps: Steps | None = None,
) -> ExternalResult:
    given = sum(len(values.base) for values in family)
    family = [finite for values in family if len((finite := values.finite()).base)]
    if not family:
        return not_tested("no rows for any declared path")
    not_finite = given - sum(len(values.base) for values in family)
    comparisons = compare(family, parameters["alpha"])
    verdict = family_verdict(comparisons, complete=is_complete(models, parameters, missing))
    verdict, too_few = unless_too_few(verdict, comparisons, parameters)
    verdict, other_steps = unless_other_steps(verdict, steps is not None and steps.differ)
    first = next(
        score
        for score in parameters["scores"]
        if any(values.keys["score"] == score for values in family)
    )
    mine = [values for values in family if values.keys["score"] == first]
    gains, without = where_gains_are_due(mine, [values.expected for values in mine])
    # An image seen by several models gives several differences that are not independent.
    pooled = pd.concat([values.differences for values in gains])
    headline = (
        f"Headline: mean of the {len(pooled)} differences (images × models × paths{without}) of "
        f"the {first} score, resampled by image."
    )
    detail = sentences(
        tally(comparisons),
        too_few,
        f"{not_finite} times an image had no finite value and was left out." if not_finite else "",
        coverage(models, parameters, missing),
        steps.note if steps else "",
        other_steps,
        headline,
    )
    estimate = bootstrap_mean(pooled.to_numpy(dtype=float), pooled.index.tolist())
    return ExternalResult(verdict, detail, estimate, comparisons)
