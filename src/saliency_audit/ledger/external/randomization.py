"""Model randomisation: do the maps of GGIG change as much as those of its rivals?"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from saliency_audit.ledger.external.checked_maps import (
    lacking,
    mean_over_images,
    mean_with_draws,
    measures_of,
    too_small,
    undefined,
    undefined_sentence,
    unless_few_draws,
)
from saliency_audit.ledger.external.result import Comparison, ExternalResult, not_tested
from saliency_audit.ledger.external.rows import (
    check_columns,
    check_parameters,
    identified,
    models_of,
)
from saliency_audit.ledger.external.rule import family_result, judge
from saliency_audit.ledger.external.similarity import BEST
from saliency_audit.ledger.statistics import Estimate

NAN = float("nan")
CASCADE, ALONE = "cascade", "independent"
# A line of a table of values: one image after one stage of one draw.
PLACE = ["image", "stage", "draw"]


def randomization_equivalence(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> ExternalResult:
    """As layers are re-initialised, does GGIG's map stay as like the trained one as rivals' maps?

    Args:
        rows: of `ggig_randomization`; those of the cascade decide.
        parameters: `rivals`, `measures`, `sign` of the maps that decides, the other one stands in
            `extra`; `margin`; optional `minimum_images`, `minimum_draws`, fewer of which are
            inconclusive, and `networks`, the claim's own.

    Returns:
        A comparison per network, measure and rival: similarity of GGIG's map minus the rival's on
        the same image, stage and draw, mean over all with its 95 % bootstrap interval over images
        and draws, both resampled.
        It holds if the interval lies within ±`margin`, contradicts if it lies wholly outside:
        above, GGIG changes less, below, it changes more. The verdict is `family_verdict`'s; a rival
        or measure that no network has leaves at best partly, as rows of none of the claim's
        networks do. `extra` has the estimate with images alone resampled, signed maps, the last
        stage, with every layer re-initialised, and each layer re-initialised alone.

    Raises:
        ValueError: a parameter or column that is missing or unknown.
    """
    name = "randomization_equivalence"
    optional = {"minimum_images", "minimum_draws", "networks"}
    check_parameters(name, parameters, {"rivals", "measures", "sign", "margin"}, optional)
    if rows.empty:
        return not_tested("no rows of randomised models")
    columns = ["model", "images", "method", "sign", "image", "how", "stage", "draw"]
    check_columns(name, rows, [*columns, *parameters["measures"]])
    methods = [BEST, *parameters["rivals"]]
    used = identified(rows[rows["method"].isin(methods)])
    comparisons: list[Comparison] = []
    missing: list[str] = []
    pooled: list[pd.Series] = []
    measures: dict[str, list[str]] = {}
    said: list[str] = []
    lost = total = 0
    for model, group in used.groupby("model", sort=True):
        cascade = group[(group["how"] == CASCADE) & (group["sign"] == parameters["sign"])]
        if cascade.empty:
            missing.append(f"{model}, {CASCADE}")
            continue
        measures[str(model)] = measures_of(cascade, parameters["measures"])
        gone, there = undefined(cascade, measures[str(model)])
        lost, total = lost + gone, total + there
        said.append(_said(str(model), cascade))
        for measure in measures[str(model)]:
            for rival in parameters["rivals"]:
                differences = _differences(cascade, measure, rival)
                if differences.empty:
                    missing.append(f"{model}, {measure}, {rival}")
                    continue
                keys = {"model": str(model), "score": measure, "rival": rival}
                comparisons.append(_comparison(keys, differences, group, cascade, parameters))
                pooled.append(differences.droplevel("draw"))
    if not comparisons:
        return not_tested("no image with maps of GGIG and of a rival through the cascade")
    missing += lacking(measures, parameters["measures"])
    result = family_result(
        comparisons,
        parameters,
        mean_over_images(pd.concat(pooled)),
        models=models_of(rows),
        missing=missing,
        remarks=(
            *said,
            too_small(measures, parameters["measures"]),
            undefined_sentence(lost, total),
            "Headline: mean difference of GGIG and a rival over all networks, rivals and measures, "
            "resampled by image.",
        ),
    )
    return unless_few_draws(result, rows, parameters)


def _said(model: str, cascade: pd.DataFrame) -> str:
    first, stages, last = cascade.iloc[0], cascade["stage"].nunique(), cascade["stage"].max()
    return (
        f"{model}: {cascade['image'].nunique()} images of {first['images']}, "
        f"{stages if stages == last else f'{stages} of {last}'} stages, "
        f"draws: {cascade['draw'].nunique()}."
    )


def _values(rows: pd.DataFrame, measure: str) -> pd.DataFrame:
    """A line per image, stage and draw, a column per method."""
    return rows.pivot(index=PLACE, columns="method", values=measure)


def _differences(rows: pd.DataFrame, measure: str, rival: str) -> pd.Series:
    """GGIG minus rival, mean over the stages where both are defined, by image and draw."""
    table = _values(rows, measure)
    if not {BEST, rival} <= set(table.columns):
        return pd.Series(dtype=float)
    found: pd.Series = (table[BEST] - table[rival]).dropna()
    return found.groupby(level=["image", "draw"]).mean()


def _over_images(differences: pd.Series) -> Estimate | None:
    """Their mean over draws and images, with images alone resampled."""
    if differences.empty:
        return None
    return mean_over_images(differences.groupby(level="image").mean())


def _comparison(
    keys: Mapping[str, str],
    differences: pd.Series,
    group: pd.DataFrame,
    cascade: pd.DataFrame,
    parameters: Mapping[str, Any],
) -> Comparison:
    estimate = mean_with_draws(differences.unstack("draw"))
    assert estimate is not None, "there are differences"
    holds, contradicts = judge(estimate, "equal", margin=parameters["margin"])
    measure, rival = keys["score"], keys["rival"]
    both = _values(cascade, measure)[[BEST, rival]].dropna()
    return Comparison(
        keys=keys,
        estimate=estimate,
        base_mean=float(both[rival].mean()),
        other_mean=float(both[BEST].mean()),
        p_value=NAN,
        p_adjusted=NAN,
        expected=f"within ±{parameters['margin']}",
        holds=holds,
        contradicts=contradicts,
        extra=_beside(measure, rival, group, cascade, parameters["sign"]),
    )


def _beside(
    measure: str, rival: str, group: pd.DataFrame, cascade: pd.DataFrame, sign: str
) -> dict[str, Estimate]:
    """The same difference on other rows."""
    through = group[group["how"] == CASCADE]
    others = {
        f"{other} maps": through[through["sign"] == other]
        for other in sorted(set(through["sign"]) - {sign})
    }
    others["all layers re-initialised"] = cascade[cascade["stage"] == cascade["stage"].max()]
    others["each layer alone"] = group[(group["how"] == ALONE) & (group["sign"] == sign)]
    others = {"images alone resampled": cascade, **others}
    found = {
        name: _over_images(_differences(rows, measure, rival)) for name, rows in others.items()
    }
    return {name: estimate for name, estimate in found.items() if estimate is not None}
