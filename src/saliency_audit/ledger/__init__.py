"""The ledger: claims, the papers' printed numbers, statistical tests and verdicts."""

from saliency_audit.ledger.audit import (
    ClaimAudit,
    as_record,
    audit_all,
    audit_claim,
    evaluate,
    experiment_rows,
    recorded_rows,
)
from saliency_audit.ledger.external import Comparison, ExternalResult, Outcome, Scope, ScopedResult
from saliency_audit.ledger.printed import printed_table, printed_tables
from saliency_audit.ledger.schema import Claim, LedgerError, Paper, load_claims, load_papers
from saliency_audit.ledger.verdict import Check, Erratum, InternalAudit, Verdict
from saliency_audit.ledger.vocabulary import PAPERS

__all__ = [
    "PAPERS",
    "Check",
    "Claim",
    "ClaimAudit",
    "Comparison",
    "Erratum",
    "ExternalResult",
    "InternalAudit",
    "LedgerError",
    "Outcome",
    "Paper",
    "Scope",
    "ScopedResult",
    "Verdict",
    "as_record",
    "audit_all",
    "audit_claim",
    "evaluate",
    "experiment_rows",
    "load_claims",
    "load_papers",
    "printed_table",
    "printed_tables",
    "recorded_rows",
]
