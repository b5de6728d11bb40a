"""MR-LIP-MEGE, MR-LIP-RECO: do 1-Lipschitz networks score higher, and which method comes first?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.effect import HIGHER, LOWER, Effect, Expected
from saliency_audit.ledger.external.ending import (
    Evidence,
    Parameters,
    external_test,
    where_gains_are_due,
)
from saliency_audit.ledger.external.evidence.fold_effects import (
    Asked,
    Contrast,
    Drawn,
    beside_reco,
    counted,
    few_images,
    headline,
    reco_statistics,
    smaller_n,
    validate_definition,
)
from saliency_audit.ledger.external.evidence.folds import (
    COLUMNS,
    FoldRows,
    Groups,
    by_method,
    of_the_seven,
    other_folds,
    paired_rows,
    remarks,
    sound,
)
from saliency_audit.ledger.resampling import Floats
from saliency_audit.ledger.statistics import Estimate
from saliency_audit.models.architectures import is_constrained
from saliency_audit.study.explanations import METHODS

# Of ten pairs of folds so many must agree with the sign of the difference.
AGREEING = 0.8
NO_ROWS = "no rows of both families on the same images"


@dataclass(frozen=True)
class Families:
    """A network with Lipschitz constant 1 and one without, on one image set."""

    images: str
    ordinary: str
    constrained: str

    @property
    def keys(self) -> dict[str, str]:
        """What a comparison of the two is about."""
        return {"images": self.images, "families": f"{self.constrained} − {self.ordinary}"}

    def contrasts(self, groups: Groups) -> dict[str, Contrast]:
        """1-Lipschitz minus ordinary, of every method that has rows of both."""
        base, other = (
            by_method(groups, self.images, model) for model in (self.ordinary, self.constrained)
        )
        shared = [method for method in base if method in other]
        return {method: Contrast.difference(base[method], other[method]) for method in shared}


def families_of(groups: Groups) -> Iterator[Families]:
    """Every two networks, one constrained and one not, that explain the same image set."""
    for images, ordinary in sound(groups):
        for same, constrained in sound(groups):
            if same == images and is_constrained(constrained) and not is_constrained(ordinary):
                yield Families(images, ordinary, constrained)


def compared(groups: Groups) -> tuple[dict[Families, dict[str, Contrast]], list[str]]:
    """The methods' contrasts of every two families; which methods lack rows of one of them."""
    found = {families: families.contrasts(groups) for families in families_of(groups)}
    missing = [
        f"{families.images}, {method}"
        for families, contrasts in found.items()
        for method in METHODS
        if contrasts and method not in contrasts
    ]
    return {families: contrasts for families, contrasts in found.items() if contrasts}, missing


def undefined_remarks(groups: Groups, families: Sequence[Families]) -> list[str]:
    """`remarks` of the seven methods under sound predictors of the image sets compared."""
    images = {each.images for each in families}
    chosen = of_the_seven(groups)
    return remarks(
        group for group in chosen if group.key.degradation == "none" and group.key.images in images
    )


@external_test(
    needs={"score", "lower", "folds", "resamples", "accuracy_margin"},
    may={"definition", "first", "ahead_of"},
    columns=COLUMNS,
    validate=validate_definition,
)
def family_difference(rows: pd.DataFrame, parameters: Parameters) -> Evidence:
    """Is a score higher for 1-Lipschitz networks, for all methods but the declared ones?

    Args:
        rows: of `mege_stability`.
        parameters: `score`, "mege" or "reco"; `lower`, methods for which a lower score is expected;
            `folds`; `resamples`; `accuracy_margin`, in points; `definition` of ReCo that decides,
            the other one stands in `extra`; `first`, the method that scores highest among the
            1-Lipschitz networks, and `ahead_of`, methods that are named as behind it.

    Returns:
        A comparison per method: score of the 1-Lipschitz predictors minus that of the others. It
        holds only if the difference has the expected sign in at least 8 of the 10 pairs of folds.
        Where a method is `first`, a comparison with the best of the other methods and one with each
        that it is `ahead_of`. Bootstrap over images, all distances of an image together, both
        families alike; Holm over all of an image set. n counts the images with a distance in S=,
        for ReCo in S= and in S≠, in the rows that have the fewest. Undecidable if the mean
        accuracies of the families, on the folds not seen, differ by more than the margin. Another
        number of folds, or a method without rows, is missing. `extra` has the interval over folds.

    Raises:
        ValueError: a parameter or column that is missing or unknown, or families that do not
            explain the same images.
    """
    groups = paired_rows("family_difference", rows)
    found, missing = compared(groups)
    signs: dict[str, list[Asked]] = {}
    for families, contrasts in found.items():
        signs.setdefault(families.images, []).extend(_signs(families, contrasts, parameters))
    resamples = counted(parameters, max((len(each) for each in signs.values()), default=0) + 3)
    effects = {
        images: [each.effect(resamples) for each in asked] for images, asked in signs.items()
    }
    for images, model in dict.fromkeys((each.images, each.constrained) for each in found):
        methods = by_method(groups, images, model)
        effects[images] += _first(images, model, methods, parameters, resamples)
    together = [each for family in effects.values() for each in family]
    asked = [each for family in signs.values() for each in family]
    gains, without = where_gains_are_due(asked, [each.expected.text for each in asked])
    accuracies, far = _accuracies(found, parameters["accuracy_margin"])
    return Evidence(
        together,
        headline(
            gains, f"differences (1-Lipschitz minus ordinary{without})", resamples, parameters
        ),
        missing=[*missing, *(other_folds(groups, parameters["folds"]) if found else [])],
        remarks=[
            few_images(together, parameters),
            f"Accuracy, mean over the folds: {'; '.join(accuracies)}.",
            *undefined_remarks(groups, list(found)),
        ],
        undecidable="Too different to compare the families." if far else "",
        nothing=NO_ROWS,
        apart=("images",),
    )


