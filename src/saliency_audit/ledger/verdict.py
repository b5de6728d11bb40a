"""The words of the audit: checks, errata, and how checks become a verdict."""

import re
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

    A `decisive` check is the claim itself, not one instance of it: if it fails, the claim fails.
    A check that is not `deciding` is shown but does not count: it says something worth knowing
    about the printed material that the claim does not state.
    """

    name: str
    holds: bool
    expected: str
    found: str
    decisive: bool = False
    deciding: bool = True


@dataclass(frozen=True)
class Erratum:
    """Something a paper prints that its own numbers or algebra contradict.

    Text in “quotation marks” in `printed` is quoted word for word; without them it is our
    paraphrase. `read` marks an erratum found by reading alone; the others appear only if a
    computation finds the contradiction.
    """

    location: str
    printed: str
    problem: str
    read: bool = False

    @property
    def quoted(self) -> bool:
        """Whether `printed` quotes the paper, and does not only paraphrase it."""
        return bool(quotations(self.printed))


def quotations(text: str) -> list[str]:
    """The passages of a text in “quotation marks”."""
    return re.findall("“([^”]*)”", text)


def erratum_if(found: bool, location: str, printed: str, problem: str) -> tuple[Erratum, ...]:
    """One erratum if the computation found the contradiction, else none."""
    return (Erratum(location, printed, problem),) if found else ()


@dataclass(frozen=True)
class InternalAudit:
    """What a claim's internal test found.

    `undecidable` is the reason why the printed material cannot establish the claim. It only rules
    out `reproduced`: what fails still fails.
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
    def deciding(self) -> tuple[Check, ...]:
        """The checks that the verdict rests on."""
        return tuple(check for check in self.checks if check.deciding)

    @property
    def verdict(self) -> Verdict:
        """The verdict that the deciding checks lead to."""
        verdict = decide(self.deciding)
        if self.undecidable and verdict is Verdict.REPRODUCED:
            return Verdict.INCONCLUSIVE
        return verdict


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
