"""MR-LIP-MEGE, MR-LIP-RECO: do 1-Lipschitz networks score higher, and which method comes first?"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.effect import HIGHER, LOWER, Effect, Expected, due_gains
from saliency_audit.ledger.external.ending import Evidence, Parameters, external_test
from saliency_audit.ledger.external.evidence import fold_effects, folds
from saliency_audit.ledger.external.evidence.fold_effects import Asked, Contrast, Drawn
from saliency_audit.ledger.external.evidence.folds import FoldRows, Groups
from saliency_audit.ledger.resampling import Floats
from saliency_audit.ledger.statistics import Estimate, jackknife
from saliency_audit.models.architectures import is_constrained
from saliency_audit.study.explanations import METHODS

# Of ten pairs of folds so many must agree with the sign of the difference.
AGREEING = 0.8
NO_ROWS = "no rows of both families on the same images"


@dataclass(frozen=True)
class Families:
    """A network with Lipschitz constant 1 and one without, on one image set.

    `contrasts` are 1-Lipschitz minus ordinary, of every method that has rows of both.
    """

    images: str
    ordinary: str
    constrained: str
    contrasts: Mapping[str, Contrast]

    @property
    def keys(self) -> dict[str, str]:
        """What a comparison of the two is about."""
        return {"images": self.images, "families": f"{self.constrained} − {self.ordinary}"}


def compared(groups: Groups) -> list[Families]:
    """Every two networks, one constrained and one not, that explain the same image set."""
    found = []
    for (images, ordinary), (same, constrained) in product(folds.sound(groups), repeat=2):
        if same == images and is_constrained(constrained) and not is_constrained(ordinary):
            base, other = (
                folds.by_method(groups, images, model) for model in (ordinary, constrained)
            )
            contrasts = {
                method: Contrast.difference(base[method], other[method])
                for method in base
                if method in other
            }
            found.append(Families(images, ordinary, constrained, contrasts))
    return [families for families in found if families.contrasts]


def lacking(found: Iterable[Families]) -> list[str]:
    """The methods that have no rows of one of two families."""
    return [
        f"{families.images}, {method}"
        for families in found
        for method in METHODS
        if method not in families.contrasts
    ]


def undefined(groups: Groups, found: Iterable[Families]) -> list[str]:
    """`remarks` of the seven methods under sound predictors of the image sets compared."""
    images = {each.images for each in found}
    return folds.remarks(
        group
        for group in folds.of_the_seven(groups)
        if group.key.degradation == "none" and group.key.images in images
    )


@external_test(
    needs={"score", "lower", "folds", "resamples", "accuracy_margin"},
    may={"definition", "first", "ahead_of"},
    columns=folds.COLUMNS,
    validate=fold_effects.validate_definition,
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
    """
    groups = folds.paired_rows("family_difference", rows)
    found = compared(groups)
    signs: dict[str, list[Asked]] = {}
    for families in found:
        signs.setdefault(families.images, []).extend(_signs(families, parameters))
    asked: list[Callable[[int], Effect]] = []
    for images, differences in signs.items():
        asked += [each.effect for each in differences]
        for model in dict.fromkeys(each.constrained for each in found if each.images == images):
            asked += _first(images, model, folds.by_method(groups, images, model), parameters)
    together = [each for differences in signs.values() for each in differences]
    gains, without = due_gains(together)
    # Room for the comparisons of a first method, whether one is declared or not.
    family = max(map(len, signs.values()), default=0) + 3
    what = f"differences (1-Lipschitz minus ordinary{without})"
    effects, headline, few = fold_effects.measured(asked, gains, what, parameters, family)
    accuracies, far = _accuracies(found, parameters["accuracy_margin"])
    others = folds.other_folds(groups, parameters["folds"]) if found else []
    return Evidence(
        effects,
        headline,
        missing=[*lacking(found), *others],
        remarks=[
            few,
            f"Accuracy, mean over the folds: {'; '.join(accuracies)}.",
            *undefined(groups, found),
        ],
        undecidable="Too different to compare the families." if far else "",
        nothing=NO_ROWS,
        apart=("images",),
    )


def _signs(families: Families, parameters: Parameters) -> Iterator[Asked]:
    """The difference of every method, and whether enough pairs of folds agree."""
    statistic, other = fold_effects.statistics_of(parameters["score"], parameters)
    for method, contrast in families.contrasts.items():
        expected = LOWER if method in parameters["lower"] else HIGHER
        agreeing, pairs = _agreeing(contrast.rows, statistic, expected)
        extra = {"share of fold pairs": Estimate.exact(agreeing, pairs)}
        extra |= fold_effects.beside_reco(contrast, other, parameters["resamples"])
        keys = {**families.keys, "method": method}
        yield Asked(keys, contrast, statistic, expected, extra, agreeing >= AGREEING)


def _agreeing(pair: Sequence[FoldRows], statistic: str, expected: Expected) -> tuple[float, int]:
    """Share of the pairs of folds whose difference has the expected sign, and how many there are.

    A pair of folds that leaves a score undefined does not agree.
    """
    signs = []
    for two in combinations(range(pair[0].right.shape[1]), 2):
        base, other = (each.between(*two, statistic) for each in pair)
        signs.append(other > base if expected is HIGHER else other < base)
    return float(np.mean(signs)), len(signs)


def _first(
    images: str, model: str, methods: Mapping[str, FoldRows], parameters: Parameters
) -> Iterator[Callable[[int], Effect]]:
    """The first method against the best of the others, and against each that it is ahead of."""
    statistic, _ = fold_effects.statistics_of(parameters["score"], parameters)
    first = str(parameters.get("first"))
    if first not in methods:
        return

    keys = {"images": images, "families": model}

    def above_best(resamples: int) -> Effect:
        """Minus the highest of the others; those that are undefined come last."""
        found = {name: rows.drawn(statistic, resamples) for name, rows in methods.items()}
        mine, draws = found.pop(first)
        highest: Floats = np.fmax.reduce([draws for _, draws in found.values()])
        point = float(np.fmax.reduce([point for point, _ in found.values()]))
        n = fold_effects.smaller_n(methods.values(), statistic)
        drawn = Drawn(mine - point, draws - highest, n, base=point, other=mine)
        without = {name: rows.without_fold(statistic) for name, rows in methods.items()}
        of_first = without.pop(first)
        over_folds = jackknife(mine - point, of_first - np.fmax.reduce([*without.values()]))
        named = {**keys, "method": f"{first} − best of the others"}
        return drawn.effect(named, HIGHER, levels=(over_folds,), extra={"over folds": over_folds})

    yield above_best
    for method in parameters.get("ahead_of", ()):
        if method in methods:
            contrast = Contrast.difference(methods[method], methods[first])
            named = {**keys, "method": f"{first} − {method}"}
            yield Asked(named, contrast, statistic, HIGHER).effect


def _accuracies(found: Iterable[Families], margin: float) -> tuple[list[str], bool]:
    """The accuracies of every two families, and whether any two are further apart than allowed."""
    said, far = [], False
    for families in found:
        pair = next(iter(families.contrasts.values())).rows
        ordinary, constrained = (100 * each.accuracy for each in pair)
        far |= abs(ordinary - constrained) > margin
        said.append(
            f"{families.constrained} {constrained:.1f} %, {families.ordinary} {ordinary:.1f} % on "
            f"{families.images}"
        )
    return said, far