def _statistics(parameters: Parameters) -> tuple[str, str | None]:
    """The statistic that decides and, of ReCo, the other definition's."""
    score: str = parameters["score"]
    return reco_statistics(parameters["definition"]) if score == "reco" else (score, None)


def _signs(
    families: Families, contrasts: Mapping[str, Contrast], parameters: Parameters
) -> Iterator[Asked]:
    """The difference of every method, and whether enough pairs of folds agree."""
    statistic, other = _statistics(parameters)
    for method, contrast in contrasts.items():
        expected = LOWER if method in parameters["lower"] else HIGHER
        agreeing, pairs = _agreeing(contrast.rows, statistic, expected)
        extra = {"share of fold pairs": Estimate(agreeing, agreeing, agreeing, pairs)}
        extra |= beside_reco(contrast, other, parameters["resamples"]) if other else {}
        more = {"may_hold": agreeing >= AGREEING, "extra": extra}
        yield Asked({**families.keys, "method": method}, contrast, statistic, expected, more)


def _agreeing(pair: Sequence[FoldRows], statistic: str, expected: Expected) -> tuple[float, int]:
    """Share of the pairs of folds whose difference has the expected sign, and how many there are.

    A pair of folds that leaves a score undefined does not agree.
    """
    signs = []
    for folds in combinations(range(pair[0].right.shape[1]), 2):
        base, other = (each.between(*folds, statistic) for each in pair)
        signs.append(other > base if expected is HIGHER else other < base)
    return float(np.mean(signs)), len(signs)


def _first(
    images: str,
    model: str,
    methods: Mapping[str, FoldRows],
    parameters: Parameters,
    resamples: int,
) -> Iterator[Effect]:
    """The first method against the best of the others, and against each that it is ahead of."""
    statistic, _ = _statistics(parameters)
    first = str(parameters.get("first"))
    if first not in methods:
        return
    keys = {"images": images, "families": model}
    best = {**keys, "method": f"{first} − best of the others"}
    others = [group for method, group in methods.items() if method != first]
    yield _above_best(methods[first], others, statistic, resamples).effect(best, HIGHER)
    for method in parameters.get("ahead_of", ()):
        if method in methods:
            contrast = Contrast.difference(methods[method], methods[first])
            named = {**keys, "method": f"{first} − {method}"}
            yield Asked(named, contrast, statistic, HIGHER).effect(resamples)


def _above_best(
    first: FoldRows, others: Sequence[FoldRows], statistic: str, resamples: int
) -> Drawn:
    """A method's score minus the highest of the others; those that are undefined come last."""
    mine, draws = first.drawn(statistic, resamples)
    table = [group.drawn(statistic, resamples) for group in others]
    highest: Floats = np.fmax.reduce([draws for _, draws in table])
    point = float(np.fmax.reduce([point for point, _ in table]))
    n = smaller_n((first, *others), statistic)
    return Drawn(point=mine - point, draws=draws - highest, n=n, base=point, other=mine)


def _accuracies(
    found: Mapping[Families, Mapping[str, Contrast]], margin: float
) -> tuple[list[str], bool]:
    """The accuracies of every two families, and whether any two are further apart than allowed."""
    said, far = [], False
    for families, contrasts in found.items():
        pair = next(iter(contrasts.values())).rows
        ordinary, constrained = (100 * each.accuracy for each in pair)
        far |= abs(ordinary - constrained) > margin
        said.append(
            f"{families.constrained} {constrained:.1f} %, {families.ordinary} {ordinary:.1f} % on "
            f"{families.images}"
        )
    return said, far
