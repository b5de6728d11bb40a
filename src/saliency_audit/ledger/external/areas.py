"""Areas under median information curves of two methods: paired bootstrap over images, Holm."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.curves import (
    COLUMNS,
    COMPLEXITIES,
    CurveGroup,
    CurvePair,
    Used,
    check_curves,
    curve_group,
)
from saliency_audit.ledger.external.result import Comparison, ExternalResult, not_tested
from saliency_audit.ledger.external.rows import (
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
    named,
    sentences,
    tally,
    unless_other_steps,
    unless_too_few,
    where_gains_are_due,
)
from saliency_audit.ledger.resampling import Floats, bootstrap_p, enough_resamples, estimate_from
from saliency_audit.ledger.statistics import Estimate, bootstrap_mean, holm
from saliency_audit.ledger.verdict import Verdict

# The estimate, beside every comparison, on the images that all declared curves use.
ON_COMMON = "on the common images"


def paired_area_improvement(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> ExternalResult:
    """Is the area under the median information curve larger with the `+idgi` variant?

    Images are resampled, the same draw for both methods; the median curve over the images and its
    area are computed anew each time. The images are those that neither method drops.

    Args:
        rows: columns model, path, method, steps, image and ic_entropy, ic_ms_ssim, ic_probability,
            ic_correct, lists of equal length; one row per map.
        parameters: `paths`, `curves` ("aic": whether the prediction is right, "sic": its softmax
            probability), `complexity` ("entropy" or "ms_ssim"), `steps` as in
            `paired_improvement`, `resamples` (more where Holm needs them), `alpha`; optional
            `exceptions` (model, path: lower is expected), `ties` (model, path, curve: equal is
            expected) with their `margin`, `minimum_images`, `networks`, `also_at` as in
            `paired_improvement`.

    Returns:
        A comparison per model, path and curve. It holds if its Holm-adjusted one-sided bootstrap p
        is below alpha and its 95 % interval lies wholly on the expected side of zero; a tie, which
        Holm's family leaves out, if its interval lies within ±margin. The verdict is
        `family_verdict`'s; see `paired_improvement` for what limits it. `extra` repeats the
        comparison on the images that every declared curve uses. Images whose complexity could not
        be measured, and networks that have no others, are left out and named.

    Raises:
        ValueError: a parameter, name or column that is missing or unknown, or an image without
            both methods.
    """
    _check(rows, parameters)
    if rows.empty:
        return not_tested("no rows for any declared path")
    models = models_of(rows)
    everything = identified(rows)
    rows, steps = at_steps(everything, parameters["steps"])
    pairs = list(method_pairs(rows, parameters["paths"]))
    if not pairs:
        return not_tested("no rows for any declared path")
    complexity, curves = parameters["complexity"], parameters["curves"]
    measured = [curve_group(pair, curves, complexity) for pair in pairs]
    groups = [group for group in measured if group is not None]
    if not groups:
        return not_tested(f"no image whose {COMPLEXITIES[complexity]} could be measured")
    measured_models = sorted({group.model for group in groups})
    empty = [pair.label for group in groups for pair in group.pairs if not pair.used.any()]
    also = everything[everything["steps"] == parameters.get("also_at")]
    comparisons = _with_further(_compare(groups, parameters), also, parameters)
    compared = {(group.model, group.path) for group in groups}
    missing = missing_paths(compared, measured_models, parameters["paths"])
    about = [
        _counts(groups, complexity),
        _unmeasured([model for model in models if model not in measured_models], complexity),
        coverage(models, parameters, missing),
        steps.note,
    ]
    if not comparisons:
        return ExternalResult(Verdict.INCONCLUSIVE, sentences("No image is left.", *about))
    verdict = family_verdict(comparisons, complete=is_complete(models, parameters, missing))
    verdict, too_few = unless_too_few(verdict, comparisons, parameters)
    verdict, other_steps = unless_other_steps(verdict, steps.differ)
    if empty:
        verdict, too_few = Verdict.INCONCLUSIVE, f"No image is left for {named(empty)}."
    headline, said = _headline(groups, parameters)
    detail = sentences(tally(comparisons), too_few, *about, other_steps, said)
    return ExternalResult(verdict, detail, headline, comparisons)


def _check(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> None:
    name = "paired_area_improvement"
    needed = {"paths", "curves", "complexity", "steps", "resamples", "alpha"}
    optional = {"exceptions", "ties", "margin", "minimum_images", "networks", "also_at"}
    check_parameters(name, parameters, needed, optional)
    check_curves(name, parameters["curves"], [parameters["complexity"]])
    if parameters.get("ties") and "margin" not in parameters:
        raise ValueError(f"{name}: ties need a margin")
    if not rows.empty:
        check_columns(name, rows, ["model", "path", "method", "steps", "image", *COLUMNS])


def _with_further(
    comparisons: tuple[Comparison, ...], rows: pd.DataFrame, parameters: Mapping[str, Any]
) -> tuple[Comparison, ...]:
    """The comparisons with the same difference at another number of steps in `extra`."""
    measured = [
        curve_group(pair, parameters["curves"], parameters["complexity"])
        for pair in method_pairs(rows, parameters["paths"])
    ]
    there = {
        tuple(pair.keys.values()): pair
        for group in measured
        if group is not None
        for pair in group.pairs
        if pair.used.any()
    }
    label = f"at {parameters.get('also_at')} steps"
    found = []
    for item in comparisons:
        pair = there.get(tuple(item.keys.values()))
        if pair is not None:
            base, other = pair.areas(pair.used)
            draws = pair.draws(pair.used, parameters["resamples"])
            estimate = estimate_from(other - base, draws, int(pair.used.sum()))
            item = replace(item, extra={**item.extra, label: estimate})
        found.append(item)
    return tuple(found)


@dataclass(frozen=True)
class _Sampled:
    """A pair of areas, the resamples of their difference, and which side is expected."""

    pair: CurvePair
    common: Used
    expected: str
    base: float
    other: float
    draws: Floats

    @property
    def estimate(self) -> Estimate:
        return estimate_from(self.other - self.base, self.draws, int(self.pair.used.sum()))

    def p_value(self, margin: float) -> float:
        """One-sided for the expected side; for a tie the larger of the two against the margin."""
        if self.expected == "equal":
            below = bootstrap_p(self.draws - margin, "less")
            return max(below, bootstrap_p(self.draws + margin, "greater"))
        return bootstrap_p(self.draws, "less" if self.expected == "lower" else "greater")

    def on_common(self, resamples: int) -> dict[str, Estimate]:
        """The same difference on the images that every declared curve uses."""
        if not self.common.any():
            return {}
        found = self.estimate
        if not np.array_equal(self.common, self.pair.used):
            base, other = self.pair.areas(self.common)
            draws = self.pair.draws(self.common, resamples)
            found = estimate_from(other - base, draws, int(self.common.sum()))
        return {ON_COMMON: found}


def _compare(groups: Sequence[CurveGroup], parameters: Mapping[str, Any]) -> tuple[Comparison, ...]:
    """A comparison of every pair that has an image, corrected over the directed ones."""
    alpha, margin = parameters["alpha"], parameters.get("margin", 0.0)
    chosen = [(group, pair) for group in groups for pair in group.pairs if pair.used.any()]
    resamples = enough_resamples(parameters["resamples"], len(chosen), alpha)
    family = [_sample(group, pair, parameters, resamples) for group, pair in chosen]
    p_values = [item.p_value(margin) for item in family]
    directed = [i for i, item in enumerate(family) if item.expected != "equal"]
    corrected = dict(zip(directed, holm([p_values[i] for i in directed]), strict=True))
    comparisons = []
    for i, item in enumerate(family):
        p_adjusted = corrected.get(i, math.nan)
        holds, contradicts = judge(
            item.estimate, item.expected, significant=p_adjusted < alpha, margin=margin
        )
        comparisons.append(
            Comparison(
                keys=item.pair.keys,
                estimate=item.estimate,
                base_mean=item.base,
                other_mean=item.other,
                p_value=p_values[i],
                p_adjusted=p_adjusted,
                expected=item.expected,
                holds=holds,
                contradicts=contradicts,
                extra=item.on_common(resamples),
            )
        )
    return tuple(comparisons)


def _sample(
    group: CurveGroup, pair: CurvePair, parameters: Mapping[str, Any], resamples: int
) -> _Sampled:
    expected, common = _expected(pair, parameters), group.common
    draws = pair.draws(pair.used, resamples)
    return _Sampled(pair, common, expected, *pair.areas(pair.used), draws)


def _expected(pair: CurvePair, parameters: Mapping[str, Any]) -> str:
    for expected, name in (("equal", "ties"), ("lower", "exceptions")):
        for item in parameters.get(name, []):
            if all(pair.keys[key] == value for key, value in item.items()):
                return expected
    return "higher"


def _headline(groups: Sequence[CurveGroup], parameters: Mapping[str, Any]) -> tuple[Estimate, str]:
    """Pooled per-image differences of the first declared curve with any, where gains are due."""
    used = [pair for group in groups for pair in group.pairs if pair.used.any()]
    first = next(
        name for name in parameters["curves"] if any(p.keys["curve"] == name for p in used)
    )
    mine = [pair for pair in used if pair.keys["curve"] == first]
    gains, without = where_gains_are_due(mine, [_expected(pair, parameters) for pair in mine])
    pooled = pd.concat([pair.image_differences() for pair in gains])
    said = (
        f"Headline: mean difference of the areas under each image's own {first.upper()} curve "
        f"(images × models × paths{without}), resampled by image."
    )
    return bootstrap_mean(pooled.to_numpy(dtype=float), pooled.index.tolist()), said


def _counts(groups: Sequence[CurveGroup], complexity: str) -> str:
    """Per network: how many images each curve drops and how many all of them use."""
    said = []
    for model in dict.fromkeys(group.model for group in groups):
        chosen = [group for group in groups if group.model == model]
        drops = [
            f"{pairs[0].keys['curve'].upper()} drops {_span([(~p.used).sum() for p in pairs])}"
            for pairs in zip(*(group.pairs for group in chosen), strict=True)
        ]
        total = _span([len(group.common) for group in chosen])
        both = _span([group.common.sum() for group in chosen])
        unmeasured = _span([group.unmeasured for group in chosen])
        without = f" ({unmeasured} more have no {COMPLEXITIES[complexity]})"
        said.append(
            f"{model}: of {total} images{without if unmeasured != '0' else ''} "
            f"{', '.join(drops)}; {both} are common."
        )
    return " ".join(said)


def _unmeasured(models: Sequence[str], complexity: str) -> str:
    """The sentence on networks that are left out; empty without any."""
    if not models:
        return ""
    return f"Left out, without {COMPLEXITIES[complexity]} of any image: {', '.join(models)}."


def _span(values: Sequence[int]) -> str:
    """`7`, or `5–7` where paths differ."""
    low, high = min(values), max(values)
    return str(low) if low == high else f"{low}–{high}"
