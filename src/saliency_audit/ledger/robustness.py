"""How robust a verdict is: the claim's own test under every setting that text and code leave open.

The specification curve of a claim is the list of its settings with what the test says under each.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from saliency_audit.ledger.choices import Choice, Option, Setting, settings_of
from saliency_audit.ledger.evaluation import evaluate, experiment_rows
from saliency_audit.ledger.external import ExternalResult, Scope
from saliency_audit.ledger.schema import Claim
from saliency_audit.ledger.verdict import Verdict
from saliency_audit.parameters import PROFILES

# From best to worst for the claim; neighbours may differ by one comparison of many.
ORDER = (Verdict.REPRODUCED, Verdict.PARTLY, Verdict.INCONCLUSIVE, Verdict.NOT_REPRODUCED)


@dataclass(frozen=True)
class SettingOutcome:
    """What the claim's test says under one setting, in one scope."""

    setting: Setting
    result: ExternalResult


@dataclass(frozen=True)
class SpecificationCurve:
    """A claim's outcomes under all settings, of one profile and scope; the main setting first.

    A setting without rows is not among them.
    """

    profile: str
    scope: Scope
    outcomes: tuple[SettingOutcome, ...]

    @property
    def counts(self) -> Counter[Verdict]:
        """Settings by verdict."""
        return Counter(outcome.result.verdict for outcome in self.outcomes)

    @property
    def main(self) -> SettingOutcome | None:
        """The outcome of the main setting; None without rows of it."""
        return next((item for item in self.outcomes if item.setting.is_main), None)

    @property
    def sorted(self) -> tuple[SettingOutcome, ...]:
        """The outcomes by their headline's estimate, those without one last."""
        return tuple(sorted(self.outcomes, key=_height))

    def moved_by(self, choice: Choice) -> tuple[int, int]:
        """Pairs of settings that differ in one choice only: with two verdicts, and all."""
        pairs = [
            pair
            for first, second in pairwise(choice.options)
            for pair in self._pairs(first, second)
        ]
        return sum(one is not another for one, another in pairs), len(pairs)

    def matters(self, finding: str) -> bool:
        """Whether a verdict changes by two steps with what a finding on released code says.

        That is, in two settings that differ in this option only, from *reproduced* to
        *inconclusive* or from *partly* to *not reproduced*, say; a single step does not count.
        """
        choices = self.outcomes[0].setting.choices if self.outcomes else ()
        return any(
            abs(ORDER.index(one) - ORDER.index(another)) > 1
            for choice in choices
            for option in choice.options
            if finding in option.findings and option != choice.main
            for one, another in self._pairs(choice.main, option)
        )

    def _pairs(self, first: Option, second: Option) -> Iterator[tuple[Verdict, Verdict]]:
        """The verdicts of every two settings that differ in these options of one choice."""
        found = {item.setting.key: item.result.verdict for item in self.outcomes}
        for item in self.outcomes:
            other = item.setting.but(second).key
            if first in item.setting.options and other in found:
                yield found[item.setting.key], found[other]


def _height(outcome: SettingOutcome) -> float:
    headline = outcome.result.headline
    return headline.value if headline else float("inf")


def strongest_curves(claim: Claim) -> list[SpecificationCurve]:
    """The curves of the largest profile that has rows of the claim's settings."""
    for profile in reversed(PROFILES):
        if curves := specification_curves(claim, profile):
            return curves
    return []


def specification_curves(claim: Claim, profile: str) -> list[SpecificationCurve]:
    """The curves of a claim from the recorded rows of a profile: of each scope that was tested.

    Empty if the claim declares no settings, or if no row of them is recorded.
    """
    spec = claim.external.settings
    rows = "" if spec is None else experiment_rows(spec.experiment, profile)
    return [] if isinstance(rows, str) else curves_of(claim, rows, profile)


def curves_of(claim: Claim, rows: pd.DataFrame, profile: str) -> list[SpecificationCurve]:
    """The curves of a claim on given rows: of each scope that was tested.

    Args:
        claim: one that declares settings.
        rows: of the settings' experiment.
        profile: of the rows.
    """
    spec = claim.external.settings
    assert spec is not None, "the claim declares settings"
    found: dict[Scope, list[SettingOutcome]] = {scope: [] for scope in Scope}
    for setting in settings_of(spec):
        chosen = setting.rows_of(rows)
        if chosen.empty:
            continue
        declared = {**claim.external.parameters, **spec.parameters}
        both = evaluate(claim, chosen, profile, **setting.parameters(declared))
        for scope, outcomes in found.items():
            if both.of(scope).tested:
                outcomes.append(SettingOutcome(setting, both.of(scope)))
    return [
        SpecificationCurve(profile, scope, tuple(outcomes))
        for scope, outcomes in found.items()
        if outcomes
    ]


def share(curves: Sequence[SpecificationCurve]) -> str:
    """`holds in 14 of 16 settings, contradicts in 1`: in words, of one curve or several."""
    counts: Counter[Verdict] = sum((curve.counts for curve in curves), Counter())
    told = [
        f"{words} in {counts[verdict]}"
        for verdict, words in (
            (Verdict.PARTLY, "in part"),
            (Verdict.NOT_REPRODUCED, "contradicted"),
            (Verdict.INCONCLUSIVE, "undecided"),
        )
        if counts[verdict]
    ]
    return ", ".join([f"holds in {counts[Verdict.REPRODUCED]} of {counts.total()} settings", *told])
