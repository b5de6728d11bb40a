"""MR-SELECT: do Grad-CAM, Grad-CAM++ and RISE score above the other methods?"""

from dataclasses import replace
from functools import partial

import pandas as pd

from saliency_audit.ledger.external.effect import HIGHER, Effect
from saliency_audit.ledger.external.ending import Evidence, Parameters, external_test
from saliency_audit.ledger.external.evidence import fold_effects, folds
from saliency_audit.ledger.external.evidence.fold_effects import Asked, Contrast
from saliency_audit.models.architectures import is_constrained
from saliency_audit.study.explanations import METHODS

SCORES = ("mu_fidelity", "mege", "reco")
NOTHING = "no predictor with rows of all seven methods"


@external_test(
    needs={"selected", "resamples", "definition"},
    columns=folds.COLUMNS,
    validate=fold_effects.validate_definition,
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
        images, the sets drawn independently, and jackknife over folds; Holm over all. In `extra`
        stands the same of every predictor. One without rows of all seven methods is missing.
    """
    groups = folds.paired_rows("selected_above_others", rows)
    found = {
        pair: folds.by_method(groups, *pair)
        for pair in folds.sound(groups)
        if not is_constrained(pair[1])
    }
    complete = {pair: rows for pair, rows in found.items() if len(rows) == len(METHODS)}
    if not complete:
        return Evidence((), nothing=NOTHING)
    selected: list[str] = parameters["selected"]
    others = [name for name in METHODS if name not in selected]
    weights = (*[-1 / len(others)] * len(others), 1.0)

    def asked(method: str, statistic: str) -> list[Asked]:
        """A method's score minus the mean of those not selected, of every predictor."""
        return [
            Asked(
                {"images": images, "model": model},
                Contrast(tuple(rows[name] for name in (*others, method)), weights),
                statistic,
                HIGHER,
            )
            for (images, model), rows in complete.items()
        ]

    def average(resamples: int, score: str, method: str) -> Effect:
        """The mean over the image sets; in `extra` every predictor and the other definition."""
        statistic, other = fold_effects.statistics_of(score, parameters)
        each = asked(method, statistic)
        extra = {
            ", ".join(one.keys.values()): one.contrast.drawn(statistic, resamples).estimate
            for one in each
        }
        if other:
            beside = fold_effects.pooled(asked(method, other), parameters["resamples"])
            extra["other definition"] = beside.estimate
        drawn = fold_effects.pooled(each, resamples)
        drawn = replace(drawn, base=drawn.other - drawn.point)  # the mean of the others
        over_folds = fold_effects.pooled_over_folds(each)
        extra["over folds"] = over_folds
        keys = {"score": score, "method": method}
        return drawn.effect(keys, HIGHER, levels=(over_folds,), extra=extra)

    effects, headline, few = fold_effects.measured(
        [partial(average, score=score, method=name) for score in SCORES for name in selected],
        [each for method in selected for each in asked(method, "mu_fidelity")],
        "differences to the mean of the other methods",
        parameters,
    )
    used = [group for rows in complete.values() for group in rows.values()]
    return Evidence(
        effects,
        headline,
        missing=[", ".join(pair) for pair in found if pair not in complete],
        remarks=[few, *folds.remarks(used)],
        nothing=NOTHING,
    )
