"""The checks of a claim's internal audit as a table under the figure that they are about."""

from collections.abc import Callable
from html import escape

import pandas as pd

from saliency_audit.ledger import Check, ClaimAudit
from saliency_audit.report.notebook.tables import narrow, text_table
from saliency_audit.report.words import CLASSES

WIDTH = 20  # of what was expected and of what was found, in characters


def check_table(
    audit: ClaimAudit, only: Callable[[Check], bool] = lambda check: True
) -> pd.DataFrame:
    """What was asked, what was expected, what was found.

    Args:
        audit: of the claim.
        only: which checks to show.

    Returns:
        A line per check, named by what it asks; cells are HTML. Empty where the claim has no
        internal test.
    """
    checks = audit.internal.checks if audit.internal else ()
    lines = {
        (narrow(check.name, end="\n"),): {
            "expected": narrow(escape(check.expected, quote=False), WIDTH),
            "found": narrow(escape(check.found, quote=False), WIDTH),
            "holds": _mark(check),
        }
        for check in checks
        if only(check)
    }
    return text_table(lines, ["statement"])


def _mark(check: Check) -> str:
    answer = "yes" if check.holds else "no"
    shown = f'<span class="{CLASSES[answer]}">{answer}</span>'
    return shown if check.deciding else f"{shown},<br>not decisive"
