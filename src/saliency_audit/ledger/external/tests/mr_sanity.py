"""MR-SANITY: do MeGe and ReCo fall as predictors are degraded, and beat random maps?"""

from collections.abc import Iterator
from itertools import product

import pandas as pd

from saliency_audit.ledger.external.effect import HIGHER, LOWER
from saliency_audit.ledger.external.ending import Evidence, Parameters, external_test
from saliency_audit.ledger.external.evidence.fold_effects import (
    Asked,
    Contrast,
    beside_reco,
    counted,
    few_images,
    headline,
    reco_statistics,
    validate_definition,
)
from saliency_audit.ledger.external.evidence.folds import (
    COLUMNS,
    Groups,
    by_method,
    degraded,
    levels_of,
    of_the_seven,
    other_folds,
    paired_rows,
    remarks,
)
from saliency_audit.study.explanations import CONTROL, METHODS
from saliency_audit.study.predictors import DEGRADATIONS

NO_ROWS = "no rows of degraded predictors"


@external_test(
    needs={"levels", "folds", "resamples", "definition"},
    columns=COLUMNS,
    validate=validate_definition,
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

    Raises:
        ValueError: a parameter or column that is missing or unknown, or levels that do not explain
            the same images.
    """
    groups = paired_rows("monotone_degradation", rows)
    predictors = degraded(groups)
    missing = other_folds(groups, parameters["folds"])
    families: dict[str, list[Asked]] = {}
    for images, model in predictors:
        trends, without = _trends(groups, images, model, parameters)
        differences = list(_against_random(groups, images, model, parameters))
        families.setdefault(images, []).extend([*trends, *differences])
        missing += [*without, *([] if differences else [f"{images}, {model}, {CONTROL}"])]
    # Holm corrects over all trends and differences of an image set.
    resamples = counted(parameters, max(map(len, families.values()), default=0))
    effects = [each.effect(resamples) for family in families.values() for each in family]
    first = [
        each
        for family in families.values()
        for each in family
        if each.score == "mege" and each.expected is LOWER
    ]
    return Evidence(
        effects,
        headline(first, "slopes per 10 points", resamples, parameters),
        missing=missing,
        remarks=[few_images(effects, parameters), *remarks(of_the_seven(groups, predictors))],
        nothing=NO_ROWS,
        apart=("images",),
    )


def _scores(parameters: Parameters) -> dict[str, tuple[str, str | None]]:
    """Statistic behind each score, and the other definition's, where there is one."""
    deciding, other = reco_statistics(parameters["definition"])
    return {"mege": ("mege", None), "reco": (deciding, other)}


def _trends(
    groups: Groups, images: str, model: str, parameters: Parameters
) -> tuple[list[Asked], list[str]]:
    """The slope of every degradation, method and score; and what has no rows."""
    levels: list[int] = list(parameters["levels"])
    found: list[Asked] = []
    missing: list[str] = []
    for kind, method in product(DEGRADATIONS, METHODS):
        at = levels_of(groups, images, model, kind, method, levels)
        where = {"images": images, "model": model, "degradation": kind, "method": method}
        missing += [
            f"{', '.join(where.values())}, {level} %" for level in levels if level not in at
        ]
        if len(at) < 2 or 0 not in at:
            continue
        names = [f"{level} %" for level in sorted(at)]
        found += _by_score(where, Contrast.slope(at), names, parameters, falls=True)
    return found, missing


def _against_random(
    groups: Groups, images: str, model: str, parameters: Parameters
) -> Iterator[Asked]:
    """The difference of every method to random maps, by every score."""
    control = by_method(groups, images, model, [CONTROL]).get(CONTROL)
    if control is None:
        return
    for method, group in by_method(groups, images, model).items():
        where = {
            "images": images,
            "model": model,
            "degradation": "none",
            "method": f"{method} − {CONTROL}",
        }
        contrast = Contrast.difference(control, group)
        yield from _by_score(where, contrast, ["first", "second"], parameters, falls=False)


def _by_score(
    where: dict[str, str],
    contrast: Contrast,
    names: list[str],
    parameters: Parameters,
    *,
    falls: bool,
) -> Iterator[Asked]:
    for score, (statistic, other) in _scores(parameters).items():
        extra = beside_reco(contrast, other, parameters["resamples"], names) if other else {}
        side = LOWER if falls else HIGHER
        yield Asked({**where, "score": score}, contrast, statistic, side, {"extra": extra})
