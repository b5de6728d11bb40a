"""MR-SELECT: do Grad-CAM, Grad-CAM++ and RISE score above the other methods?"""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from saliency_audit.ledger.external.effect import HIGHER, Effect
from saliency_audit.ledger.external.ending import Evidence, Parameters, external_test
from saliency_audit.ledger.external.evidence.fold_effects import (
    Asked,
    Contrast,
    counted,
    few_images,
    headline,
    pooled,
    reco_statistics,
    validate_definition,
)
from saliency_audit.ledger.external.evidence.folds import (
    COLUMNS,
    FoldRows,
    by_method,
    paired_rows,
    remarks,
    sound,
)
from saliency_audit.models.architectures import is_constrained
from saliency_audit.study.explanations import METHODS

# From image set and network to the rows of the seven methods.
Predictors = Mapping[tuple[str, str], Mapping[str, FoldRows]]


@external_test(
    needs={"selected", "resamples", "definition"}, columns=COLUMNS, validate=validate_definition
)
def selected_above_others(rows: pd.DataFrame, parameters: Parameters) -> Evidence:
    """Do the selected methods score above the mean of the others by μF, MeGe and ReCo?

    Args:
        rows: of `mege_stability`; predictors that are sound and not 1-Lipschitz are used.
        parameters: `selected`, methods; `resamples`; `definition` of ReCo that decides, the other
            one stands in `extra`.

    Returns:
        A comparison per score and selected method: its score minus the mean score of those of the
        seven that are not selected, averaged over the image sets, expected above 0. Bootstrap over
        images, the sets drawn independently; Holm over all. In `extra` stands the same of every
        predictor. A predictor without rows of all seven methods is missing.

    Raises:
        ValueError: a parameter or column that is missing or unknown, or methods that do not explain
            the same images.
    """
    groups = paired_rows("selected_above_others", rows)
    found = {
        pair: by_method(groups, *pair) for pair in sound(groups) if not is_constrained(pair[1])
    }
    complete = {pair: rows for pair, rows in found.items() if len(rows) == len(METHODS)}
    missing = [", ".join(pair) for pair in found if pair not in complete]
    nothing = "no predictor with rows of all seven methods"
    if not complete:
        return Evidence((), nothing=nothing)
    deciding, other = reco_statistics(parameters["definition"])
    selected: list[str] = parameters["selected"]
    scores = {"mu_fidelity": "mu_fidelity", "mege": "mege", "reco": deciding}
    resamples = counted(parameters, len(scores) * len(selected))
    effects: list[Effect] = []
    for score, statistic in scores.items():
        for method in selected:
            asked = _above_others(complete, method, selected, statistic)
            extra = {
                ", ".join(each.keys.values()): each.contrast.drawn(statistic, resamples).estimate
                for each in asked
            }
            if score == "reco":
                beside = _above_others(complete, method, selected, other)
                extra["other definition"] = pooled(beside, parameters["resamples"]).estimate
            drawn = pooled(asked, resamples)
            drawn = replace(drawn, base=drawn.other - drawn.point)  # the mean of the others
            effects.append(drawn.effect({"score": score, "method": method}, HIGHER, extra=extra))
    first = [
        each
        for method in selected
        for each in _above_others(complete, method, selected, "mu_fidelity")
    ]
    return Evidence(
        effects,
        headline(first, "differences to the mean of the other methods", resamples, parameters),
        missing=missing,
        remarks=[
            few_images(effects, parameters),
            *remarks(group for methods in complete.values() for group in methods.values()),
        ],
        nothing=nothing,
    )


def _above_others(
    predictors: Predictors, method: str, selected: list[str], score: str
) -> list[Asked]:
    """A method's score minus the mean of those not selected, of every predictor."""
    others = [name for name in METHODS if name not in selected]
    weights = (*[-1 / len(others)] * len(others), 1.0)
    return [
        Asked(
            {"images": images, "model": model},
            Contrast(tuple(rows[name] for name in (*others, method)), weights),
            score,
            HIGHER,
        )
        for (images, model), rows in predictors.items()
    ]
