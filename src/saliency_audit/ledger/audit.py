"""One claim audited: its entry, the internal verdict and the external verdict at every profile."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from saliency_audit.errors import AuditError
from saliency_audit.ledger import cache as audit_cache
from saliency_audit.ledger.errata import read_errata
from saliency_audit.ledger.external import (
    TESTS,
    ExternalResult,
    Scope,
    ScopedResult,
    not_tested,
)
from saliency_audit.ledger.external.ending import sentences
from saliency_audit.ledger.external.scope import described, is_named, own_rows, wanted
from saliency_audit.ledger.internal import run_internal_test
from saliency_audit.ledger.released import findings_of, released_verdict
from saliency_audit.ledger.schema import Claim, ReplicationSpec, load_claims
from saliency_audit.ledger.verdict import InternalAudit, Verdict
from saliency_audit.parameters import PROFILES
from saliency_audit.processes import in_processes
from saliency_audit.study import Experiment, Task, get_experiment, recorded_store
from saliency_audit.study.store import ABSENT

# The tasks of every setting of a profile, and why the rows of some cannot be used.
Settings = dict[str, tuple[list[Task], dict[str, str]]]


class UnknownClaimError(AuditError, KeyError):
    """A claim id that is not in the ledger."""

    def __str__(self) -> str:  # KeyError would show the message in quotes
        return str(self.args[0])


@dataclass(frozen=True)
class ClaimAudit:
    """A claim with its verdicts. `internal` is None if there is nothing to test, or no test yet.

    `external` has the claim's replication and generalisation at every profile.
    """

    claim: Claim
    internal: InternalAudit | None
    external: Mapping[str, ScopedResult]

    @property
    def internal_verdict(self) -> Verdict:
        """The internal verdict; not tested where the paper gives nothing to test."""
        return self.internal.verdict if self.internal else Verdict.NOT_TESTED

    @property
    def internal_detail(self) -> str:
        """What the internal test found, or why there is none."""
        if self.internal:
            inconclusive = self.internal.verdict is Verdict.INCONCLUSIVE
            return (inconclusive and self.internal.undecidable) or self.internal.detail
        if self.claim.internal.planned:
            return "the internal test is planned and not written yet"
        return self.claim.internal.nothing_to_test or ""

    def strongest_of(self, scope: Scope) -> tuple[str, ExternalResult]:
        """The outcome of a scope at the largest profile that tested it, else what `strongest` has.

        A scope that no profile tested says why, in the words of the profile that tested the other.
        """
        for profile in reversed(PROFILES):
            if (result := self.external[profile].of(scope)).tested:
                return profile, result
        profile, both = self.strongest
        return profile, both.of(scope)

    @property
    def strongest(self) -> tuple[str, ScopedResult]:
        """Both outcomes at the largest profile at which either was tested, else the reference's."""
        for profile in reversed(PROFILES):
            if self.external[profile].tested:
                return profile, self.external[profile]
        return "reference", self.external["reference"]

    @property
    def tested(self) -> bool:
        """Whether any profile has an outcome of either scope."""
        return any(result.tested for result in self.external.values())


def audit_claim(claim_id: str) -> ClaimAudit:
    """Audit one claim from the repository's printed numbers and recorded rows as they are now.

    Raises:
        UnknownClaimError: no such claim; lists the known ones.
    """
    claims = load_claims()
    if claim_id not in claims:
        raise UnknownClaimError(f"unknown claim {claim_id!r}; known: {', '.join(claims)}")
    claim = claims[claim_id]
    return _kept(claim) or _computed(claim)


def audit_all(*, fresh: bool = False, jobs: int = 1) -> list[ClaimAudit]:
    """Every claim audited, in the order of the ledger.

    Args:
        fresh: compute every audit, ignoring those that earlier runs kept.
        jobs: processes that compute audits side by side; 1 is this process.
    """
    claims = load_claims()
    kept = {} if fresh else {name: _kept(claim) for name, claim in claims.items()}
    missing = [claim for name, claim in claims.items() if kept.get(name) is None]
    computed = iter(in_processes(_audit if fresh else _computed, missing, jobs))
    return [kept.get(name) or next(computed) for name in claims]


def _kept(claim: Claim) -> ClaimAudit | None:
    """The audit of an earlier run, if nothing it depends on has changed."""
    kept = audit_cache.load(claim, audit_cache.audit_key(claim))
    return kept if isinstance(kept, ClaimAudit) else None


