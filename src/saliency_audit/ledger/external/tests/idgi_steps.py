"""IDGI-STEPS: does a score change more with the number of steps when the IDGI rule is used?"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from saliency_audit.errors import refuse_unknown
from saliency_audit.ledger import resampling
from saliency_audit.ledger.external.effect import HIGHER, Effect, bootstrap_ps
from saliency_audit.ledger.external.ending import Evidence, Parameters, external_test
from saliency_audit.ledger.external.evidence.curves import COLUMNS
from saliency_audit.ledger.external.evidence.ladders import AREAS, INSERTION, Series, series_of
from saliency_audit.ledger.external.evidence.rows import identified, missing_paths, models_of
from saliency_audit.ledger.external.result import Headline
from saliency_audit.ledger.resampling import Floats
from saliency_audit.ledger.statistics import Estimate

Change = Callable[[Floats], Floats]


def _signed(values: Floats) -> Floats:
    """Last − first along the last axis, the numbers of steps."""
    change: Floats = values[..., -1] - values[..., 0]
    return change


def _absolute(values: Floats) -> Floats:
    return np.abs(_signed(values))


CHANGES: dict[str, Change] = {"signed": _signed, "absolute": _absolute}


def _columns(parameters: Parameters) -> list[str]:
    areas = COLUMNS if any(score in AREAS for score in parameters["scores"]) else ()
    means = [score for score in parameters["scores"] if score in INSERTION]
    return ["model", "path", "method", "steps", "image", *means, *areas]


def _validate(parameters: Parameters) -> None:
    known = [*INSERTION, *AREAS]
    if unknown := [score for score in parameters["scores"] if score not in known]:
        raise ValueError(f"unknown {unknown}; known: {', '.join(known)}")
    refuse_unknown("change", parameters["change"], CHANGES)


@external_test(
    needs={"paths", "scores", "steps", "change", "resamples", "alpha"},
    columns=_columns,
    validate=_validate,
)
def step_sensitivity(rows: pd.DataFrame, parameters: Parameters) -> Evidence:
    """Do the scores change more from few to many steps with the IDGI rule than without it?

    A change is the mean score (insertion) or the area under the median curve (information curves)
    at the largest declared number of steps minus that at the smallest, on the images that both
    methods have at every declared number of steps. An absolute change is never negative, so that
    noise counts as change, for both methods alike.

    Args:
        rows: of `idgi_scores`, one per map.
        parameters: `paths`, `scores` ("probability", "ratio", "aic_entropy", "sic_entropy",
            "aic_ms_ssim", "sic_ms_ssim"), `steps` (those that have no rows are left out and
            named), `change` ("signed" or "absolute", which decides), `resamples` (more where Holm
            needs them).

    Returns:
        A comparison of changes per model, path and score, by bootstrap p and interval. `extra`
        holds the difference of the other kind of change and, for each method, the range over all
        step counts and the slope per doubling of the steps. A declared path without rows for a
        network, a declared score that no network has, or another smallest or largest number of
        steps, is missing; a network whose pictures are too small for a score is left out there and
        named. The headline is the mean over networks and paths for the first declared insertion
        score.
    """
    rows = identified(rows)
    declared = parameters["steps"]
    steps = sorted({int(n) for n in rows["steps"].unique()} & set(declared))
    if len(steps) < 2:
        return Evidence((), nothing=f"rows of two numbers of steps are needed, there are {steps}")
    prepared = list(series_of(rows, parameters["paths"], steps, parameters["scores"]))
    resamples = resampling.enough_resamples(
        parameters["resamples"], len(prepared), parameters["alpha"]
    )
    kind = parameters["change"]
    effects = [_effect(keys, series, steps, kind, resamples) for keys, series in prepared]
    missing, left_out = _missing(effects, models_of(rows), parameters)
    missing += [f"{end} steps" for end in (min(declared), max(declared)) if end not in steps]
    return Evidence(
        effects,
        _headline(prepared, parameters),
        missing=missing,
        remarks=(_between(steps, declared), left_out),
        nothing="no declared path has rows of the same images at every number of steps",
    )


def _effect(
    keys: Mapping[str, str], series: Series, steps: Sequence[int], kind: str, resamples: int
) -> Effect:
    points, draws = series.points(), series.draws(resamples)
    base, other = (float(CHANGES[kind](values)) for values in points)
    more = {name: _more(change, draws) for name, change in CHANGES.items()}
    found = {
        name: resampling.estimate_from(float(_more(change, points)), more[name], series.n)
        for name, change in CHANGES.items()
    }
    estimate = found.pop(kind)
    return Effect(
        keys=keys,
        estimate=estimate,
        expected=HIGHER,
        base=base,
        other=other,
        p=bootstrap_ps(more[kind], HIGHER),
        extra={
            **{f"{name} change": beside for name, beside in found.items()},
            **_shapes(points, draws, steps, series.n),
        },
    )


def _more(change: Change, scores: Sequence[Floats]) -> Floats:
    """How much more the second scores change than the first."""
    base, idgi = scores
    return change(idgi) - change(base)


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
        f"{name}, {method}": resampling.estimate_from(float(shape(point)), shape(drawn), n)
        for name, shape in shapes.items()
        for method, point, drawn in zip(("base", "IDGI"), points, draws, strict=True)
    }


def _missing(
    effects: Sequence[Effect], models: Sequence[str], parameters: Parameters
) -> tuple[list[str], str]:
    """What is declared and has no comparison; and the sentence on networks that lack a score."""
    compared = {tuple(item.keys.values()) for item in effects}
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
    prepared: Sequence[tuple[Mapping[str, str], Series]], parameters: Parameters
) -> Headline | None:
    for score in parameters["scores"]:
        chosen = [series for keys, series in prepared if keys["score"] == score]
        if chosen and score in INSERTION:
            tables = [pd.concat([*series.base, *series.idgi], axis=1) for series in chosen]
            gain = partial(_gain, CHANGES[parameters["change"]])
            return Headline.of(
                resampling.mean_of_statistics(tables, gain, parameters["resamples"]),
                f"mean over networks and paths for the {score} score, resampled by image",
            )
    return None


def _gain(change: Change, means: Floats) -> Floats:
    """How much more the second half of the columns changes than the first half."""
    return _more(change, np.split(means, 2, axis=-1))


def _between(steps: Sequence[int], declared: Sequence[int]) -> str:
    text = f"From {steps[0]} to {steps[-1]} steps"
    if absent := [str(n) for n in declared if n not in steps]:
        text += f" ({', '.join(absent)} are declared and not computed)"
    return text + "."
