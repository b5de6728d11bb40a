"""Are the maps of one method more similar to the picture than those of its rivals?"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.result import Comparison, ExternalResult, not_tested
from saliency_audit.ledger.external.rows import (
    check_columns,
    check_parameters,
    identified,
    models_of,
)
from saliency_audit.ledger.external.rule import family_result, judge
from saliency_audit.ledger.resampling import (
    Floats,
    estimate_from,
    resample_counts,
    resampled_medians,
)
from saliency_audit.ledger.statistics import Estimate, holm, signed_rank_p

BEST = "ggig"
# GGIG with fewer steps, of more images; it decides nothing.
SHORT = "ggig_short"


def paired_similarity(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> ExternalResult:
    """Is the map of GGIG more similar to the picture than that of each rival, by each measure?

    Args:
        rows: of `ggig_mnist`; those of images that GGIG did not climb decide nothing.
        parameters: `rivals`, `measures`, `sign` of the maps that decides, the other one and GGIG's
            short climb stand in `extra`; `alpha`, `resamples`; optional `minimum_images`,
            `networks`, the claim's own.

    Returns:
        A comparison per model, measure and rival: median over the images of GGIG minus rival. It
        holds if the one-sided signed-rank p passes Holm over the pairs of the model and the 95 %
        bootstrap interval of the median lies wholly above 0, contradicts if it lies below. The
        verdict is `family_verdict`'s. Images without one of the two values are left out and
        counted; a rival or measure without any leaves at best partly, as rows of none of the
        claim's networks do.

    Raises:
        ValueError: a parameter or column that is missing or unknown.
    """
    name = "paired_similarity"
    needed = {"rivals", "measures", "sign", "alpha", "resamples"}
    check_parameters(name, parameters, needed, {"minimum_images", "networks"})
    if rows.empty:
        return not_tested("no rows of maps")
    columns = ["model", "images", "method", "sign", "image", *parameters["measures"]]
    check_columns(name, rows, columns)
    comparisons: list[Comparison] = []
    missing: list[str] = []
    left_out = 0
    for model, group in identified(rows).groupby("model", sort=True):
        found, lacking, lost = _of_model(str(model), group, parameters)
        comparisons += found
        missing += lacking
        left_out += lost
    if not comparisons:
        return not_tested("no image with maps of GGIG and of a rival")
    return family_result(
        comparisons,
        parameters,
        comparisons[0].estimate,
        models=models_of(rows),
        missing=missing,
        left_out=left_out,
        remarks=(f"Images: {', '.join(sorted(rows['images'].unique()))}.",),
    )


def _of_model(
    model: str, group: pd.DataFrame, parameters: Mapping[str, Any]
) -> tuple[list[Comparison], list[str], int]:
    """Comparisons, what has no values, and how many values were left out."""
    pairs = [
        (measure, rival) for measure in parameters["measures"] for rival in parameters["rivals"]
    ]
    signs = [parameters["sign"], *sorted(set(group["sign"]) - {parameters["sign"]})]
    values = {
        (sign, pair): _values(group[group["sign"] == sign], *pair)
        for sign in signs
        for pair in pairs
    }
    deciding = {pair: values[signs[0], pair] for pair in pairs}
    short = {pair: _values(group[group["sign"] == signs[0]], *pair, best=SHORT) for pair in pairs}
    present = [pair for pair in pairs if len(deciding[pair])]
    missing = [f"{model}, {', '.join(pair)}" for pair in pairs if pair not in present]
    images = group.loc[group["method"] == BEST, "image"].nunique()
    left_out = sum(images - len(deciding[pair]) for pair in present)
    p_values = [signed_rank_p(_differences(deciding[pair]), "greater") for pair in present]
    comparisons = []
    for pair, p_value, adjusted in zip(present, p_values, holm(p_values), strict=True):
        estimate = _median(deciding[pair], parameters["resamples"])
        significant = adjusted < parameters["alpha"]
        holds, contradicts = judge(estimate, "higher", significant=significant)
        medians = deciding[pair].median()
        comparisons.append(
            Comparison(
                keys={"model": model, "score": pair[0], "rival": pair[1]},
                estimate=estimate,
                base_mean=float(medians["rival"]),
                other_mean=float(medians["best"]),
                p_value=p_value,
                p_adjusted=adjusted,
                expected="higher",
                holds=holds,
                contradicts=contradicts,
                extra={
                    said: _median(extra, parameters["resamples"])
                    for said, extra in {
                        **{f"{sign} maps": values[sign, pair] for sign in signs[1:]},
                        "short climb": short[pair],
                    }.items()
                    if len(extra)
                },
            )
        )
    return comparisons, missing, left_out


def _values(group: pd.DataFrame, measure: str, rival: str, best: str = BEST) -> pd.DataFrame:
    """Values of GGIG and of the rival on the images that have both: columns in this order."""
    table = group.pivot(index="image", columns="method", values=measure)
    if not {best, rival} <= set(table.columns):
        return pd.DataFrame(columns=["best", "rival"])
    return table[[best, rival]].set_axis(["best", "rival"], axis=1).dropna()


def _differences(values: pd.DataFrame) -> Floats:
    """GGIG minus rival: `(n,)`."""
    return (values["best"] - values["rival"]).to_numpy(dtype=float)


def _median(values: pd.DataFrame, resamples: int) -> Estimate:
    """The median difference with its interval, resampled by image."""
    differences = _differences(values)
    counts = resample_counts(len(differences), resamples)
    draws = resampled_medians(differences[:, None], counts)[:, 0]
    return estimate_from(float(np.median(differences)), draws, len(differences))