def _computed(claim: Claim) -> ClaimAudit:
    """The audit, computed now and kept."""
    key = audit_cache.audit_key(claim)
    audit = _audit(claim)
    # If rows were recorded while the audit read them, the key has changed.
    if audit_cache.audit_key(claim) == key:
        audit_cache.store(claim, key, audit)
    return audit


def audit_internally(claim: Claim) -> InternalAudit:
    """The internal audit of a claim; errata found by reading follow those that are computed."""
    found = run_internal_test(claim.id)
    return replace(found, errata=(*found.errata, *read_errata(claim)))


def _audit(claim: Claim) -> ClaimAudit:
    untested = claim.internal.nothing_to_test or claim.internal.planned
    internal = None if untested else audit_internally(claim)
    external = {profile: _recorded_result(claim, profile) for profile in PROFILES}
    return ClaimAudit(claim, internal, external)


def evaluate(
    claim: Claim, rows: pd.DataFrame, profile: str | None = None, **replaced: Any
) -> ScopedResult:
    """The declared external test of a claim on given rows (recorded ones or this machine's).

    The rows of the claim's own networks and data are tested first, then all others.

    Args:
        claim: whose test.
        rows: of its experiment.
        profile: of the rows, for the message if a scope is not tested.
        replaced: parameters in place of those declared; the outcome then decides nothing.
    """
    spec = claim.external
    assert spec.replication is not None, "the schema asks for it"
    test, parameters = TESTS[str(spec.test)], {**spec.parameters, **replaced}
    own = own_rows(rows, spec.replication)
    results = {}
    for scope, part in ((Scope.REPLICATION, rows[own]), (Scope.GENERALISATION, rows[~own])):
        if part.empty:
            results[scope] = not_tested(_nothing_of(claim, scope, profile))
            continue
        result = test(part, parameters)
        about = described(part, spec.replication if scope is Scope.REPLICATION else None)
        results[scope] = replace(result, detail=sentences(result.detail, about))
    return ScopedResult(results[Scope.REPLICATION], results[Scope.GENERALISATION])


def _nothing_of(claim: Claim, scope: Scope, profile: str | None) -> str:
    """Why a scope is not tested, and the command that would test it."""
    spec = claim.external
    assert spec.replication is not None, "the schema asks for it"
    at = f" at the {profile} profile" if profile else ""
    if scope is Scope.GENERALISATION:
        if not (spec.replication.networks or spec.replication.images or spec.replication.least):
            return "every row counts for the replication: the claim names no network or data"
        if not hasattr(get_experiment(str(spec.experiment)).parameters, "models"):
            return f"no rows of other networks or data{at}"
        return (
            f"no rows of other networks or data{at}; `saliency-audit run {claim.notebook} -p "
            "models=NAME` tests the claim on another network"
        )
    return (
        f"no rows of the claim's own{at} ({wanted(spec.replication)}); "
        f"{_command(claim, spec.replication, profile)} would make them"
    )


def _command(claim: Claim, own: ReplicationSpec, profile: str | None) -> str:
    """What computes rows of the claim's own networks and data: the next profile that has some."""
    experiment = get_experiment(str(claim.external.experiment))
    names = [name for name in PROFILES if name in experiment.profiles]
    larger = names[names.index(profile) + 1 :] if profile in names else names
    fitting = [name for name in larger if _has_networks(experiment.configure(name), own)]
    chosen = fitting[0] if fitting else names[-1]
    return f"`saliency-audit compute {experiment.name} --profile {chosen} --record`"


def _has_networks(settings: Iterable[Any], own: ReplicationSpec) -> bool:
    """Whether one of the settings lists a network that the claim names, if it names any."""
    return not own.networks or any(
        is_named(model, own.networks)
        for setting in settings
        for model in getattr(setting, "models", ())
    )


def recorded_rows(claim: Claim, profile: str) -> pd.DataFrame | str:
    """Recorded rows of a claim's experiment, or the reason why there are none."""
    spec = claim.external
    if spec.nothing_to_test:
        return spec.nothing_to_test
    if spec.planned:
        return f"the experiment `{spec.experiment}` is planned and not written yet"
    return experiment_rows(str(spec.experiment), profile)


