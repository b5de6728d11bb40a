"""MR-PROD: does the product with the input raise MeGe?"""

from itertools import product

import pandas as pd

from saliency_audit.ledger.external.effect import HIGHER
from saliency_audit.ledger.external.ending import Evidence, Parameters, external_test
from saliency_audit.ledger.external.evidence.fold_effects import (
    Asked,
    Contrast,
    counted,
    few_images,
    headline,
)
from saliency_audit.ledger.external.evidence.folds import (
    COLUMNS,
    Groups,
    by_method,
    paired_rows,
    remarks,
    sound,
)

CONTROL = ("random_input", "random")
SCORE = "mege"


@external_test(needs={"pairs", "resamples"}, columns=COLUMNS)
def inflated_by_product(rows: pd.DataFrame, parameters: Parameters) -> Evidence:
    """Is MeGe of a method with the product by the input higher than without it?

    Args:
        rows: of `mege_stability`; sound predictors of every architecture are used.
        parameters: `pairs` of methods, with and without the product; `resamples`.

    Returns:
        A comparison per predictor and pair: MeGe with minus without, bootstrap over images, Holm
        over all. A pair without rows of both is missing. `extra` has the interval over folds, and
        the same difference of random maps, which the input alone makes.

    Raises:
        ValueError: a parameter or column that is missing or unknown, or methods that do not explain
            the same images.
    """
    groups = paired_rows("inflated_by_product", rows)
    asked: list[Asked] = []
    missing: list[str] = []
    for (images, model), pair in product(sound(groups), parameters["pairs"]):
        with_product, without = pair
        contrast = _contrast(groups, images, model, with_product, without)
        if contrast is None:
            missing.append(f"{images}, {model}, {with_product}")
            continue
        control = _contrast(groups, images, model, *CONTROL)
        beside = control and control.drawn(SCORE, parameters["resamples"]).estimate
        keys = {"images": images, "model": model, "method": with_product, "without": without}
        more = {"extra": {"random maps": beside} if beside else {}}
        asked.append(Asked(keys, contrast, SCORE, HIGHER, more))
    resamples = counted(parameters, len(asked))
    effects = [each.effect(resamples) for each in asked]
    used = [group for each in asked for group in each.contrast.rows]
    return Evidence(
        effects,
        headline(asked, "differences (with minus without the product)", resamples, parameters),
        missing=missing,
        remarks=[few_images(effects, parameters), *remarks(used)],
        nothing="no rows of a method with and without the product",
    )


def _contrast(
    groups: Groups, images: str, model: str, with_product: str, without: str
) -> Contrast | None:
    """With the product minus without."""
    found = by_method(groups, images, model, (without, with_product))
    return Contrast.difference(*found.values()) if len(found) == 2 else None
