"""What an external test returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import nan

from saliency_audit.ledger.statistics import Estimate
from saliency_audit.ledger.verdict import Verdict


class Scope(StrEnum):
    """What a verdict is about.

    Attributes:
        REPLICATION: the claim's own networks and data, at the settings that it rests on.
        GENERALISATION: other networks, other data, narrower copies, fewer steps.
    """

    REPLICATION = "replication"
    GENERALISATION = "generalisation"


@dataclass(frozen=True)
class Comparison:
    """One effect, judged.

    Attributes:
        keys: what was compared (model, path, score, …).
        estimate: the difference, compared minus base, with its interval and number of images.
        base: the statistic of the base: a mean, an area, a change.
        other: the same of what is compared with it.
        p_value: one-sided, for the expected side; NaN where the declared rule uses none.
        p_adjusted: after Holm's correction; NaN where the rule does not correct.
        expected: "higher", "lower" or another limit in words.
        holds: whether the declared rule is met.
        contradicts: whether the data speak for the opposite. What does neither is undecided.
        extra: further estimates that are reported and not decisive.
        decides: whether the verdict rests on it.
        p_opposite: the corrected one-sided p for the opposite side; a contradiction needs it.
    """

    keys: Mapping[str, str]
    estimate: Estimate
    base: float
    other: float
    p_value: float
    p_adjusted: float
    expected: str
    holds: bool
    contradicts: bool = False
    extra: Mapping[str, Estimate] = field(default_factory=dict)
    decides: bool = True
    p_opposite: float = nan

    @property
    def label(self) -> str:
        """The keys in one line."""
        return ", ".join(self.keys.values())

    @property
    def undecided(self) -> bool:
        """Neither holds nor contradicts: noise, or too few images."""
        return not self.holds and not self.contradicts


@dataclass(frozen=True)
class Headline(Estimate):
    """The estimate to show first.

    Attributes:
        quantity: what it is, in words.
        unit: what n counts.
    """

    quantity: str = ""
    unit: str = "images"

    @classmethod
    def of(
        cls, estimate: Estimate | None, quantity: str, unit: str = "images"
    ) -> "Headline | None":
        """An estimate with what it is and what its n counts; None without an estimate."""
        if estimate is None:
            return None
        return cls(estimate.value, estimate.low, estimate.high, estimate.n, quantity, unit)


@dataclass(frozen=True)
class ExternalResult:
    """Outcome of an external test: verdict, headline estimate and the comparisons behind it."""

    verdict: Verdict
    detail: str
    headline: Headline | None = None
    comparisons: tuple[Comparison, ...] = ()

    @property
    def tested(self) -> bool:
        """Whether there was anything to decide from."""
        return self.verdict is not Verdict.NOT_TESTED


@dataclass(frozen=True)
class ScopedResult:
    """Both outcomes of a claim's test on the same rows.

    Where one result is asked for, it is the replication if that was tested, else the
    generalisation; `comparisons` are those of both.
    """

    replication: ExternalResult
    generalisation: ExternalResult

    def of(self, scope: Scope) -> ExternalResult:
        """The outcome of one scope."""
        return self.replication if scope is Scope.REPLICATION else self.generalisation

    @property
    def scope(self) -> Scope:
        """Which of the two `main` is."""
        only_other = self.generalisation.tested and not self.replication.tested
        return Scope.GENERALISATION if only_other else Scope.REPLICATION

    @property
    def main(self) -> ExternalResult:
        """The replication if that was tested, else the generalisation."""
        return self.of(self.scope)

    @property
    def beside(self) -> ExternalResult | None:
        """The generalisation, where both were tested."""
        both = self.replication.tested and self.generalisation.tested
        return self.generalisation if both else None

    @property
    def verdict(self) -> Verdict:
        """Of `main`."""
        return self.main.verdict

    @property
    def detail(self) -> str:
        """Of `main`."""
        return self.main.detail

    @property
    def headline(self) -> Headline | None:
        """Of `main`."""
        return self.main.headline

    @property
    def tested(self) -> bool:
        """Whether either was tested."""
        return self.main.tested

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """Of both, the replication's first."""
        return (*self.replication.comparisons, *self.generalisation.comparisons)


# What is shown of one scope or of both.
Outcome = ExternalResult | ScopedResult


def not_tested(reason: str) -> ExternalResult:
    """The result where there is nothing to decide from."""
    return ExternalResult(Verdict.NOT_TESTED, reason)
