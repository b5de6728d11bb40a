"""Two families of predictors on the same images: 1-Lipschitz networks minus the others."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.fold_families import (
    Drawn,
    beside_reco,
    drawn_difference,
    estimated_difference,
    few_images,
    judged,
    only_if,
    places_taken,
    reco_statistics,
    sizes_of_both,
    smaller_n,
    unless_few,
)
from saliency_audit.ledger.external.fold_rows import (
    FoldRows,
    Groups,
    Key,
    counted,
    fold_rows,
    of_the_seven,
    other_folds,
    remarks,
    same_images,
    sound,
)
from saliency_audit.ledger.external.result import Comparison, ExternalResult, not_tested
from saliency_audit.ledger.external.rows import check_parameters
from saliency_audit.ledger.external.rule import family_verdict, named, sentences, tally
from saliency_audit.ledger.resampling import Floats
from saliency_audit.ledger.statistics import Estimate
from saliency_audit.ledger.verdict import Verdict
from saliency_audit.models.architectures import is_constrained
from saliency_audit.study.explanations import METHODS

# Of ten pairs of folds so many must agree with the sign of the difference.
AGREEING = 0.8
PLACES = ("first", "second", "third")
NO_ROWS = "no rows of both families on the same images"
DECLARED = {"lower", "folds", "resamples", "alpha", "accuracy_margin", "fewest_images"}


@dataclass(frozen=True)
class Families:
    """A network with Lipschitz constant 1 and one without, on one image set."""

    images: str
    ordinary: str
    constrained: str

    def pair(self, groups: Groups, method: str) -> tuple[FoldRows, FoldRows] | None:
        """One method's rows under the ordinary and under the constrained network."""
        found = [
            groups.get(Key(self.images, model, "none", 0, method))
            for model in (self.ordinary, self.constrained)
        ]
        return None if None in found else (found[0], found[1])  # type: ignore[return-value]


def families_of(groups: Groups) -> Iterator[Families]:
    """Every two networks, one constrained and one not, that explain the same image set."""
    models: dict[str, list[str]] = {}
    for images, model in sound(groups):
        models.setdefault(images, []).append(model)
    for images, names in models.items():
        constrained = [name for name in names if is_constrained(name)]
        for other in (name for name in names if name not in constrained):
            for name in constrained:
                yield Families(images, other, name)


