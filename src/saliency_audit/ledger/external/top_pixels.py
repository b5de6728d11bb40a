"""Are the most salient pixels of one method less scattered, off the edges and on the object?"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from saliency_audit.ledger.external.methods import by_method, compare_present, pair, pooled
from saliency_audit.ledger.external.paired import PairedValues
from saliency_audit.ledger.external.result import ExternalResult, not_tested
from saliency_audit.ledger.external.rows import (
    check_columns,
    check_parameters,
    identified,
    models_of,
)
from saliency_audit.ledger.external.rule import family_result


def top_pixels(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> ExternalResult:
    """Does the best method differ from each rival as stated, by each measure at each share?

    Args:
        rows: of `ggig_sparse`.
        parameters: the method said to be `best`, its `rivals`, the `shares` of the pixels,
            `measures` with the side that the claim states ("higher" or "lower"), `alpha`; optional
            `minimum_images`, `networks`, the claim's own.

    Returns:
        A comparison per network, share, measure and rival: mean over the images of best minus
        rival. It holds if the one-sided signed-rank p passes Holm over those of the network and
        the 95 % bootstrap interval lies wholly on the stated side of 0, contradicts if it lies on
        the other. The verdict is `family_verdict`'s; images without a value are left out and
        counted, a comparison without any leaves at best partly, as rows of none of the claim's
        networks do.

    Raises:
        ValueError: a parameter or column that is missing or unknown, or rows that stand twice.
    """
    name = "top_pixels"
    needed = {"best", "rivals", "shares", "measures", "alpha"}
    check_parameters(name, parameters, needed, {"minimum_images", "networks"})
    if rows.empty:
        return not_tested("no rows of maps")
    measures: Mapping[str, str] = parameters["measures"]
    check_columns(name, rows, ["model", "images", "method", "share", "image", *measures])
    families, firsts = [], []
    for model, group in identified(rows).groupby("model", sort=True):
        pairs = _pairs(str(model), group, parameters)
        families.append(compare_present(pairs, parameters["alpha"]))
        firsts.append(pairs[0])
    share, rival = parameters["shares"][0], parameters["rivals"][0]
    return family_result(
        [comparison for family in families for comparison in family.comparisons],
        parameters,
        pooled(firsts),
        models=models_of(rows),
        missing=[text for family in families for text in family.missing],
        left_out=sum(family.left_out for family in families),
        remarks=(
            f"Images: {', '.join(sorted(rows['images'].unique()))}.",
            f"Headline: mean difference of {parameters['best']} and {rival} in "
            f"{next(iter(measures))} at {share:.0%} over all networks, resampled by image.",
        ),
    )


def _pairs(model: str, group: pd.DataFrame, parameters: Mapping[str, Any]) -> list[PairedValues]:
    """Every comparison of one network: share by share, measure by measure, rival by rival."""
    found = []
    for share in parameters["shares"]:
        at_share = group[group["share"] == share]
        for measure, side in parameters["measures"].items():
            values = by_method(at_share, measure)
            for rival in parameters["rivals"]:
                keys = {"model": model, "share": f"top {share:.0%}", "score": measure}
                keys["rival"] = rival
                found.append(pair(values, keys, rival, parameters["best"], side))
    return found