def experiment_rows(name: str, profile: str) -> pd.DataFrame | str:
    """Recorded rows of an experiment at its profile, or the reason why there are none.

    Of a profile with several settings, those whose tasks are all recorded count; `unfinished` says
    what the others lack.
    """
    experiment = get_experiment(name)
    if profile not in experiment.profiles:
        return f"the experiment `{name}` has no {profile} profile"
    settings = _tasks_and_faults(experiment, profile)
    faults = {task: fault for _, found in settings.values() for task, fault in found.items()}
    if complete := _complete(settings):
        return recorded_store(experiment, profile).read(complete)
    command = f"`saliency-audit compute {name} --profile {profile} --record`"
    count = sum(len(tasks) for tasks, _ in settings.values())
    if len(faults) == count and set(faults.values()) == {ABSENT}:
        return f"no rows recorded at the {profile} profile; {command} makes them"
    task, fault = next(iter(faults.items()))
    return (
        f"only {count - len(faults)} of {count} tasks are recorded at {profile} ({task}: {fault}); "
        f"{command} makes the others"
    )


def unfinished(name: str, profile: str) -> str:
    """Which settings of a profile `experiment_rows` leaves out, a sentence; "" if none."""
    settings = _tasks_and_faults(get_experiment(name), profile)
    lacking = [
        f"{setting} ({len(tasks) - len(faults)} of {len(tasks)} tasks)"
        for setting, (tasks, faults) in settings.items()
        if faults
    ]
    if not lacking or not _complete(settings):
        return ""
    return f"Left out until they are recorded: {', '.join(lacking)}."


def _complete(settings: Settings) -> list[Task]:
    """The tasks of settings that lack none; none at all if other rows are more than absent."""
    faults = {fault for _, found in settings.values() for fault in found.values()}
    if faults - {ABSENT}:
        return []
    return [task for tasks, found in settings.values() if not found for task in tasks]


def _tasks_and_faults(experiment: Experiment, profile: str) -> Settings:
    store = recorded_store(experiment, profile)
    found = {}
    for name, setting in experiment.settings(profile).items():
        tasks = list(experiment.split(setting))
        faults = {task.name: fault for task in tasks if (fault := store.fault(task))}
        found[name] = tasks, faults
    return found


def verdicts_of(audit: ClaimAudit) -> tuple[str, ...]:
    """The verdicts of a claim: internal, released code, replication and generalisation."""
    claim = audit.claim
    released = released_verdict(findings_of(claim.id, claim.paper))
    external = (audit.strongest_of(scope)[1].verdict for scope in Scope)
    return (audit.internal_verdict, released, *external)


def as_record(audit: ClaimAudit) -> dict[str, Any]:
    """The audit as plain data, the format of `saliency-audit claims --json`."""
    claim = audit.claim
    findings = findings_of(claim.id, claim.paper)
    return {
        "id": claim.id,
        "paper": claim.paper,
        "title": claim.title,
        "location": claim.location,
        "statement": claim.statement,
        "internal": {"verdict": str(audit.internal_verdict), "detail": audit.internal_detail},
        "released": {
            "verdict": str(released_verdict(findings)),
            "findings": [finding.id for finding in findings],
        },
        "external": {
            profile: _as_plain(result.main, result.scope)
            for profile, result in audit.external.items()
        },
        "generalisation": {
            profile: _as_plain(result.beside, Scope.GENERALISATION)
            for profile, result in audit.external.items()
            if result.beside is not None
        },
        "notebook": claim.notebook,
        "experiment": claim.external.experiment,
    }


def _as_plain(result: ExternalResult, scope: Scope) -> dict[str, Any]:
    found = result.headline
    return {
        "verdict": str(result.verdict),
        "scope": str(scope),
        "estimate": _number(found.value) if found else None,
        "ci_low": _number(found.low) if found else None,
        "ci_high": _number(found.high) if found else None,
        "n": found.n if found else None,
        "unit": found.unit if found else None,
        "quantity": found.quantity if found else None,
        "detail": result.detail,
    }


def _number(value: float) -> float | None:
    """A number, or None if it is undefined: JSON has no NaN."""
    return None if math.isnan(value) else value


def _recorded_result(claim: Claim, profile: str) -> ScopedResult:
    rows = recorded_rows(claim, profile)
    if isinstance(rows, str):
        return ScopedResult(not_tested(rows), not_tested(rows))
    found = evaluate(claim, rows, profile)
    lacking = unfinished(str(claim.external.experiment), profile)
    if not lacking:
        return found
    return ScopedResult(
        *(
            replace(result, detail=sentences(result.detail, lacking)) if result.tested else result
            for result in (found.replication, found.generalisation)
        )
    )
