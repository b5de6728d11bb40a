"""GG-RANDOM: do the maps of GGIG change as much as its rivals' when a model is randomised?"""

from collections.abc import Mapping
from itertools import product

import pandas as pd

from saliency_audit.ledger.external.effect import Effect, within
from saliency_audit.ledger.external.ending import Evidence, Parameters, external_test
from saliency_audit.ledger.external.evidence import draws
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
    deciding: dict[str, pd.DataFrame] = {}
    said: list[str] = []
    for name, group in used.groupby("model", sort=True):
        model, rest = str(name), group[group["how"] == ALONE]
        through = group[group["how"] == CASCADE]
        cascade = through[through["sign"] == parameters["sign"]]
        if cascade.empty:
            missing.append(f"{model}, {CASCADE}")
            continue
        deciding[model] = cascade
        said.append(_said(model, cascade))
        beside = {
            "images alone resampled": cascade,
            **{
                f"{sign} maps": through[through["sign"] == sign]
                for sign in sorted(set(through["sign"]) - {parameters["sign"]})
            },
            "all layers re-initialised": cascade[cascade["stage"] == cascade["stage"].max()],
            "each layer alone": rest[rest["sign"] == parameters["sign"]],
        }
        measures = draws.measures_of(cascade, parameters["measures"])
        for measure, rival in product(measures, parameters["rivals"]):
            differences = _differences(cascade, measure, rival)
            if differences.empty:
                missing.append(f"{model}, {measure}, {rival}")
                continue
            keys = {"model": model, "score": measure, "rival": rival}
            effects.append(_effect(keys, cascade, beside, parameters))
            pooled.append(differences.droplevel("draw"))
    return Evidence(
        effects,
        Headline.of(
            draws.mean_over_all(pooled),
            "mean difference of GGIG and a rival over all networks, rivals and measures, "
            "resampled by image",
        ),
        missing=[*missing, *draws.lacking(deciding, parameters["measures"])],
        remarks=(*said, *draws.left_out(deciding, parameters["measures"])),
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


def _over_images(rows: pd.DataFrame, measure: str, rival: str) -> Estimate | None:
    """The mean difference over draws and images, with images alone resampled."""
    differences = _differences(rows, measure, rival)
    if differences.empty:
        return None
    return draws.mean_over_images(differences.groupby(level="image").mean())


def _effect(
    keys: Mapping[str, str],
    cascade: pd.DataFrame,
    beside: Mapping[str, pd.DataFrame],
    parameters: Parameters,
) -> Effect:
    """The difference through the cascade; in `extra` that of other rows."""
    measure, rival = keys["score"], keys["rival"]
    table = _differences(cascade, measure, rival).unstack("draw")
    estimate = draws.mean_with_draws(table, enough=draws.enough_draws(cascade, parameters))
    assert estimate is not None, "there are differences"
    both = _values(cascade, measure)[[BEST, rival]].dropna()
    found = {name: _over_images(rows, measure, rival) for name, rows in beside.items()}
    return Effect(
        keys=keys,
        estimate=estimate,
        expected=within(parameters["margin"]),
        base=float(both[rival].mean()),
        other=float(both[BEST].mean()),
        extra={name: estimate for name, estimate in found.items() if estimate is not None},
    )
