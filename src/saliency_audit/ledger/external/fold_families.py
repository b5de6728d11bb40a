"""What tests on resampled fold statistics share: comparisons of draws, Holm, and the verdict."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from saliency_audit.ledger.external.fold_rows import FoldRows
from saliency_audit.ledger.external.result import Comparison
from saliency_audit.ledger.external.rule import judge
from saliency_audit.ledger.resampling import Floats, bootstrap_p, estimate_from
from saliency_audit.ledger.statistics import Estimate, holm, jackknife


@dataclass(frozen=True)
class Drawn:
    """A number that is asked to lie on one side of zero, with its resamples.

    Attributes:
        keys: what it is about.
        point: its value on the images themselves; NaN where it is undefined.
        draws: `(R,)` its value on the resamples.
        n: images.
        base: what it is compared with, on the images themselves.
        other: what is compared.
        expected: "higher" or "lower".
        extra: reported, not decisive.
    """

    keys: Mapping[str, str]
    point: float
    draws: Floats
    n: int
    base: float
    other: float
    expected: str
    extra: Mapping[str, Estimate] = field(default_factory=dict)

    @property
    def p_value(self) -> float:
        """One-sided bootstrap p; 1 where the number is undefined."""
        draws = self.draws[np.isfinite(self.draws)]
        if not len(draws) or not np.isfinite(self.point):
            return 1.0
        return bootstrap_p(draws, "greater" if self.expected == "higher" else "less")


def estimate_of(point: float, draws: Floats, n: int) -> Estimate:
    """A number with its interval, from the resamples that define it; NaN where none does."""
    finite = draws[np.isfinite(draws)]
    if not len(finite) or not np.isfinite(point):
        return Estimate(float("nan"), float("nan"), float("nan"), n)
    return estimate_from(point, finite, n)


def judged(family: Sequence[Drawn], alpha: float, fewest: int) -> tuple[Comparison, ...]:
    """Comparisons of one family: Holm over the family, interval on the expected side of zero.

    An undefined number, or one of fewer than `fewest` images, neither holds nor contradicts.
    """
    p_values = [item.p_value for item in family]
    return tuple(
        unless_few(_comparison(item, p_value, adjusted, alpha), fewest)
        for item, p_value, adjusted in zip(family, p_values, holm(p_values), strict=True)
    )


def _comparison(item: Drawn, p_value: float, adjusted: float, alpha: float) -> Comparison:
    estimate = estimate_of(item.point, item.draws, item.n)
    holds, contradicts = judge(estimate, item.expected, significant=adjusted < alpha)
    return Comparison(
        keys=item.keys,
        estimate=estimate,
        base_mean=item.base,
        other_mean=item.other,
        p_value=p_value,
        p_adjusted=adjusted,
        expected=item.expected,
        holds=holds,
        contradicts=contradicts,
        extra=item.extra,
    )


def unless_few(item: Comparison, fewest: int) -> Comparison:
    """The comparison, undecided if it rests on fewer images."""
    return item if item.estimate.n >= fewest else replace(item, holds=False, contradicts=False)


def few_images(comparisons: Sequence[Comparison], fewest: int) -> str:
    """A sentence on how many comparisons rest on too few images to be decided."""
    few = sum(item.estimate.n < fewest for item in comparisons)
    return f"{few} rest on fewer than {fewest} images and are undecided." if few else ""


def difference_of(pair: Sequence[FoldRows], statistic: str, resamples: int) -> tuple[float, Floats]:
    """Second minus first: on the images themselves, and on resamples of them."""
    (base, base_draws), (other, other_draws) = (each.drawn(statistic, resamples) for each in pair)
    return other - base, other_draws - base_draws


def drawn_difference(
    keys: Mapping[str, str],
    pair: Sequence[FoldRows],
    statistic: str,
    resamples: int,
    expected: str,
    extra: Mapping[str, Estimate] | None = None,
) -> Drawn:
    """The difference of a statistic between two rows of the same images, second minus first.

    n is the smaller of the numbers of images that they rest on. In `extra` stands its interval over
    the folds.
    """
    point, draws = difference_of(pair, statistic, resamples)
    return Drawn(
        keys=keys,
        point=point,
        draws=draws,
        n=smaller_n(pair, statistic),
        base=pair[0].value(statistic),
        other=pair[1].value(statistic),
        expected=expected,
        extra={"over folds": difference_over_folds(pair, statistic), **(extra or {})},
    )


def difference_over_folds(pair: Sequence[FoldRows], statistic: str) -> Estimate:
    """Second minus first with its jackknife interval over the folds, the same for both."""
    base, other = pair
    return jackknife(
        other.value(statistic) - base.value(statistic),
        other.without_fold(statistic) - base.without_fold(statistic),
    )


def smaller_n(groups: Iterable[FoldRows], statistic: str) -> int:
    """The smallest number of images that a score of one of them rests on."""
    return min(group.n(statistic) for group in groups)


def beside_reco(pair: Sequence[FoldRows], other: str, resamples: int) -> dict[str, Estimate]:
    """What stands beside a difference of ReCo: the `other` definition, AUROC, and both sizes.

    The maximum in ReCo lies above 0 by chance, and the more so the fewer distances there are; the
    AUROC of S≠ against S= is ½ by chance whatever their number.
    """
    return {
        "other definition": estimated_difference(pair, other, resamples),
        "AUROC": estimated_difference(pair, "auroc", resamples),
        **sizes_of_both(pair),
    }


def estimated_difference(pair: Sequence[FoldRows], statistic: str, resamples: int) -> Estimate:
    """The difference of a statistic, second minus first, with its bootstrap interval."""
    return estimate_of(*difference_of(pair, statistic, resamples), smaller_n(pair, statistic))


def sizes_of_both(pair: Sequence[FoldRows]) -> dict[str, Estimate]:
    """|S=| and |S≠| of the first and of the second."""
    return {**sizes_of(pair[0], "first"), **sizes_of(pair[1], "second")}


def sizes_of(group: FoldRows, name: str = "") -> dict[str, Estimate]:
    """|S=| and |S≠|, which stand beside every ReCo."""
    sizes = (("=", group.sets.equal.size), ("≠", group.sets.different.size))
    after = f", {name}" if name else ""
    n = len(group.image)
    return {f"|S{sign}|{after}": Estimate(size, size, size, n) for sign, size in sizes}


def reco_statistics(definition: str) -> tuple[str, str]:
    """Names of the statistics of ReCo: in the definition that decides, and in the other one.

    Raises:
        ValueError: unknown definition.
    """
    names = {"balanced": ("reco", "reco_printed"), "printed": ("reco_printed", "reco")}
    if definition not in names:
        raise ValueError(f"definition must be 'printed' or 'balanced', got {definition!r}")
    return names[definition]


def places_taken(draws: Floats, method: int) -> NDArray[np.int64]:
    """How many methods are better than one, in every resample that defines its score.

    Args:
        draws: `(methods, R)`; where another method's score is undefined, that method comes last.
        method: which one.
    """
    scores = np.nan_to_num(draws[:, np.isfinite(draws[method])], nan=-np.inf)
    return np.asarray((scores > scores[method]).sum(axis=0))


def only_if(item: Comparison, condition: bool) -> Comparison:
    """The comparison, which holds under one more condition."""
    return replace(item, holds=item.holds and condition)