def family_difference(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> ExternalResult:
    """Is MeGe higher for 1-Lipschitz networks, for all methods but the declared ones?

    Args:
        rows: of `mege_stability`.
        parameters: `lower`, methods for which a lower score is expected; `folds`; `resamples`,
            `alpha`; `accuracy_margin`, in points; `fewest_images` that decide.

    Returns:
        A comparison per method: score of the 1-Lipschitz predictors minus that of the others.
        Bootstrap over images, all distances of an image together, both families alike; Holm over
        the methods. It holds if the interval lies on the expected side and the difference has this
        sign in at least 8 of the 10 pairs of folds. n counts the images with a distance in S=, for
        ReCo in S= and in S≠, in the family that has the fewest; below `fewest_images` the
        comparison is undecided. The verdict is `family_verdict`'s; inconclusive if the mean
        accuracies of the families, on the folds not seen, differ by more than the margin. Another
        number of folds, or a method without rows, leaves at best partly. `extra` has the interval
        over folds.

    Raises:
        ValueError: a parameter or column that is missing or unknown, or families that do not
            explain the same images.
    """
    check_parameters("family_difference", parameters, DECLARED)
    return _difference("family_difference", rows, parameters, "mege", None)


def family_difference_and_ranking(
    rows: pd.DataFrame, parameters: Mapping[str, Any]
) -> ExternalResult:
    """The same of ReCo, and which methods come first among the 1-Lipschitz networks.

    Args:
        rows: of `mege_stability`.
        parameters: as `family_difference`, and `ranking`, the methods in the expected order;
            `definition` of ReCo that decides, the other one stands in `extra`.

    Returns:
        The comparisons of `family_difference`, then one per place: the share of resamples in which
        the method takes it. A place holds at 95 % and contradicts at 5 % or less.

    Raises:
        ValueError: as `family_difference`.
    """
    needed = DECLARED | {"ranking", "definition"}
    check_parameters("family_difference_and_ranking", parameters, needed)
    statistic, other = reco_statistics(parameters["definition"])
    return _difference("family_difference_and_ranking", rows, parameters, statistic, other)


def _difference(
    name: str,
    rows: pd.DataFrame,
    parameters: Mapping[str, Any],
    statistic: str,
    other: str | None,
) -> ExternalResult:
    if rows.empty:
        return not_tested(NO_ROWS)
    groups = fold_rows(name, rows)
    same_images(name, groups)
    comparisons: list[Comparison] = []
    missing: list[str] = []
    accuracies: list[str] = []
    comparable = True
    fewest = parameters["fewest_images"]
    for families in families_of(groups):
        family, conditions, lacking = _signs(groups, families, parameters, statistic, other)
        missing += lacking
        if not family:
            continue
        comparisons += [
            only_if(item, holds)
            for item, holds in zip(
                judged(family, parameters["alpha"], fewest), conditions, strict=True
            )
        ]
        comparisons += _places(groups, families, parameters, statistic)
        pair = next(found for m in METHODS if (found := families.pair(groups, m)) is not None)
        ordinary, constrained = (100 * each.accuracy for each in pair)
        comparable &= abs(ordinary - constrained) <= parameters["accuracy_margin"]
        accuracies.append(
            f"{families.constrained} {constrained:.1f} %, {families.ordinary} {ordinary:.1f} % on "
            f"{families.images}"
        )
    if not comparisons:
        return not_tested(NO_ROWS)
    missing += other_folds(groups, parameters)
    verdict = family_verdict(comparisons, complete=not missing)
    detail = sentences(
        tally(comparisons),
        few_images(comparisons, fewest),
        f"Accuracy, mean over the folds: {'; '.join(accuracies)}.",
        "" if comparable else "Too different to compare the families.",
        f"Not computed: {named(missing)}." if missing else "",
        remarks(_sound_rows(groups, comparisons)),
    )
    return ExternalResult(
        verdict if comparable else Verdict.INCONCLUSIVE, detail, None, tuple(comparisons)
    )


def _sound_rows(groups: Groups, comparisons: Sequence[Comparison]) -> list[FoldRows]:
    """The rows of the seven methods under sound predictors of the image sets compared."""
    used = {item.keys["images"] for item in comparisons}
    return [
        group
        for group in of_the_seven(groups)
        if group.key.degradation == "none" and group.key.images in used
    ]


def _signs(
    groups: Groups,
    families: Families,
    parameters: Mapping[str, Any],
    statistic: str,
    other: str | None,
) -> tuple[list[Drawn], list[bool], list[str]]:
    """Differences per method, whether enough pairs of folds agree, and what has no rows."""
    found: list[Drawn] = []
    conditions: list[bool] = []
    missing: list[str] = []
    resamples = counted(parameters, len(METHODS))
    for method in METHODS:
        pair = families.pair(groups, method)
        if pair is None:
            missing.append(f"{families.images}, {method}")
            continue
        expected = "lower" if method in parameters["lower"] else "higher"
        agreeing, pairs = _agreeing(pair, statistic, expected)
        extra = {"share of fold pairs": Estimate(agreeing, agreeing, agreeing, pairs)}
        if other is not None:
            extra |= beside_reco(pair, other, resamples)
        keys = {"images": families.images, "families": _named(families), "method": method}
        found.append(drawn_difference(keys, pair, statistic, resamples, expected, extra))
        conditions.append(agreeing >= AGREEING)
    return found, conditions, missing


def _named(families: Families) -> str:
    return f"{families.constrained} − {families.ordinary}"


def _agreeing(pair: Sequence[FoldRows], statistic: str, expected: str) -> tuple[float, int]:
    """Share of the pairs of folds whose difference has the expected sign, and how many there are.

    A pair of folds that leaves a score undefined does not agree.
    """
    signs = []
    for folds in combinations(range(pair[0].right.shape[1]), 2):
        base, other = (each.between(*folds, statistic) for each in pair)
        signs.append(other > base if expected == "higher" else other < base)
    return float(np.mean(signs)), len(signs)


def _places(
    groups: Groups, families: Families, parameters: Mapping[str, Any], statistic: str
) -> list[Comparison]:
    """A comparison per declared place among the methods of the constrained network."""
    present = {
        method: group
        for method in METHODS
        if (group := groups.get(Key(families.images, families.constrained, "none", 0, method)))
    }
    ranking: Sequence[str] = parameters.get("ranking", ())
    if not ranking or not set(ranking) <= set(present):
        return []
    table = [group.drawn(statistic, parameters["resamples"]) for group in present.values()]
    whole = np.array([point for point, _ in table])
    scores = np.stack([draws for _, draws in table])
    # A place is taken among all of them: it rests on no more images than the one with the fewest.
    n = smaller_n(present.values(), statistic)
    return [
        _place(families, method, place, list(present), scores, whole, n, parameters)
        for place, method in enumerate(ranking)
    ]


def _place(
    families: Families,
    method: str,
    place: int,
    methods: list[str],
    scores: Floats,
    whole: Floats,
    n: int,
    parameters: Mapping[str, Any],
) -> Comparison:
    """How often a method takes a place; undecided where no resample defines its score."""
    mine, alpha = methods.index(method), parameters["alpha"]
    taken = places_taken(scores, mine)
    share = float((taken == place).mean()) if taken.size else float("nan")
    rank = float((whole > whole[mine]).sum() + 1) if np.isfinite(whole[mine]) else float("nan")
    comparison = Comparison(
        keys={
            "images": families.images,
            "families": families.constrained,
            "method": f"{method} {PLACES[place]}",
        },
        estimate=Estimate(share, share, share, n),
        base_mean=float(place + 1),
        other_mean=rank,
        p_value=float("nan"),
        p_adjusted=float("nan"),
        expected=f"at least {1 - alpha:.0%} of resamples",
        holds=share >= 1 - alpha,
        contradicts=share <= alpha,
    )
    return unless_few(comparison, parameters["fewest_images"])


# Statistic, expected side of the constrained network, and what to call it.
SEPARATION = (("auroc", "higher", "AUROC"), ("mean_equal", "lower", "mean of S="))


def better_separation(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> ExternalResult:
    """Are S= and S≠ further apart for 1-Lipschitz networks, and is the mean of S= smaller?

    Args:
        rows: of `mege_stability`.
        parameters: `bins` of the histograms on [0, 1]; `excepted`, methods that do not decide;
            `resamples`, `alpha`; `fewest_images` that decide.

    Returns:
        Two comparisons per method: AUROC of S≠ against S= (expected higher) and mean of S= (lower),
        1-Lipschitz minus ordinary. Bootstrap over images; Holm over all; undecided with fewer than
        `fewest_images` in the sets. The verdict is `family_verdict`'s of the methods that are not
        excepted. The overlap of the histograms, with the sizes of all sets, stands in `extra`: the
        smaller the sets, the less their histograms overlap by chance, so that it cannot decide
        between families whose sets differ in size.

    Raises:
        ValueError: as `family_difference`; bins other than 50.
    """
    name = "better_separation"
    needed = {"bins", "excepted", "resamples", "alpha", "fewest_images"}
    check_parameters(name, parameters, needed)
    if parameters["bins"] != 50:
        raise ValueError(f"{name}: histograms have 50 bins, got {parameters['bins']}")
    if rows.empty:
        return not_tested(NO_ROWS)
    groups = fold_rows(name, rows)
    same_images(name, groups)
    family: list[Drawn] = []
    missing: list[str] = []
    for families in families_of(groups):
        for method in METHODS:
            pair = families.pair(groups, method)
            if pair is None:
                missing.append(f"{families.images}, {method}")
                continue
            resamples = counted(parameters, len(SEPARATION) * len(METHODS))
            for statistic, expected, title in SEPARATION:
                keys = {
                    "images": families.images,
                    "families": _named(families),
                    "method": method,
                    "score": title,
                }
                extra = _beside_auroc(pair, resamples) if statistic == "auroc" else {}
                family.append(drawn_difference(keys, pair, statistic, resamples, expected, extra))
    if not family:
        return not_tested(NO_ROWS)
    fewest = parameters["fewest_images"]
    comparisons = judged(family, parameters["alpha"], fewest)
    deciding = [c for c in comparisons if c.keys["method"] not in parameters["excepted"]]
    if not deciding:
        return not_tested("no rows of a method that decides")
    excepted = ", ".join(parameters["excepted"])
    detail = sentences(
        tally(comparisons),
        few_images(comparisons, fewest),
        f"{excepted} does not decide." if excepted else "",
        f"Not computed: {named(missing)}." if missing else "",
        remarks(_sound_rows(groups, comparisons)),
    )
    return ExternalResult(family_verdict(deciding, complete=not missing), detail, None, comparisons)


def _beside_auroc(pair: Sequence[FoldRows], resamples: int) -> dict[str, Estimate]:
    """Difference of the histograms' overlap, and how many distances each histogram has."""
    return {
        "overlap of the histograms": estimated_difference(pair, "overlap", resamples),
        **sizes_of_both(pair),
    }
