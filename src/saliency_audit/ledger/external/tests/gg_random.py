"""GG-RANDOM: do the maps of GGIG change as much as its rivals' when a model is randomised?"""

from collections.abc import Mapping

import pandas as pd

from saliency_audit.ledger.external.effect import Effect, within
from saliency_audit.ledger.external.ending import Evidence, Parameters, external_test
from saliency_audit.ledger.external.evidence.draws import (
    enough_draws,
    lacking,
    mean_over_images,
    mean_with_draws,
    measures_of,
    too_small,
    undecidable,
    undefined,
    undefined_sentence,
)
from saliency_audit.ledger.external.evidence.rows import identified
from saliency_audit.ledger.external.result import Headline
from saliency_audit.ledger.statistics import Estimate

BEST = "ggig"
CASCADE, ALONE = "cascade", "independent"
# A line of a table of values: one image after one stage of one draw.
PLACE = ["image", "stage", "draw"]


def _columns(parameters: Parameters) -> list[str]:
    fixed = ["model", "images", "method", "sign", "image", "how", "stage", "draw"]
    return [*fixed, *parameters["measures"]]


@external_test(
    needs={"rivals", "measures", "sign", "margin"},
    may={"draws_per_comparison"},
    columns=_columns,
)
def randomization_equivalence(rows: pd.DataFrame, parameters: Parameters) -> Evidence:
    """As layers are re-initialised, is GGIG's map as much like the trained model's as its rivals'?

    Args:
        rows: of `ggig_randomization`; those of the cascade decide.
        parameters: `rivals`, `measures`, `sign` of the maps that decides, the other one stands in
            `extra`; `margin`; optional `draws_per_comparison`, fewer of which leave a comparison
            undecided.

    Returns:
        A comparison per network, measure and rival: similarity of GGIG's map minus the rival's on
        the same image, stage and draw, mean over all with its 95 % bootstrap interval over images
        and draws, both resampled. It is expected within ±`margin`: above, GGIG changes less, below,
        it changes more. `extra` has the estimate with images alone resampled, signed maps, the last
        stage, with every layer re-initialised, and each layer re-initialised alone.
    """
    used = identified(rows[rows["method"].isin([BEST, *parameters["rivals"]])])
    effects: list[Effect] = []
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
                table = differences.unstack("draw")
                effects.append(_effect(keys, table, group, cascade, parameters))
                pooled.append(differences.droplevel("draw"))
    mean = mean_over_images(pd.concat(pooled)) if pooled else None
    return Evidence(
        effects,
        Headline.of(
            mean,
            "mean difference of GGIG and a rival over all networks, rivals and measures, "
            "resampled by image",
        )
        if mean
        else None,
        missing=[*missing, *lacking(measures, parameters["measures"])],
        remarks=(
            *said,
            too_small(measures, parameters["measures"]),
            undefined_sentence(lost, total),
        ),
        nothing="no image with maps of GGIG and of a rival through the cascade",
    )


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


def _effect(
    keys: Mapping[str, str],
    differences: pd.DataFrame,
    group: pd.DataFrame,
    cascade: pd.DataFrame,
    parameters: Parameters,
) -> Effect:
    estimate = mean_with_draws(differences)
    assert estimate is not None, "there are differences"
    measure, rival = keys["score"], keys["rival"]
    both = _values(cascade, measure)[[BEST, rival]].dropna()
    enough = enough_draws(cascade, parameters)
    return Effect(
        keys=keys,
        estimate=estimate if enough else undecidable(estimate),
        expected=within(parameters["margin"]),
        base=float(both[rival].mean()),
        other=float(both[BEST].mean()),
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
