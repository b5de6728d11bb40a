"""What an external test returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from saliency_audit.ledger.statistics import Estimate
from saliency_audit.ledger.verdict import Verdict


@dataclass(frozen=True)
class Comparison:
    """One comparison of a family.

    Attributes:
        keys: what was compared (model, path, score, …).
        estimate: the difference, compared minus base, with its interval and number of images.
        base_mean: the statistic of the base: a mean, an area, a change.
        other_mean: the same of what is compared with it.
        p_value: one-sided; NaN where the declared rule uses none.
        p_adjusted: after Holm's correction; NaN where the rule does not correct.
        expected: "higher", "lower" or another limit in words.
        holds: whether the declared rule is met.
        contradicts: whether the data speak for the opposite. What does neither is undecided.
        extra: further estimates that are reported and not decisive.
    """

    keys: Mapping[str, str]
    estimate: Estimate
    base_mean: float
    other_mean: float
    p_value: float
    p_adjusted: float
    expected: str
    holds: bool
    contradicts: bool = False
    extra: Mapping[str, Estimate] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The keys in one line."""
        return ", ".join(self.keys.values())

    @property
    def undecided(self) -> bool:
        """Neither holds nor contradicts: noise, or too few images."""
        return not self.holds and not self.contradicts


@dataclass(frozen=True)
class ExternalResult:
    """Outcome of an external test: verdict, headline estimate and the comparisons behind it."""

    verdict: Verdict
    detail: str
    headline: Estimate | None = None
    comparisons: tuple[Comparison, ...] = ()


def not_tested(reason: str) -> ExternalResult:
    """The result where there is nothing to decide from."""
    return ExternalResult(Verdict.NOT_TESTED, reason)
