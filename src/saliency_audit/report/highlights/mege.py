"""Findings about MeGe and ReCo."""

from saliency_audit.ledger import Scope, Verdict
from saliency_audit.report.highlights.finding import Audits, Highlight
from saliency_audit.report.words import number


def two_definitions(audits: Audits) -> Highlight | None:
    """MR-DEF: the words and the formulas of ReCo are two quantities."""
    result = audits["MR-DEF"].strongest_of(Scope.GENERALISATION)[1]
    if not result.headline or result.verdict is not Verdict.NOT_REPRODUCED:
        return None
    return Highlight(
        "MR-DEF",
        Scope.GENERALISATION,
        f"{number(result.headline.value, 2)} apart",
        "ReCo is defined twice: in words as a balanced accuracy, and by formulas. They are not the "
        f"same. On our networks the two differ by {number(result.headline.value, 2)} on average, "
        "for a score that is at most 1.",
    )
