"""The ledger: claims, the papers' printed numbers, statistical tests and verdicts."""

from saliency_audit.ledger.audit import (
    ClaimAudit,
    as_record,
    audit_all,
    audit_claim,
    verdicts_of,
)
from saliency_audit.ledger.choices import Choice, Option, Origin, Setting
from saliency_audit.ledger.evaluation import evaluate, experiment_rows, recorded_rows
from saliency_audit.ledger.external import Comparison, ExternalResult, Outcome, Scope, ScopedResult
from saliency_audit.ledger.printed import printed_table, printed_tables
from saliency_audit.ledger.released import (
    Finding,
    Relation,
    ReleasedCode,
    ReleasedVerdict,
    findings_of,
    released_code,
    released_verdict,
)
from saliency_audit.ledger.robustness import (
    SettingOutcome,
    SpecificationCurve,
    curves_of,
    share,
    specification_curves,
)
from saliency_audit.ledger.schema import Claim, LedgerError, Paper, load_claims, load_papers
from saliency_audit.ledger.verdict import Check, Erratum, InternalAudit, Verdict
from saliency_audit.ledger.vocabulary import PAPERS
from saliency_audit.parameters import PROFILES

__all__ = [
    "PAPERS",
    "PROFILES",
    "Check",
    "Choice",
    "Claim",
    "ClaimAudit",
    "Comparison",
    "Erratum",
    "ExternalResult",
    "Finding",
    "InternalAudit",
    "LedgerError",
    "Option",
    "Origin",
    "Outcome",
    "Paper",
    "Relation",
    "ReleasedCode",
    "ReleasedVerdict",
    "Scope",
    "ScopedResult",
    "Setting",
    "SettingOutcome",
    "SpecificationCurve",
    "Verdict",
    "as_record",
    "audit_all",
    "audit_claim",
    "curves_of",
    "evaluate",
    "experiment_rows",
    "findings_of",
    "load_claims",
    "load_papers",
    "printed_table",
    "printed_tables",
    "recorded_rows",
    "released_code",
    "released_verdict",
    "share",
    "specification_curves",
    "verdicts_of",
]
