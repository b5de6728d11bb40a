"""The state of the audit in one picture: a column per claim, a row per kind of verdict."""

from collections.abc import Sequence
from html import escape

from saliency_audit.ledger import ClaimAudit, Paper, Scope
from saliency_audit.report.site.claim_page import page_name
from saliency_audit.report.site.released_part import released_class
from saliency_audit.report.site.verdicts import css_class

# What each row shows.
ROWS = ("printed numbers", "released code", "replication", "generalisation")


def state_figure(papers: Sequence[Paper], audits: Sequence[ClaimAudit]) -> str:
    """HTML of the picture, a table per paper; every cell links to its claim's page.

    The word of a verdict is there for screen readers, its mark and colour for others.
    """
    return "\n".join(
        _table(paper, [audit for audit in audits if audit.claim.paper == paper.paper])
        for paper in papers
    )


def _table(paper: Paper, audits: Sequence[ClaimAudit]) -> str:
    heads = "".join(f'<th scope="col"><span>{_short(audit)}</span></th>' for audit in audits)
    cells = zip(*(_cells(audit) for audit in audits), strict=True)
    lines = "\n".join(
        f'<tr><th scope="row">{name}</th>{"".join(of_row)}</tr>'
        for name, of_row in zip(ROWS, cells, strict=True)
    )
    title = escape(paper.short)
    return (
        f'<div class="scroll" role="region" aria-label="Verdicts: {title}" tabindex="0">\n'
        f'<table class="state">\n<caption>{title}</caption>\n'
        f"<thead><tr><td></td>{heads}</tr></thead>\n<tbody>\n{lines}\n</tbody>\n</table>\n</div>"
    )


def _cells(audit: ClaimAudit) -> list[str]:
    """A claim's cell of each of `ROWS`."""
    own = [audit.internal_verdict, *(audit.strongest_of(scope)[1].verdict for scope in Scope)]
    internal, *external = [(css_class(verdict), str(verdict)) for verdict in own]
    released = audit.released_verdict
    shown = [internal, (released_class(released), str(released)), *external]
    return [_cell(audit.claim.id, row, *verdict) for row, verdict in zip(ROWS, shown, strict=True)]


def _cell(claim: str, row: str, style: str, word: str) -> str:
    told = escape(f"{claim}, {row}: {word}")
    return (
        f'<td><a class="{style}" href="claims/{page_name(claim)}.html" title="{told}">'
        f'<span class="visually-hidden">{told}</span></a></td>'
    )


def _short(audit: ClaimAudit) -> str:
    """The id without its paper's prefix: `INS` of `IDGI-INS`."""
    return escape(audit.claim.id.partition("-")[2])
