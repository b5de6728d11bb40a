"""Checks of an internal audit as a table."""

from saliency_audit.ledger import ClaimAudit, load_claims
from saliency_audit.ledger.verdict import Check, InternalAudit
from saliency_audit.report.notebook.checks import check_table

CHECKS = (
    Check("a < b", holds=True, expected="< 1", found="0.5"),
    Check("shown beside", holds=False, expected="1", found="2", deciding=False),
)


def audit(internal):
    return ClaimAudit(load_claims()["DRE-PDF"], internal, {})


def test_a_line_per_check():
    table = check_table(audit(InternalAudit(CHECKS, "")))
    assert table.index.tolist() == [("a < b",), ("shown beside",)]
    first, second = table.to_dict("records")
    assert first == {
        "expected": "&lt; 1",
        "found": "0.5",
        "holds": '<span class="holds">yes</span>',
    }
    assert second["holds"] == '<span class="fails">no</span>,<br>not decisive'


def test_chosen_checks_and_none():
    chosen = check_table(audit(InternalAudit(CHECKS, "")), lambda check: not check.deciding)
    assert chosen.index.tolist() == [("shown beside",)]
    assert check_table(audit(None)).empty
