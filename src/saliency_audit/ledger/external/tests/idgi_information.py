"""IDGI-NE, IDGI-MSSSIM: is the area under the information curve larger with the IDGI rule?"""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from saliency_audit.ledger.external.effect import HIGHER, LOWER, Effect, Expected, within
from saliency_audit.ledger.external.ending import (
    Evidence,
    Parameters,
    external_test,
    where_gains_are_due,
)
from saliency_audit.ledger.external.evidence.areas import (
    Asked,
    area_difference,
    counts_sentence,
    pooled_difference,
    unmeasured_sentence,
    without_images,
)
from saliency_audit.ledger.external.evidence.curves import (
    COLUMNS,
    COMPLEXITIES,
    CurveGroup,
    CurvePair,
    curve_group,
    validate_curves,
)
from saliency_audit.ledger.external.evidence.rows import (
    at_steps,
    identified,
    method_pairs,
    missing_paths,
    models_of,
)
from saliency_audit.ledger.external.result import Headline
from saliency_audit.ledger.resampling import enough_resamples


def _validate(parameters: Parameters) -> None:
    validate_curves(parameters["curves"], [parameters["complexity"]])
    if parameters.get("ties") and "margin" not in parameters:
        raise ValueError("ties need a margin")


@external_test(
    needs={"paths", "curves", "complexity", "steps", "resamples", "alpha"},
    may={"exceptions", "ties", "margin", "also_at"},
    columns=("model", "path", "method", "steps", "image", *COLUMNS),
    validate=_validate,
)
def paired_area_improvement(rows: pd.DataFrame, parameters: Parameters) -> Evidence:
    """Is the area under the median information curve larger with the `+idgi` variant?

    Images are resampled, the same draw for both methods; the median curve over the images and its
    area are recomputed each time. The images are those that neither method drops.

    Args:
        rows: of `idgi_scores`, one per map.
        parameters: `paths`, `curves` ("aic": whether the prediction is right, "sic": its softmax
            probability), `complexity` ("file_size" or "ms_ssim"), `steps` (the most there are, if
            these were not computed), `resamples` (more where Holm needs them); optional
            `exceptions` (model, path: lower is expected), `ties` (model, path, curve: equal to
            within `margin` is expected, outside Holm's family), `also_at`, another number of steps
            at which every comparison is repeated in `extra`.

    Returns:
        A comparison per model, path and curve, by bootstrap p and interval. `extra` repeats it on
        the images that every declared curve uses. Images whose complexity could not be measured,
        and networks that have no others, are left out and named.
    """
    complexity, curves = parameters["complexity"], parameters["curves"]
    models = models_of(rows)
    everything = identified(rows)
    rows, steps = at_steps(everything, parameters["steps"])
    measured = [
        curve_group(pair, curves, complexity) for pair in method_pairs(rows, parameters["paths"])
    ]
    groups = [group for group in measured if group is not None]
    if not groups:
        return Evidence((), nothing=f"no image whose {COMPLEXITIES[complexity]} could be measured")
    asked = [
        Asked(pair, group.common, expected, corrected=expected in (HIGHER, LOWER))
        for group in groups
        for pair in group.pairs
        if pair.used.any()
        for expected in [_expected(pair, parameters)]
    ]
    resamples = enough_resamples(parameters["resamples"], len(asked), parameters["alpha"])
    effects = [item.effect(resamples) for item in asked]
    also = everything[everything["steps"] == parameters.get("also_at")]
    measured_models = sorted({group.model for group in groups})
    compared = {(group.model, group.compared) for group in groups}
    return Evidence(
        _with_further(effects, also, parameters),
        _headline(groups, parameters),
        missing=[
            *missing_paths(compared, measured_models, parameters["paths"]),
            *without_images(groups),
        ],
        remarks=(
            counts_sentence(groups, complexity),
            unmeasured_sentence([m for m in models if m not in measured_models], complexity),
            steps.note,
        ),
        nothing="every image is dropped",
    )


def _with_further(
    effects: Sequence[Effect], rows: pd.DataFrame, parameters: Parameters
) -> list[Effect]:
    """The effects with the same difference at another number of steps in `extra`."""
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
    for item in effects:
        pair = there.get(tuple(item.keys.values()))
        if pair is not None:
            estimate = area_difference(pair, pair.used, parameters["resamples"])
            item = replace(item, extra={**item.extra, label: estimate})
        found.append(item)
    return found


def _expected(pair: CurvePair, parameters: Parameters) -> Expected:
    named = (
        (within(parameters.get("margin", 0.0)), "ties"),
        (LOWER, "exceptions"),
    )
    for expected, name in named:
        for item in parameters.get(name, []):
            if all(pair.keys[key] == value for key, value in item.items()):
                return expected
    return HIGHER


def _headline(groups: Sequence[CurveGroup], parameters: Parameters) -> Headline | None:
    """Pooled per-image differences of the first declared curve with any, where gains are due."""
    used = [pair for group in groups for pair in group.pairs if pair.used.any()]
    if not used:
        return None
    first = next(
        name for name in parameters["curves"] if any(p.keys["curve"] == name for p in used)
    )
    mine = [pair for pair in used if pair.keys["curve"] == first]
    sides = [_expected(pair, parameters).text for pair in mine]
    gains, without = where_gains_are_due(mine, sides)
    return Headline.of(
        pooled_difference(gains),
        f"mean difference of the areas under each image's own {first.upper()} curve "
        f"(images × models × paths{without}), resampled by image",
    )
