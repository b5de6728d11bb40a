"""Areas under median information curves of two methods: paired bootstrap over images, Holm."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from saliency_audit.ledger.external.area_family import (
    Asked,
    area_difference,
    compare_areas,
    counts_sentence,
    pooled_difference,
    unmeasured_sentence,
)
from saliency_audit.ledger.external.curves import (
    COLUMNS,
    COMPLEXITIES,
    CurveGroup,
    CurvePair,
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
    named,
    sentences,
    tally,
    unless_other_steps,
    unless_too_few,
    where_gains_are_due,
)
from saliency_audit.ledger.statistics import Estimate
from saliency_audit.ledger.verdict import Verdict


def paired_area_improvement(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> ExternalResult:
    """Is the area under the median information curve larger with the `+idgi` variant?

    Images are resampled, the same draw for both methods; the median curve over the images and its
    area are recomputed each time. The images are those that neither method drops.

    Args:
        rows: columns model, path, method, steps, image and ic_file_size, ic_ms_ssim,
            ic_probability, ic_correct, lists of equal length; one row per map.
        parameters: `paths`, `curves` ("aic": whether the prediction is right, "sic": its softmax
            probability), `complexity` ("file_size" or "ms_ssim"), `steps` as in
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
    asked = [
        Asked(pair, group.common, _expected(pair, parameters))
        for group in groups
        for pair in group.pairs
        if pair.used.any()
    ]
    also = everything[everything["steps"] == parameters.get("also_at")]
    comparisons = _with_further(compare_areas(asked, parameters), also, parameters)
    compared = {(group.model, group.compared) for group in groups}
    missing = missing_paths(compared, measured_models, parameters["paths"])
    about = [
        counts_sentence(groups, complexity),
        unmeasured_sentence([name for name in models if name not in measured_models], complexity),
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
            estimate = area_difference(pair, pair.used, parameters["resamples"])
            item = replace(item, extra={**item.extra, label: estimate})
        found.append(item)
    return tuple(found)


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
    said = (
        f"Headline: mean difference of the areas under each image's own {first.upper()} curve "
        f"(images × models × paths{without}), resampled by image."
    )
    return pooled_difference(gains), said
