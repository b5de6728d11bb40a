"""The findings of the front page as cards."""

from collections.abc import Sequence

from saliency_audit.ledger import ClaimAudit
from saliency_audit.report.highlights import highlights
from saliency_audit.report.highlights.finding import Highlight
from saliency_audit.report.site.claim_page import page_name
from saliency_audit.report.site.markdown import document, escape, page, span


def highlights_block(audits: Sequence[ClaimAudit]) -> str:
    """Markdown of the findings: a grid of cards, each with its number, sentence and claim."""
    claims = {audit.claim.id: audit for audit in audits}
    cards = [_card(found, claims[found.claim]) for found in highlights(audits)]
    return page("`````{grid} 1 1 2 2\n:gutter: 3", *cards, "`````")


def _card(found: Highlight, audit: ClaimAudit) -> str:
    link = document(escape(f"{found.claim}: {audit.claim.title}"), _target(found.claim))
    return page(
        "````{grid-item-card}",
        span(found.figure, "finding"),
        escape(found.text),
        f"```{{card-footer}}\n{link}\n```",
        "````",
    )


def _target(claim: str) -> str:
    return f"book/claims/{page_name(claim)}"
