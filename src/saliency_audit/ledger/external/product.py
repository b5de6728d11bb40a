"""Does the product with the input raise MeGe?"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from saliency_audit.ledger.external.fold_families import (
    Drawn,
    drawn_difference,
    estimated_difference,
    few_images,
    judged,
)
from saliency_audit.ledger.external.fold_rows import (
    FoldRows,
    Groups,
    Key,
    counted,
    fold_rows,
    remarks,
    same_images,
    sound,
)
from saliency_audit.ledger.external.result import ExternalResult, not_tested
from saliency_audit.ledger.external.rows import check_parameters
from saliency_audit.ledger.external.rule import family_verdict, named, sentences, tally
from saliency_audit.ledger.statistics import Estimate

CONTROL = ("random_input", "random")


def inflated_by_product(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> ExternalResult:
    """Is MeGe of a method with the product by the input higher than without it?

    Args:
        rows: of `mege_stability`; sound predictors of every architecture are used.
        parameters: `pairs` of methods, with and without the product; `resamples`, `alpha`;
            `fewest_images` that decide.

    Returns:
        A comparison per predictor and pair: MeGe with minus without, bootstrap over images, Holm
        over all; undecided with fewer than `fewest_images` in S=. `extra` has the interval over
        folds, and the same difference of random maps, which the input alone makes. The verdict is
        `family_verdict`'s.

    Raises:
        ValueError: a parameter or column that is missing or unknown, or methods that do not explain
            the same images.
    """
    name = "inflated_by_product"
    check_parameters(name, parameters, {"pairs", "resamples", "alpha", "fewest_images"})
    if rows.empty:
        return not_tested("no rows of sound predictors")
    groups = fold_rows(name, rows)
    same_images(name, groups)
    family: list[Drawn] = []
    missing: list[str] = []
    predictors = list(sound(groups))
    resamples = counted(parameters, len(predictors) * len(parameters["pairs"]))
    for images, model in predictors:
        control = _pair(groups, images, model, *CONTROL)
        for with_product, without in parameters["pairs"]:
            pair = _pair(groups, images, model, with_product, without)
            if pair is None:
                missing.append(f"{images}, {model}, {with_product}")
                continue
            extra: dict[str, Estimate] = {}
            if control is not None:
                extra["random maps"] = estimated_difference(control, "mege", resamples)
            keys = {"images": images, "model": model, "method": with_product, "without": without}
            family.append(drawn_difference(keys, pair, "mege", resamples, "higher", extra))
    if not family:
        return not_tested("no rows of a method with and without the product")
    fewest = parameters["fewest_images"]
    comparisons = judged(family, parameters["alpha"], fewest)
    detail = sentences(
        tally(comparisons),
        few_images(comparisons, fewest),
        f"Not computed: {named(missing)}." if missing else "",
        remarks(_compared(groups, parameters["pairs"])),
    )
    return ExternalResult(
        family_verdict(comparisons, complete=not missing), detail, None, comparisons
    )


def _compared(groups: Groups, pairs: Sequence[Sequence[str]]) -> list[FoldRows]:
    """The rows of sound predictors under a method that is compared."""
    names = {name for pair in pairs for name in pair}
    return [
        group for key, group in groups.items() if key.degradation == "none" and key.method in names
    ]


def _pair(
    groups: Groups, images: str, model: str, with_product: str, without: str
) -> tuple[FoldRows, FoldRows] | None:
    """Rows without and with the product."""
    base, other = (groups.get(Key(images, model, "none", 0, m)) for m in (without, with_product))
    return None if base is None or other is None else (base, other)
