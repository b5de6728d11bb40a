"""One claim audited: its entry, the internal verdict and the external verdict at every profile."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from saliency_audit.errors import AuditError
from saliency_audit.ledger import cache as audit_cache
from saliency_audit.ledger.errata import read_errata
from saliency_audit.ledger.evaluation import evaluate, recorded_rows, unfinished
from saliency_audit.ledger.external import ExternalResult, Scope, ScopedResult, not_tested
from saliency_audit.ledger.external.ending import sentences
from saliency_audit.ledger.internal import run_internal_test
from saliency_audit.ledger.released import (
    Finding,
    ReleasedVerdict,
    findings_of,
    released_verdict,
)
from saliency_audit.ledger.robustness import SpecificationCurve, strongest_curves
from saliency_audit.ledger.schema import Claim, load_claims
from saliency_audit.ledger.verdict import InternalAudit, Verdict
from saliency_audit.parameters import PROFILES
from saliency_audit.processes import in_processes


class UnknownClaimError(AuditError, KeyError):
    """A claim id that is not in the ledger."""

    def __str__(self) -> str:  # KeyError would show the message in quotes
        return str(self.args[0])


@dataclass(frozen=True)
class ClaimAudit:
    """A claim with its verdicts.

    Attributes:
        claim: its entry.
        internal: None if there is nothing to test, or no test yet.
        external: the claim's replication and generalisation at every profile.
        findings: what the released code does that concerns it.
        curves: its test under every setting that has rows, at the largest profile with some.
    """

    claim: Claim
    internal: InternalAudit | None
    external: Mapping[str, ScopedResult]
    findings: tuple[Finding, ...] = ()
    curves: tuple[SpecificationCurve, ...] = ()

    @property
    def internal_verdict(self) -> Verdict:
        """The internal verdict; not tested where the paper gives nothing to test."""
        return self.internal.verdict if self.internal else Verdict.NOT_TESTED

    @property
    def released_verdict(self) -> ReleasedVerdict:
        """What the released code says about the claim, and whether rows show that it matters."""
        return released_verdict(
            self.findings, lambda name: any(curve.matters(name) for curve in self.curves)
        )

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
        fresh: compute every audit, ignoring those that earlier runs kept; these are kept in turn.
        jobs: processes that compute audits side by side; 1 is this process.
    """
    claims = load_claims()
    kept = {} if fresh else {name: _kept(claim) for name, claim in claims.items()}
    missing = [claim for name, claim in claims.items() if kept.get(name) is None]
    computed = iter(in_processes(_computed, missing, jobs))
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
    findings = tuple(findings_of(claim.id, claim.paper))
    return ClaimAudit(claim, internal, external, findings, tuple(strongest_curves(claim, external)))


def verdicts_of(audit: ClaimAudit) -> tuple[str, ...]:
    """The verdicts of a claim: internal, released code, replication and generalisation."""
    external = (audit.strongest_of(scope)[1].verdict for scope in Scope)
    return (audit.internal_verdict, audit.released_verdict, *external)


def as_record(audit: ClaimAudit) -> dict[str, Any]:
    """The audit as plain data, the format of `saliency-audit claims --json`."""
    claim = audit.claim
    return {
        "id": claim.id,
        "paper": claim.paper,
        "title": claim.title,
        "location": claim.location,
        "statement": claim.statement,
        "internal": {"verdict": str(audit.internal_verdict), "detail": audit.internal_detail},
        "released": {
            "verdict": str(audit.released_verdict),
            "findings": [finding.id for finding in audit.findings],
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
        "settings": {
            curve.profile: {
                str(other.scope): {str(verdict): n for verdict, n in other.counts.items()}
                for other in audit.curves
            }
            for curve in audit.curves
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
