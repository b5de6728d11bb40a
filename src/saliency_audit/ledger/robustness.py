"""How robust a verdict is: the claim's own test under every setting that text and code leave open.

The specification curve of a claim is the list of its settings with what the test says under each.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import pandas as pd

from saliency_audit.ledger.choices import Setting, settings_of
from saliency_audit.ledger.evaluation import evaluate, experiment_rows
from saliency_audit.ledger.external import ExternalResult, Scope, ScopedResult
from saliency_audit.ledger.released import findings_of
from saliency_audit.ledger.schema import Claim, LedgerError
from saliency_audit.ledger.verdict import Verdict
from saliency_audit.parameters import PROFILES
from saliency_audit.reach import strings_in

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

    Attributes:
        profile: of the rows.
        scope: of the outcomes.
        outcomes: of the settings that have rows.
        without_rows: how many other settings there are.
    """

    profile: str
    scope: Scope
    outcomes: tuple[SettingOutcome, ...]
    without_rows: int = 0

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

    def moved_by(self, place: int) -> tuple[int, int]:
        """Pairs of settings that differ in one choice only: with two verdicts, and all.

        Args:
            place: of the choice among those of the settings.
        """
        verdicts = {item.setting.key: item.result.verdict for item in self.outcomes}
        pairs = [
            (item.result.verdict, verdicts[other])
            for item in self.outcomes
            for first, second in combinations(item.setting.choices[place].options, 2)
            if item.setting.options[place] == first
            and (other := item.setting.but(place, second).key) in verdicts
        ]
        return sum(one is not another for one, another in pairs), len(pairs)

    def matters(self, finding: str) -> bool:
        """Whether the main setting's verdict changes by two steps with what a finding says.

        That is, with the option that follows the finding in place of the main one, from
        *reproduced* to *inconclusive* or from *partly* to *not reproduced*, say.

        Args:
            finding: the id of one on released code.
        """
        main = self.main
        if main is None:
            return False
        verdicts = {item.setting.key: item.result.verdict for item in self.outcomes}
        others = [
            verdicts[other]
            for place, choice in enumerate(main.setting.choices)
            for option in choice.options
            if finding in option.findings
            and (other := main.setting.but(place, option).key) in verdicts
        ]
        step = ORDER.index(main.result.verdict)
        return any(abs(ORDER.index(verdict) - step) > 1 for verdict in others)


def _height(outcome: SettingOutcome) -> float:
    headline = outcome.result.headline
    return headline.value if headline else float("inf")


def strongest_curves(
    claim: Claim, external: Mapping[str, ScopedResult] | None = None
) -> list[SpecificationCurve]:
    """The curves of the largest profile that has rows of the claim's settings.

    Args:
        claim: with or without settings.
        external: the outcome of its declared test by profile, if known.
    """
    for profile in reversed(PROFILES):
        if curves := specification_curves(claim, profile, (external or {}).get(profile)):
            return curves
    return []


def specification_curves(
    claim: Claim, profile: str, declared: ScopedResult | None = None
) -> list[SpecificationCurve]:
    """The curves of a claim from the recorded rows of a profile: of each scope that was tested.

    Empty if the claim declares no settings, or if no row of them is recorded.
    """
    spec = claim.external.settings
    rows = "" if spec is None else experiment_rows(spec.experiment, profile)
    return [] if isinstance(rows, str) else curves_of(claim, rows, profile, declared)


def curves_of(
    claim: Claim, rows: pd.DataFrame, profile: str, declared: ScopedResult | None = None
) -> list[SpecificationCurve]:
    """The curves of a claim on given rows: of each scope that was tested.

    All settings are tested on the networks that every setting has: a choice whose rows are of fewer
    networks would else seem to matter because of these.

    Args:
        claim: one that declares settings.
        rows: of the settings' experiment.
        profile: of the rows.
        declared: the outcome of the declared test on these rows, if known: one of the settings may
            be the declared one, and tests take a while.
    """
    spec = claim.external.settings
    assert spec is not None, "the claim declares settings"
    _refuse_unknown_findings(claim)
    settings = list(settings_of(spec))
    rows_of = {setting.key: setting.rows_of(rows) for setting in settings}
    asked = frozenset(strings_in({**claim.external.parameters, **spec.parameters}))
    common = _common_networks([part for part in rows_of.values() if len(part)], asked)
    found: dict[Scope, list[SettingOutcome]] = {scope: [] for scope in Scope}
    for setting in settings:
        chosen = rows_of[setting.key]
        if common is not None:
            chosen = chosen[chosen["model"].isin(common)]
        if chosen.empty:
            continue
        parameters = setting.parameters({**claim.external.parameters, **spec.parameters})
        is_declared = setting.is_main and _is_declared(claim, parameters)
        known = declared if is_declared and len(chosen) == len(rows_of[setting.key]) else None
        both = known or evaluate(claim, chosen, profile, **parameters)
        for scope, outcomes in found.items():
            if both.of(scope).tested:
                outcomes.append(SettingOutcome(setting, both.of(scope)))
    return [
        SpecificationCurve(profile, scope, tuple(outcomes), len(settings) - len(outcomes))
        for scope, outcomes in found.items()
        if outcomes
    ]


def _is_declared(claim: Claim, parameters: Mapping[str, Any]) -> bool:
    """Whether the main setting, with these parameters, is the claim's declared test."""
    spec = claim.external.settings
    assert spec is not None
    return spec.experiment == claim.external.experiment and parameters == claim.external.parameters


def _refuse_unknown_findings(claim: Claim) -> None:
    """Refuse an option that follows a finding which the claim does not have.

    Raises:
        LedgerError: names the claim, the finding and those that the claim has.
    """
    known = [finding.id for finding in findings_of(claim.id, claim.paper)]
    assert claim.external.settings is not None
    for choice in claim.external.settings.choices:
        for name in (name for option in choice.options for name in option.findings):
            if name not in known:
                raise LedgerError(
                    f"data/claims/{claim.paper}.yml: claim {claim.id}: field external.settings: "
                    f"unknown finding {name!r}; those of this claim: {', '.join(known)}"
                )


def _common_networks(parts: Sequence[pd.DataFrame], asked: Collection[str]) -> set[str] | None:
    """The networks of all parts that have rows of the same methods in each; None without any.

    Of methods only those count that the test asks about, if it names any.
    """
    if not parts or any("model" not in part for part in parts):
        return None
    found = [
        {
            (str(model), _asked(rows.get("method", ()), asked))
            for model, rows in part.groupby("model", sort=False, observed=True)
        }
        for part in parts
    ]
    return {model for model, _ in set.intersection(*found)}


def _asked(methods: Iterable[str], asked: Collection[str]) -> frozenset[str]:
    present = frozenset(methods)
    # A path that is asked about is asked about with each rule.
    return frozenset(name for name in present if name.partition("+")[0] in asked) or present


def share(curve: SpecificationCurve) -> str:
    """`holds in 14 of 16 settings, contradicted in 1`: in words."""
    counts = curve.counts
    told = [
        f"{words} in {counts[verdict]}"
        for verdict, words in (
            (Verdict.PARTLY, "in part"),
            (Verdict.NOT_REPRODUCED, "contradicted"),
            (Verdict.INCONCLUSIVE, "undecided"),
        )
        if counts[verdict]
    ]
    if curve.without_rows:
        told.append(f"{curve.without_rows} without rows")
    return ", ".join([f"holds in {counts[Verdict.REPRODUCED]} of {counts.total()} settings", *told])
