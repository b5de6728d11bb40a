"""Does a score change more with the number of steps when the IDGI rule is used?"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.curves import COLUMNS
from saliency_audit.ledger.external.result import Comparison, ExternalResult, not_tested
from saliency_audit.ledger.external.rows import (
    check_columns,
    check_parameters,
    identified,
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
)
from saliency_audit.ledger.external.step_series import (
    AREAS,
    INSERTION,
    MeanSeries,
    Series,
    ladders,
    series_of,
)
from saliency_audit.ledger.resampling import (
    Floats,
    bootstrap_p,
    enough_resamples,
    estimate_from,
    mean_of_statistics,
)
from saliency_audit.ledger.statistics import Estimate, holm


def step_sensitivity(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> ExternalResult:
    """Do the scores change more from few to many steps with the IDGI rule than without it?

    A change is the absolute difference of the mean score (insertion) or of the area under the
    median curve (information curves) between the smallest and the largest declared number of
    steps, on the images that both methods have at every declared number of steps. Its absolute
    value makes noise count as change, for both methods alike.

    Args:
        rows: columns model, path, method, steps, image, probability, ratio, and those of
            `paired_area_improvement` where a declared score is an area.
        parameters: `paths`, `scores` ("probability", "ratio", "aic_entropy", "sic_entropy",
            "aic_ms_ssim", "sic_ms_ssim"), `steps` (those that have no rows are left out and
            named), `resamples` (more where Holm needs them), `alpha`; optional `minimum_images`
            and `networks`.

    Returns:
        A comparison of changes per model, path and score, decided as in
        `paired_area_improvement`. `extra` holds, for each method, the range over all step counts
        and the slope per doubling of the steps, which are not decisive. A declared path without
        rows for a network, or a declared score that no network has, leaves at best partly; a
        network whose pictures are too small for a score is left out there and named. The headline
        is the mean over networks and paths for the first declared insertion score.

    Raises:
        ValueError: a parameter, name or column that is missing or unknown, or an image without
            both methods at one number of steps.
    """
    _check(rows, parameters)
    if rows.empty:
        return not_tested("no rows for any declared path")
    rows = identified(rows)
    steps = sorted({int(n) for n in rows["steps"].unique()} & set(parameters["steps"]))
    if len(steps) < 2:
        return not_tested(f"rows of at least two numbers of steps are needed, there are {steps}")
    prepared = [
        found
        for ladder in ladders(rows, parameters["paths"], steps)
        for found in series_of(ladder, parameters["scores"])
    ]
    if not prepared:
        return not_tested("no declared path has rows of the same images at every number of steps")
    comparisons = _compare(prepared, steps, parameters)
    models = models_of(rows)
    missing, left_out = _missing(comparisons, models, parameters)
    verdict = family_verdict(comparisons, complete=is_complete(models, parameters, missing))
    verdict, too_few = unless_too_few(verdict, comparisons, parameters)
    declared = parameters["steps"]
    ends_differ = (steps[0], steps[-1]) != (min(declared), max(declared))
    verdict, other_steps = unless_other_steps(verdict, ends_differ)
    headline, said = _headline(prepared, parameters)
    detail = sentences(
        tally(comparisons),
        too_few,
        _between(steps, declared),
        other_steps,
        left_out,
        coverage(models, parameters, missing),
        said,
    )
    return ExternalResult(verdict, detail, headline, comparisons)


def _check(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> None:
    name = "step_sensitivity"
    needed = {"paths", "scores", "steps", "resamples", "alpha"}
    check_parameters(name, parameters, needed, {"minimum_images", "networks"})
    known = [*INSERTION, *AREAS]
    if unknown := [score for score in parameters["scores"] if score not in known]:
        raise ValueError(f"{name}: unknown {unknown}; known: {', '.join(known)}")
    if not rows.empty:
        areas = COLUMNS if any(score in AREAS for score in parameters["scores"]) else ()
        means = [score for score in parameters["scores"] if score in INSERTION]
        check_columns(name, rows, ["model", "path", "method", "steps", "image", *means, *areas])


def _compare(
    prepared: Sequence[tuple[Mapping[str, str], Series]],
    steps: Sequence[int],
    parameters: Mapping[str, Any],
) -> tuple[Comparison, ...]:
    alpha = parameters["alpha"]
    resamples = enough_resamples(parameters["resamples"], len(prepared), alpha)
    sampled = [(series.points(), series.draws(resamples)) for _, series in prepared]
    differences = [_change(idgi) - _change(base) for _, (base, idgi) in sampled]
    p_values = [bootstrap_p(draws, "greater") for draws in differences]
    comparisons = []
    for (keys, series), (points, draws), difference, p_value, adjusted in zip(
        prepared, sampled, differences, p_values, holm(p_values), strict=True
    ):
        base, other = (float(_change(values)) for values in points)
        estimate = estimate_from(other - base, difference, series.n)
        holds, contradicts = judge(estimate, "higher", significant=adjusted < alpha)
        comparisons.append(
            Comparison(
                keys=keys,
                estimate=estimate,
                base_mean=base,
                other_mean=other,
                p_value=p_value,
                p_adjusted=adjusted,
                expected="higher",
                holds=holds,
                contradicts=contradicts,
                extra=_shapes(points, draws, steps, series.n),
            )
        )
    return tuple(comparisons)


def _change(values: Floats) -> Floats:
    """|last − first| along the last axis, the numbers of steps."""
    change: Floats = np.abs(values[..., -1] - values[..., 0])
    return change


def _shapes(
    points: tuple[Floats, Floats],
    draws: tuple[Floats, Floats],
    steps: Sequence[int],
    n: int,
) -> dict[str, Estimate]:
    """Range over all step counts and slope per doubling, of both methods."""
    doublings = np.log2(steps) - np.log2(steps).mean()
    weights = doublings / (doublings**2).sum()
    shapes: dict[str, Callable[[Floats], Floats]] = {
        "range": lambda values: np.ptp(values, axis=-1),
        "slope per doubling": lambda values: values @ weights,
    }
    return {
        f"{name}, {method}": estimate_from(float(shape(point)), shape(drawn), n)
        for name, shape in shapes.items()
        for method, point, drawn in zip(("base", "IDGI"), points, draws, strict=True)
    }


def _missing(
    comparisons: Sequence[Comparison], models: Sequence[str], parameters: Mapping[str, Any]
) -> tuple[list[str], str]:
    """What is declared and has no comparison; and the sentence on networks that lack a score."""
    compared = {tuple(item.keys.values()) for item in comparisons}
    pairs = {(model, path) for model, path, _ in compared}
    found = missing_paths(pairs, models, parameters["paths"])
    without: dict[str, list[str]] = {}
    for score in parameters["scores"]:
        having = {model for model, _, name in compared if name == score}
        if not having:
            found.append(score)
            continue
        for model in models:
            if model not in having:
                without.setdefault(model, []).append(score)
        found += [
            f"{model}, {path}, {score}"
            for model, path in sorted(pairs)
            if model in having and (model, path, score) not in compared
        ]
    said = [f"{model} has no {', '.join(names)}." for model, names in without.items()]
    return found, " ".join(said)


def _headline(
    prepared: Sequence[tuple[Mapping[str, str], Series]], parameters: Mapping[str, Any]
) -> tuple[Estimate | None, str]:
    for score in parameters["scores"]:
        chosen = [s for keys, s in prepared if keys["score"] == score and isinstance(s, MeanSeries)]
        if chosen:
            tables = [pd.concat([series.base, series.idgi], axis=1) for series in chosen]
            found = mean_of_statistics(tables, _gain_in_change, parameters["resamples"])
            return found, (
                f"Headline: mean over networks and paths for the {score} score, resampled by image."
            )
    return None, ""


def _gain_in_change(means: Floats) -> Floats:
    """Change of the second half of the columns minus that of the first half."""
    base, idgi = np.split(means, 2, axis=-1)
    gain: Floats = _change(idgi) - _change(base)
    return gain


def _between(steps: Sequence[int], declared: Sequence[int]) -> str:
    text = f"From {steps[0]} to {steps[-1]} steps"
    if absent := [str(n) for n in declared if n not in steps]:
        text += f" ({', '.join(absent)} are declared and not computed)"
    return text + "."
