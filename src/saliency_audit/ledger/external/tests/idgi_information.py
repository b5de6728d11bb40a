"""IDGI-NE, IDGI-MSSSIM: is the area under the information curve larger with the IDGI rule?"""

from collections.abc import Sequence

import pandas as pd

from saliency_audit.ledger.external.effect import HIGHER, LOWER, Expected, due_gains, within
from saliency_audit.ledger.external.ending import Evidence, Parameters, external_test
from saliency_audit.ledger.external.evidence import areas, curves
from saliency_audit.ledger.external.evidence.curves import CurveGroup, CurvePair
from saliency_audit.ledger.external.evidence.rows import (
    at_steps,
    identified,
    method_pairs,
    missing_paths,
    models_of,
)
from saliency_audit.ledger.external.result import Headline


def _validate(parameters: Parameters) -> None:
    curves.validate_curves(parameters["curves"], [parameters["complexity"]])
    if parameters.get("ties") and "margin" not in parameters:
        raise ValueError("ties need a margin")


@external_test(
    needs={"paths", "curves", "complexity", "steps", "resamples", "alpha"},
    may={"exceptions", "ties", "margin", "also_at"},
    columns=("model", "path", "method", "steps", "image", *curves.COLUMNS),
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
    complexity = parameters["complexity"]
    models = models_of(rows)
    everything = identified(rows)
    rows, steps = at_steps(everything, parameters["steps"])
    groups = _groups(rows, parameters)
    if not groups:
        why = f"no image whose {curves.COMPLEXITIES[complexity]} could be measured"
        return Evidence((), nothing=why)
    again = parameters.get("also_at")
    further = _groups(everything[everything["steps"] == again], parameters)
    asked = [
        item
        for place, group in groups.items()
        for item in areas.ask(
            group,
            {f"at {again} steps": further.get(place)},
            lambda pair: _expected(pair, parameters),
        )
    ]
    measured = sorted({model for model, _ in groups})
    missing = missing_paths(groups.keys(), measured, parameters["paths"])
    return Evidence(
        areas.effects(asked, parameters),
        _headline(asked, parameters),
        missing=[*missing, *areas.without_images(list(groups.values()))],
        remarks=[
            *areas.remarks(
                list(groups.values()), [m for m in models if m not in measured], complexity
            ),
            steps.note,
        ],
        nothing="every image is dropped",
    )


def _groups(rows: pd.DataFrame, parameters: Parameters) -> dict[tuple[str, str], CurveGroup]:
    """The curves of every network and path that has images of the declared complexity."""
    found = {
        (pair.model, pair.path): curves.curve_group(
            pair, parameters["curves"], parameters["complexity"]
        )
        for pair in method_pairs(rows, parameters["paths"])
    }
    return {place: group for place, group in found.items() if group is not None}


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


def _headline(asked: Sequence[areas.Asked], parameters: Parameters) -> Headline | None:
    """Pooled per-image differences of the first declared curve with any, where gains are due."""
    for name in parameters["curves"]:
        if mine := [item for item in asked if item.pair.keys["curve"] == name]:
            gains, without = due_gains(mine)
            return Headline.of(
                areas.pooled_difference([item.pair for item in gains]),
                f"mean difference of the areas under each image's own {name.upper()} curve "
                f"(images × models × paths{without}), resampled by image",
            )
    return None
