"""Findings about DRE."""

from saliency_audit.ledger import Scope
from saliency_audit.report.highlights.finding import Audits, Highlight, comparison
from saliency_audit.report.words import number


def area_constraint(audits: Audits) -> Highlight | None:
    """DRE-ADHOC: what the controller buys is to need no constraint on the area."""
    found = comparison(
        audits["DRE-ADHOC"].strongest_of(Scope.GENERALISATION)[1], "map_area", "dre", "mgnet"
    )
    if not found or not found.holds:
        return None
    return Highlight(
        "DRE-ADHOC",
        Scope.GENERALISATION,
        f"{number(found.other, 2)} against {number(found.base, 2)}",
        "DRE's controller is said to replace hand-made constraints, and it does. Without any one "
        f"of them the area of DRE's maps changes by {number(found.other, 2)} at most; that of the "
        f"same network without a controller by {number(found.base, 2)}.",
    )
