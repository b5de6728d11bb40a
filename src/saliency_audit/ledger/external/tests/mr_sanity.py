"""MR-SANITY: do MeGe and ReCo fall as predictors are degraded, and beat random maps?"""

from collections import Counter
from collections.abc import Iterator
from itertools import product

import pandas as pd

from saliency_audit.ledger.external.effect import HIGHER, LOWER, Expected
from saliency_audit.ledger.external.ending import Evidence, Parameters, external_test
from saliency_audit.ledger.external.evidence import fold_effects, folds
from saliency_audit.ledger.external.evidence.fold_effects import Asked, Contrast
from saliency_audit.study.explanations import CONTROL, METHODS
from saliency_audit.study.predictors import DEGRADATIONS

NO_ROWS = "no rows of degraded predictors"


@external_test(
    needs={"levels", "folds", "resamples", "definition"},
    columns=folds.COLUMNS,
    validate=fold_effects.validate_definition,
)
def monotone_degradation(rows: pd.DataFrame, parameters: Parameters) -> Evidence:
    """Do MeGe and ReCo fall with the level of degradation, and does every method beat Random?

    Args:
        rows: of `mege_stability`.
        parameters: `levels` in percent, 0 first; `folds`; `resamples`; `definition` of ReCo that
            decides, the other one stands in `extra`.

    Returns:
        Per network that was degraded: a comparison per degradation, method and score (its slope
        over the levels, per 10 points, expected below 0), and one per method and score (its
        difference to Random at level 0, expected above 0). Bootstrap over images, all distances of
        an image together and the same images at every level; Holm over all comparisons of an image
        set. A degradation, level or method without rows, or another number of folds, is missing. n
        counts the images with a distance in S=, for ReCo in S= and in S≠, at the level that has the
        fewest. In `extra` stand the interval over folds and, beside ReCo, the other definition and
        AUROC, whose level by chance, unlike ReCo's, does not depend on the number of distances.
    """
    groups = folds.paired_rows("monotone_degradation", rows)
    predictors = folds.degraded(groups)
    missing = folds.other_folds(groups, parameters["folds"])
    asked: list[Asked] = []
    for images, model in predictors:
        trends, without = _trends(groups, images, model, parameters)
        differences = list(_against_random(groups, images, model, parameters))
        asked += [*trends, *differences]
        missing += [*without, *([] if differences else [f"{images}, {model}, {CONTROL}"])]
    families = Counter(each.keys["images"] for each in asked)
    effects, headline, few = fold_effects.measured(
        [each.effect for each in asked],
        [each for each in asked if each.score == "mege" and each.expected is LOWER],
        "slopes per 10 points",
        parameters,
        max(families.values(), default=0),
    )
    return Evidence(
        effects,
        headline,
        missing=missing,
        remarks=[few, *folds.remarks(folds.of_the_seven(groups, predictors))],
        nothing=NO_ROWS,
        apart=("images",),
    )


def _trends(
    groups: folds.Groups, images: str, model: str, parameters: Parameters
) -> tuple[list[Asked], list[str]]:
    """The slope of every degradation, method and score; and what has no rows."""
    levels: list[int] = list(parameters["levels"])
    found: list[Asked] = []
    missing: list[str] = []
    for kind, method in product(DEGRADATIONS, METHODS):
        at = folds.levels_of(groups, images, model, kind, method, levels)
        keys = {"images": images, "model": model, "degradation": kind, "method": method}
        missing += [f"{', '.join(keys.values())}, {level} %" for level in levels if level not in at]
        if len(at) >= 2 and 0 in at:
            found += _by_score(keys, Contrast.slope(at), LOWER, parameters)
    return found, missing


def _against_random(
    groups: folds.Groups, images: str, model: str, parameters: Parameters
) -> Iterator[Asked]:
    """The difference of every method to random maps, by every score."""
    control = folds.by_method(groups, images, model, [CONTROL]).get(CONTROL)
    if control is None:
        return
    for method, group in folds.by_method(groups, images, model).items():
        keys = {"images": images, "model": model, "degradation": "none"}
        keys["method"] = f"{method} − {CONTROL}"
        yield from _by_score(keys, Contrast.difference(control, group), HIGHER, parameters)


def _by_score(
    keys: dict[str, str], contrast: Contrast, expected: Expected, parameters: Parameters
) -> Iterator[Asked]:
    for score in ("mege", "reco"):
        statistic, other = fold_effects.statistics_of(score, parameters)
        extra = fold_effects.beside_reco(contrast, other, parameters["resamples"])
        yield Asked({**keys, "score": score}, contrast, statistic, expected, extra)
