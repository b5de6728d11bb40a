"""Is a method among the first of the seven, on each image set and by each score?"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.fold_families import (
    few_images,
    places_taken,
    reco_statistics,
    sizes_of,
    smaller_n,
    unless_few,
)
from saliency_audit.ledger.external.fold_rows import (
    FoldRows,
    Key,
    fold_rows,
    remarks,
    same_images,
    sound,
)
from saliency_audit.ledger.external.result import Comparison, ExternalResult, not_tested
from saliency_audit.ledger.external.rows import check_parameters
from saliency_audit.ledger.external.rule import named, sentences, tally
from saliency_audit.ledger.resampling import Floats
from saliency_audit.ledger.statistics import Estimate
from saliency_audit.ledger.verdict import Verdict
from saliency_audit.models.architectures import is_constrained
from saliency_audit.study.explanations import METHODS

SELECTED = ("gradcam", "gradcam++", "rise")


def among_the_first(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> ExternalResult:
    """Are Grad-CAM, Grad-CAM++ and RISE among the first of seven by μF, MeGe and ReCo?

    Args:
        rows: of `mege_stability`; predictors that are sound and not 1-Lipschitz are used.
        parameters: `first`, how many places count; `resamples`, `alpha`; `definition` of ReCo that
            decides, the other one stands in `extra`; `fewest_images` that decide.

    Returns:
        A comparison per image set, score and method of the three: the share of resamples of images
        in which it is among the first. It holds at 1 − alpha and contradicts at alpha or less;
        undecided where the score of one of the seven rests on fewer than `fewest_images`.
        Reproduced if all hold, not reproduced if more than half contradict, inconclusive if more
        than half are undecided, else partly. A predictor without rows of all seven methods leaves
        at best partly.

    Raises:
        ValueError: a parameter or column that is missing or unknown, or methods that do not explain
            the same images.
    """
    name = "among_the_first"
    needed = {"first", "resamples", "alpha", "definition", "fewest_images"}
    check_parameters(name, parameters, needed)
    if rows.empty:
        return not_tested("no rows of sound predictors")
    groups = fold_rows(name, rows)
    same_images(name, groups)
    comparisons: list[Comparison] = []
    incomplete: list[str] = []
    used: list[FoldRows] = []
    for images, model in sound(groups):
        if is_constrained(model):
            continue
        present = {
            method: group
            for method in METHODS
            if (group := groups.get(Key(images, model, "none", 0, method)))
        }
        if len(present) < len(METHODS):
            incomplete.append(f"{images}, {model}")
            continue
        comparisons += _of_predictor(images, model, present, parameters)
        used += present.values()
    if not comparisons:
        return not_tested("no predictor with rows of all seven methods")
    detail = sentences(
        tally(comparisons),
        few_images(comparisons, parameters["fewest_images"]),
        f"Without rows of all seven methods: {named(incomplete)}." if incomplete else "",
        remarks(used),
    )
    return ExternalResult(
        _verdict(comparisons, complete=not incomplete), detail, None, tuple(comparisons)
    )


def _of_predictor(
    images: str, model: str, present: Mapping[str, FoldRows], parameters: Mapping[str, Any]
) -> list[Comparison]:
    resamples, first = parameters["resamples"], parameters["first"]
    deciding, other = reco_statistics(parameters["definition"])
    found = []
    for score, statistic, beside in (
        ("mu_fidelity", "mu_fidelity", None),
        ("mege", "mege", None),
        ("reco", deciding, other),
    ):
        points, draws = _table(present, statistic, resamples)
        n = smaller_n(present.values(), statistic)
        for method in SELECTED:
            place = METHODS.index(method)
            extra = {}
            if beside is not None:
                _, besides = _table(present, beside, resamples)
                extra["other definition"] = _share(besides, place, first, n)
                extra |= sizes_of(present[method])
            share = _share(draws, place, first, n)
            ordered = np.sort(np.nan_to_num(points, nan=-np.inf))[::-1]
            found.append(
                Comparison(
                    keys={"images": images, "model": model, "score": score, "method": method},
                    estimate=share,
                    base_mean=float(ordered[first - 1]),
                    other_mean=float(points[place]),
                    p_value=float("nan"),
                    p_adjusted=float("nan"),
                    expected=f"among the first {first}",
                    holds=share.value >= 1 - parameters["alpha"],
                    contradicts=share.value <= parameters["alpha"],
                    extra=extra,
                )
            )
    return [unless_few(item, parameters["fewest_images"]) for item in found]


def _table(
    present: Mapping[str, FoldRows], statistic: str, resamples: int
) -> tuple[Floats, Floats]:
    """A score of every method: on the images `(7,)`, on the resamples `(7, R)`."""
    scores = [present[method].drawn(statistic, resamples) for method in METHODS]
    return np.array([point for point, _ in scores]), np.stack([draws for _, draws in scores])


def _share(draws: Floats, place: int, first: int, count: int) -> Estimate:
    """How often a method is among the first; NaN where no resample defines its score."""
    taken = places_taken(draws, place)
    share = float((taken < first).mean()) if taken.size else float("nan")
    return Estimate(share, share, share, count)


def _verdict(comparisons: Sequence[Comparison], *, complete: bool) -> Verdict:
    if all(item.holds for item in comparisons):
        return Verdict.REPRODUCED if complete else Verdict.PARTLY
    if 2 * sum(item.contradicts for item in comparisons) > len(comparisons):
        return Verdict.NOT_REPRODUCED
    if 2 * sum(item.undecided for item in comparisons) > len(comparisons):
        return Verdict.INCONCLUSIVE
    return Verdict.PARTLY
