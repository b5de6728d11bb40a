"""The words of the audit: checks, errata, and how checks become a verdict."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """The five outcomes an audit can have."""

    REPRODUCED = "reproduced"
    PARTLY = "partly"
    NOT_REPRODUCED = "not reproduced"
    INCONCLUSIVE = "inconclusive"
    NOT_TESTED = "not tested"


@dataclass(frozen=True)
class Check:
    """One elementary statement of a claim, with what was expected and what was found.

    A `decisive` check is the claim itself, not one instance of it: if it fails the claim fails.
    """

    name: str
    holds: bool
    expected: str
    found: str
    decisive: bool = False


@dataclass(frozen=True)
class Erratum:
    """Something a paper prints that its own numbers or algebra contradict."""

    location: str
    printed: str
    problem: str


@dataclass(frozen=True)
class InternalAudit:
    """What a claim's internal test found.

    `undecidable` is the reason why the printed material cannot settle the claim either way; the
    verdict is then `inconclusive` whatever the checks say.
    """

    checks: tuple[Check, ...]
    detail: str
    errata: tuple[Erratum, ...] = field(default=())
    undecidable: str | None = None

    @property
    def exceptions(self) -> tuple[Check, ...]:
        """The checks that fail."""
        return tuple(check for check in self.checks if not check.holds)

    @property
    def verdict(self) -> Verdict:
        """The verdict that the checks lead to."""
        return Verdict.INCONCLUSIVE if self.undecidable else decide(self.checks)


def decide(checks: Sequence[Check]) -> Verdict:
    """Turn checks into a verdict by one rule for every claim.

    All hold: reproduced. A decisive one fails, or fewer than half hold: not reproduced.
    Otherwise: partly. No check at all: inconclusive.
    """
    if not checks:
        return Verdict.INCONCLUSIVE
    if all(check.holds for check in checks):
        return Verdict.REPRODUCED
    if any(check.decisive and not check.holds for check in checks):
        return Verdict.NOT_REPRODUCED
    if 2 * sum(check.holds for check in checks) < len(checks):
        return Verdict.NOT_REPRODUCED
    return Verdict.PARTLY
