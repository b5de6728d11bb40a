"""Does the product with the input raise MeGe?"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from saliency_audit.ledger.external.fold_families import Drawn, estimate_of, judged
from saliency_audit.ledger.external.fold_rows import (
    Groups,
    Key,
    counted,
    fold_rows,
    same_images,
    sound,
)
from saliency_audit.ledger.external.result import ExternalResult, not_tested
from saliency_audit.ledger.external.rows import check_parameters
from saliency_audit.ledger.external.rule import family_verdict, named, sentences, tally
from saliency_audit.ledger.fold_statistics import STATISTICS, once
from saliency_audit.ledger.resampling import Counts, resample_counts
from saliency_audit.ledger.statistics import Estimate

CONTROL = ("random_input", "random")


def inflated_by_product(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> ExternalResult:
    """Is MeGe of a method with the product by the input higher than without it?

    Args:
        rows: of `mege_stability`; sound predictors of every architecture are used.
        parameters: `pairs` of methods, with and without the product; `resamples`, `alpha`.

    Returns:
        A comparison per predictor and pair: MeGe with minus without, bootstrap over images, Holm
        over all. `extra` has the same difference of random maps, the most that the input alone can
        do. The verdict is `family_verdict`'s.

    Raises:
        ValueError: a parameter or column that is missing or unknown, or methods that do not explain
            the same images.
    """
    name = "inflated_by_product"
    check_parameters(name, parameters, {"pairs", "resamples", "alpha"})
    if rows.empty:
        return not_tested("no rows of sound predictors")
    groups = fold_rows(name, rows)
    same_images(name, groups)
    family: list[Drawn] = []
    missing: list[str] = []
    predictors = list(sound(groups))
    for images, model in predictors:
        control = _difference(groups, images, model, *CONTROL, parameters, len(predictors))
        for with_product, without in parameters["pairs"]:
            found = _difference(
                groups, images, model, with_product, without, parameters, len(predictors)
            )
            if found is None:
                missing.append(f"{images}, {model}, {with_product}")
                continue
            extra: dict[str, Estimate] = {}
            if control is not None:
                extra["random maps"] = estimate_of(control.point, control.draws, control.n)
            family.append(Drawn(**{**vars(found), "extra": extra}))
    if not family:
        return not_tested("no rows of a method with and without the product")
    comparisons = judged(family, parameters["alpha"])
    detail = sentences(tally(comparisons), f"Not computed: {named(missing)}." if missing else "")
    return ExternalResult(
        family_verdict(comparisons, complete=not missing), detail, None, comparisons
    )


def _difference(
    groups: Groups,
    images: str,
    model: str,
    with_product: str,
    without: str,
    parameters: Mapping[str, Any],
    predictors: int,
) -> Drawn | None:
    pair = [groups.get(Key(images, model, "none", 0, name)) for name in (without, with_product)]
    base, other = pair
    if base is None or other is None:
        return None
    count = len(base.image)
    comparisons = predictors * len(parameters["pairs"])
    counts: Counts = resample_counts(count, counted(parameters, comparisons))
    measure = STATISTICS["mege"]
    points = [float(measure(each.sets, once(count))[0]) for each in (base, other)]
    return Drawn(
        keys={"images": images, "model": model, "method": with_product, "without": without},
        point=points[1] - points[0],
        draws=measure(other.sets, counts) - measure(base.sets, counts),
        n=count,
        base=points[0],
        other=points[1],
        expected="higher",
    )
