"""The findings of the front page as cards."""

import re
from collections.abc import Sequence

from saliency_audit.ledger import ClaimAudit
from saliency_audit.report.highlights import highlights
from saliency_audit.report.highlights.finding import Highlight
from saliency_audit.report.site.claim_page import OWN, page_name
from saliency_audit.report.site.markdown import document, escape, page, span


def highlights_block(audits: Sequence[ClaimAudit]) -> str:
    """Markdown of the findings: a grid of cards, each with its number, sentence and claim."""
    claims = {audit.claim.id: audit for audit in audits}
    cards = [_card(found, claims[found.claim]) for found in highlights(audits)]
    return page("`````{grid} 1 1 2 2\n:gutter: 3", *cards, "`````")


def _card(found: Highlight, audit: ClaimAudit) -> str:
    title = escape(_unbroken(f"{found.claim}: {audit.claim.title}"))
    link = document(title, f"book/claims/{page_name(found.claim)}")
    return page(
        "````{grid-item-card}",
        span(_unbroken(found.figure), "finding"),
        escape(_unbroken(found.text)),
        span(f"From {OWN[found.scope]}", "finding-rows"),
        f"```{{card-footer}}\n{link}\n```",
        "````",
    )


def _unbroken(text: str) -> str:
    """The text, with every number and its unit on one line."""
    return re.sub(r"(?<=\d) (?=%|s\b)", "\N{NO-BREAK SPACE}", text)
