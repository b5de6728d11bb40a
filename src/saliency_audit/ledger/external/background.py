"""Does the saliency keep to the object when the background is replaced?"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from saliency_audit.ledger.external.methods import (
    Family,
    by_method,
    compare_present,
    label,
    pair,
    pooled,
    with_extra,
)
from saliency_audit.ledger.external.paired import PairedValues
from saliency_audit.ledger.external.result import Comparison, ExternalResult, not_tested
from saliency_audit.ledger.external.rows import (
    check_columns,
    check_parameters,
    identified,
    models_of,
)
from saliency_audit.ledger.external.rule import family_result, judge
from saliency_audit.ledger.statistics import bootstrap_mean

# What a share of the saliency is compared with that ignores the background.
HALF_THE_AREA = "half the area"
KEPT = "where the class is kept"


def background_share(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> ExternalResult:
    """Is less of the saliency on the replaced background than chance, and than edges, put there?

    Args:
        rows: of `ggig_background`.
        parameters: `methods` in question, the `control`, the method said to be `best`; which
            `background` and `squares` along a side decide; `alpha`; optional `minimum_images`,
            `networks`, the claim's own, `kept_only`, for images whose class the network still
            predicts, and `measure`, "outside" the object or "beyond" a margin around it.

    Returns:
        Comparisons per network. Each method against `HALF_THE_AREA`: share of the saliency outside
        the object minus half the share of the area there, which holds if the 95 % bootstrap
        interval of its mean lies wholly below 0. Each method minus the control, and the best minus
        each other method: these hold if in addition the one-sided signed-rank p passes Holm over
        those of the network. All contradict if the interval lies above 0. The verdict is
        `family_verdict`'s; images without a value are left out and counted, a method without any
        leaves at best partly, as rows of none of the claim's networks do.

    Raises:
        ValueError: a parameter or column that is missing or unknown, or rows that stand twice.
    """
    name = "background_share"
    needed = {"methods", "control", "best", "background", "squares", "alpha"}
    optional = {"minimum_images", "networks", "kept_only", "measure"}
    check_parameters(name, parameters, needed, optional)
    if rows.empty:
        return not_tested("no rows of maps")
    columns = ["model", "images", "background", "squares", "method", "image", "still_right"]
    measure = parameters.get("measure", "outside")
    check_columns(name, rows, [*columns, measure, f"area_{measure}"])
    wanted = (rows["background"] == parameters["background"]) & (
        rows["squares"] == parameters["squares"]
    )
    if parameters.get("kept_only"):
        wanted &= rows["still_right"].astype(bool)
    if not wanted.any():
        return not_tested(f"no rows with the declared background, {parameters['background']}")
    chosen = identified(rows[wanted])
    families, headlines = [], []
    for model, group in chosen.groupby("model", sort=True):
        pairs = _pairs(str(model), group, parameters)
        kept = _pairs(str(model), group[group["still_right"].astype(bool)], parameters)
        pairs = {key: with_extra(values, KEPT, kept[key]) for key, values in pairs.items()}
        families.append(_ignoring(pairs))
        tested = [values for key, values in pairs.items() if key[1] != HALF_THE_AREA]
        families.append(compare_present(tested, parameters["alpha"]))
        headlines.append(pairs[parameters["best"], parameters["control"]])
    return family_result(
        [comparison for family in families for comparison in family.comparisons],
        parameters,
        pooled(headlines),
        models=models_of(chosen),
        missing=[text for family in families for text in family.missing],
        left_out=sum(family.left_out for family in families),
        remarks=(
            f"Images: {', '.join(sorted(rows['images'].unique()))}.",
            _kept(chosen),
            f"Headline: mean difference of {parameters['best']} and {parameters['control']} over "
            "all networks, resampled by image.",
        ),
    )


def _pairs(
    model: str, group: pd.DataFrame, parameters: Mapping[str, Any]
) -> dict[tuple[str, str], PairedValues]:
    """Every comparison of one network, by the method and what it is compared with."""
    measure = parameters.get("measure", "outside")
    values = by_method(group, measure)
    methods, best = parameters["methods"], parameters["best"]
    values[HALF_THE_AREA] = group.groupby("image")[f"area_{measure}"].first() / 2
    keys = [(method, HALF_THE_AREA) for method in methods]
    keys += [(method, parameters["control"]) for method in methods]
    keys += [(best, method) for method in methods if method != best]
    return {
        (method, against): pair(
            values,
            {"model": model, "method": method, "against": against},
            against,
            method,
            "lower",
        )
        for method, against in keys
    }


def _ignoring(pairs: Mapping[tuple[str, str], PairedValues]) -> Family:
    """Comparisons with half the area: intervals without signed ranks."""
    given = [values for key, values in pairs.items() if key[1] == HALF_THE_AREA]
    finite = [values.finite() for values in given]
    return Family(
        comparisons=tuple(_interval(values) for values in finite if len(values.base)),
        missing=tuple(label(values) for values in finite if not len(values.base)),
        left_out=0,  # counted with the other comparisons of the same maps
    )


def _interval(values: PairedValues) -> Comparison:
    estimate = bootstrap_mean(values.differences.to_numpy(dtype=float))
    holds, contradicts = judge(estimate, values.expected)
    return Comparison(
        keys=values.keys,
        estimate=estimate,
        base_mean=float(values.base.mean()),
        other_mean=float(values.other.mean()),
        p_value=float("nan"),
        p_adjusted=float("nan"),
        expected=values.expected,
        holds=holds,
        contradicts=contradicts,
        extra=values.extra,
    )


def _kept(chosen: pd.DataFrame) -> str:
    """How many images keep their class before the background, network by network."""
    per_image = chosen.groupby(["model", "image"])["still_right"].first().astype(bool)
    counts = per_image.groupby("model").agg(["sum", "size"])
    each = [f"{model} {kept} of {total}" for model, kept, total in counts.itertuples()]
    return f"Class kept: {', '.join(each)}."
