"""The ledger: claims, the papers' printed numbers, statistical tests and verdicts."""

from saliency_audit.ledger.audit import (
    ClaimAudit,
    as_record,
    audit_all,
    audit_claim,
    verdicts_of,
)
from saliency_audit.ledger.choices import Choice, Option
from saliency_audit.ledger.evaluation import evaluate, experiment_rows, main_rows, recorded_rows
from saliency_audit.ledger.external import Comparison, ExternalResult, Outcome, Scope, ScopedResult
from saliency_audit.ledger.printed import printed_table, printed_tables
from saliency_audit.ledger.released import (
    Finding,
    Relation,
    ReleasedCode,
    ReleasedVerdict,
    released_code,
)
from saliency_audit.ledger.robustness import (
    SettingOutcome,
    SpecificationCurve,
    curves_of,
    share,
)
from saliency_audit.ledger.schema import Claim, LedgerError, Paper, load_claims, load_papers
from saliency_audit.ledger.verdict import Check, Erratum, InternalAudit, Verdict
from saliency_audit.ledger.vocabulary import PAPERS

__all__ = [
    "PAPERS",
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
    "Outcome",
    "Paper",
    "Relation",
    "ReleasedCode",
    "ReleasedVerdict",
    "Scope",
    "ScopedResult",
    "SettingOutcome",
    "SpecificationCurve",
    "Verdict",
    "as_record",
    "audit_all",
    "audit_claim",
    "curves_of",
    "evaluate",
    "experiment_rows",
    "load_claims",
    "load_papers",
    "main_rows",
    "printed_table",
    "printed_tables",
    "recorded_rows",
    "released_code",
    "share",
    "verdicts_of",
]
