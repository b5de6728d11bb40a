"""One number that a claim says something about, and the one rule that judges it.

A test of ours measures effects: differences of means, slopes, areas, shares. The claim says where
each must lie, above 0, say. Whether it does is decided here, for every test alike.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isfinite, nan
from typing import Any, Protocol, TypeVar

import numpy as np

from saliency_audit.ledger.external.result import Comparison
from saliency_audit.ledger.resampling import Floats, bootstrap_p
from saliency_audit.ledger.statistics import Estimate, holm

ALPHA = 0.05
# The interval of a single image is a point, which proves nothing.
LEAST = 2


@dataclass(frozen=True)
class Expected:
    """Where a claim says that a number lies.

    Attributes:
        text: the same in words.
        above: lower end of the region.
        below: upper end.
        closed: whether the ends belong to it. An interval that touches 0 does not show that a
            difference is above 0; a count that equals the stated one does equal it.
    """

    text: str
    above: float = -inf
    below: float = inf
    closed: bool = False

    def holds(self, estimate: Estimate) -> bool:
        """Whether the whole interval lies in the region."""
        if self.closed:
            return estimate.low >= self.above and estimate.high <= self.below
        return estimate.low > self.above and estimate.high < self.below

    def contradicts(self, estimate: Estimate) -> bool:
        """Whether the whole interval lies outside, on one side."""
        return estimate.high < self.above or estimate.low > self.below


HIGHER = Expected("higher", above=0.0)
LOWER = Expected("lower", below=0.0)
SIDES = {"higher": HIGHER, "lower": LOWER}


def within(margin: float) -> Expected:
    """Equal to within a margin."""
    return Expected(f"within ±{margin}", -margin, margin, closed=True)


def at_least(limit: float) -> Expected:
    """Not below a limit."""
    return Expected(f"at least {limit:g}", above=limit, closed=True)


def at_most(limit: float) -> Expected:
    """Not above a limit."""
    return Expected(f"at most {limit:g}", below=limit, closed=True)


@dataclass(frozen=True)
class PValues:
    """One-sided p values of an effect.

    Attributes:
        expected: for the region that the claim states.
        opposite: for what lies outside it.
    """

    expected: float
    opposite: float


UNDEFINED = PValues(1.0, 1.0)


def one_sided(
    values: Floats, expected: Expected, p_value: Callable[[Floats, str], float]
) -> PValues:
    """p values for the inside and the outside of a region, each against its ends.

    Args:
        values: differences or resamples of a number.
        expected: the region.
        p_value: one-sided, of values that are "greater" or "less" than 0.
    """
    above, below = expected.above, expected.below
    inside, outside = [], []
    if isfinite(above):
        inside.append(p_value(values - above, "greater"))
        outside.append(p_value(values - above, "less"))
    if isfinite(below):
        inside.append(p_value(values - below, "less"))
        outside.append(p_value(values - below, "greater"))
    return PValues(max(inside), min(outside))


def bootstrap_ps(draws: Floats, expected: Expected) -> PValues:
    """Bootstrap p values of the resamples `(R,)` of a number; 1 where none is defined."""
    known = draws[np.isfinite(draws)]
    return one_sided(known, expected, bootstrap_p) if len(known) else UNDEFINED


@dataclass(frozen=True)
class Effect:
    """A number with its interval, before it is judged.

    Attributes:
        keys: what it is about (model, path, score, …).
        estimate: the number, compared minus base where it is a difference; NaN where undefined.
        expected: where the claim says that it lies.
        base: the statistic of the base: a mean, an area, a change.
        other: the same of what is compared with it.
        p: p values for Holm's correction; None where the interval decides alone.
        sampled: whether the number comes from a sample; what was computed exactly, as a count of
            passes, may have n = 1.
        may_hold: whether the further conditions of the declared rule are met.
        also: further effects, all of which must hold too; one that contradicts contradicts.
        levels: the same number with its interval over further units, predictors say: it holds, or
            contradicts, only if every one of these intervals says so too.
        extra: further estimates that are reported and do not decide.
        decides: whether the verdict rests on it.
    """

    keys: Mapping[str, str]
    estimate: Estimate
    expected: Expected
    base: float = nan
    other: float = nan
    p: PValues | None = None
    sampled: bool = True
    may_hold: bool = True
    also: tuple["Effect", ...] = ()
    levels: tuple[Estimate, ...] = ()
    extra: Mapping[str, Estimate] = field(default_factory=dict)
    decides: bool = True

    @classmethod
    def exact(
        cls, keys: Mapping[str, str], value: float, n: int, expected: Expected, **more: Any
    ) -> "Effect":
        """A number that was computed and not sampled, from n points; `more` are attributes."""
        return cls(keys, Estimate.exact(value, n), expected, sampled=False, **more)

    @property
    def label(self) -> str:
        """The keys in one line."""
        return ", ".join(self.keys.values())


def judge(
    effects: Sequence[Effect], alpha: float = ALPHA, fewest: int = LEAST
) -> tuple[Comparison, ...]:
    """Every effect of one family judged: it holds, contradicts the claim, or stays undecided.

    It holds if its 95 % interval lies wholly in the expected region, and contradicts if the
    interval lies wholly outside; of an effect with further units, all its intervals. Where there
    are p values both need one more thing: that of the side in question passes Holm's correction
    over the family, each side corrected apart. An effect of fewer than `fewest` images, or an
    undefined one, is undecided.

    Args:
        effects: of one family, the scope of Holm's correction.
        alpha: level of the corrected p values.
        fewest: images (or other units of n) that an effect must rest on to be decided.

    Returns:
        In the order of the effects.
    """
    ps = [effect.p for effect in effects if effect.p]
    adjusted = map(PValues, holm([p.expected for p in ps]), holm([p.opposite for p in ps]))
    return tuple(
        _judged(effect, next(adjusted) if effect.p else None, alpha, fewest) for effect in effects
    )


def judged(
    effects: Sequence[Effect], parameters: Mapping[str, Any], apart: Sequence[str] = ()
) -> list[Comparison]:
    """`judge` by the declared `alpha` and `images_per_comparison`, family by family.

    Args:
        effects: of all families.
        parameters: of the test.
        apart: keys whose values tell the families apart; all are one family without any.

    Returns:
        In the order of the effects.
    """
    families: dict[tuple[str | None, ...], list[int]] = {}
    for place, effect in enumerate(effects):
        families.setdefault(tuple(effect.keys.get(key) for key in apart), []).append(place)
    alpha = parameters.get("alpha", ALPHA)
    fewest = parameters.get("images_per_comparison", LEAST)
    found: dict[int, Comparison] = {}
    for places in families.values():
        family = [effects[place] for place in places]
        found |= zip(places, judge(family, alpha, fewest), strict=True)
    return [found[place] for place in range(len(effects))]


def _judged(effect: Effect, adjusted: PValues | None, alpha: float, fewest: int) -> Comparison:
    further = [_judged(each, None, alpha, fewest) for each in effect.also]
    enough = effect.estimate.n >= max(fewest, LEAST) or not effect.sampled
    intervals = (effect.estimate, *effect.levels)
    holds = all(effect.expected.holds(each) for each in intervals)
    against = all(effect.expected.contradicts(each) for each in intervals)
    if adjusted is not None:
        holds &= adjusted.expected < alpha
        against &= adjusted.opposite < alpha
    against |= any(each.contradicts for each in further)
    holds &= effect.may_hold and all(each.holds for each in further)
    return Comparison(
        keys=effect.keys,
        estimate=effect.estimate,
        base=effect.base,
        other=effect.other,
        p_value=effect.p.expected if effect.p else nan,
        p_adjusted=adjusted.expected if adjusted else nan,
        expected=effect.expected.text,
        holds=enough and holds,
        contradicts=enough and against and not holds,
        extra=effect.extra,
        decides=effect.decides,
        p_opposite=adjusted.opposite if adjusted else nan,
    )


class _Expecting(Protocol):
    @property
    def expected(self) -> Expected: ...


Item = TypeVar("Item", bound=_Expecting)


def due_gains(items: Sequence[Item]) -> tuple[list[Item], str]:
    """What a headline averages: the items where a gain is expected, all where none is.

    Where it expects a loss, a gain is no evidence for it: the two must not be averaged.

    Returns:
        The items, and words for what was left out.
    """
    gains = [item for item in items if item.expected is HIGHER]
    if not gains or len(gains) == len(items):
        return list(items), ""
    return gains, ", declared exceptions left out"
