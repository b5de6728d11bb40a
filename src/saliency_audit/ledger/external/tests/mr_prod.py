"""MR-PROD: does the product with the input raise MeGe?"""

from itertools import product

import pandas as pd

from saliency_audit.ledger.external.effect import HIGHER
from saliency_audit.ledger.external.ending import Evidence, Parameters, external_test
from saliency_audit.ledger.external.evidence import folds
from saliency_audit.ledger.external.evidence.fold_effects import Asked, Contrast, measured

CONTROL = ("random_input", "random")
SCORE = "mege"


@external_test(needs={"pairs", "resamples"}, columns=folds.COLUMNS)
def inflated_by_product(rows: pd.DataFrame, parameters: Parameters) -> Evidence:
    """Is MeGe of a method with the product by the input higher than without it?

    Args:
        rows: of `mege_stability`; sound predictors of every architecture are used.
        parameters: `pairs` of methods, with and without the product; `resamples`.

    Returns:
        A comparison per predictor and pair: MeGe with minus without, bootstrap over images, Holm
        over all. A pair without rows of both is missing. `extra` has the interval over folds, and
        the same difference of random maps, which the input alone makes.
    """
    groups = folds.paired_rows("inflated_by_product", rows)
    asked: list[Asked] = []
    missing: list[str] = []
    for place, (more, less) in product(folds.sound(groups), parameters["pairs"]):
        images, model = place
        contrast, control = (
            Contrast.difference(*found.values()) if len(found) == 2 else None
            for pair in ((less, more), CONTROL[::-1])
            for found in [folds.by_method(groups, images, model, pair)]
        )
        if contrast is None:
            missing.append(f"{images}, {model}, {more}")
            continue
        keys = {"images": images, "model": model, "method": more, "without": less}
        beside = control and control.drawn(SCORE, parameters["resamples"]).estimate
        extra = {"random maps": beside} if beside else {}
        asked.append(Asked(keys, contrast, SCORE, HIGHER, extra))
    what = "differences (with minus without the product)"
    effects, headline, few = measured([each.effect for each in asked], asked, what, parameters)
    return Evidence(
        effects,
        headline,
        missing=missing,
        remarks=[
            few,
            *folds.remarks(group for each in asked for group in each.contrast.rows),
        ],
        nothing="no rows of a method with and without the product",
    )
