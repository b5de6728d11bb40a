"""The table of all claims: plain HTML that sorts and filters where a browser runs scripts."""

from collections.abc import Sequence
from html import escape

from saliency_audit.ledger import (
    ClaimAudit,
    Paper,
    ReleasedVerdict,
    Scope,
    Verdict,
)
from saliency_audit.report.site.markdown import page
from saliency_audit.report.site.released_part import released_html
from saliency_audit.report.site.verdicts import html_badge
from saliency_audit.report.words import estimate

_COLUMNS = (
    ("claim", "text"),
    ("paper", "text"),
    ("what it says", "text"),
    ("internal", "order"),
    ("released code", "order"),
    ("replication", "order"),
    ("generalisation", "order"),
    ("estimate [95 % interval]", "number"),
    ("n", "number"),
)


def claims_page(papers: Sequence[Paper], audits: Sequence[ClaimAudit]) -> str:
    """The page with the table of all claims."""
    return page(
        "# All claims",
        f"{len(audits)} claims of {len(papers)} papers, each with four verdicts: *internal*, from "
        "what the paper itself prints; *released code*, from what its authors' code does; "
        "*replication*, from our own rows of the claim's own "
        "networks and data; and *generalisation*, from our rows of others. The strongest profile "
        "that was run is named beside a verdict. Estimate and n are those of the replication, or "
        "of the generalisation where only that was tested. "
        "{doc}`How to read a verdict </book/audit>`.",
        _html(papers, audits),
    )


def _html(papers: Sequence[Paper], audits: Sequence[ClaimAudit]) -> str:
    shorts = {paper.paper: paper.short for paper in papers}
    head = "".join(
        f'<th scope="col" data-sort="{kind}">{escape(name)}</th>' for name, kind in _COLUMNS
    )
    body = "\n".join(_row(audit, shorts[audit.claim.paper]) for audit in audits)
    # No blank line inside: one would end the HTML block.
    return (
        f"{_controls(papers)}\n"
        '<div class="scroll" role="region" aria-label="Table of all claims" tabindex="0">\n'
        '<table class="claims table" id="claims-table">\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>\n</div>"
    )


def _controls(papers: Sequence[Paper]) -> str:
    chosen = [(paper.paper, paper.short) for paper in papers]
    verdicts = [(str(verdict), str(verdict)) for verdict in Verdict]
    released = [(str(verdict), str(verdict)) for verdict in ReleasedVerdict]
    return (
        '<form class="claims-filter" id="claims-filter" hidden>\n'
        f"{_select('paper', 'Paper', chosen)}\n"
        f"{_select('internal', 'Internal verdict', verdicts)}\n"
        f"{_select('released', 'Released code', released)}\n"
        f"{_select('replication', 'Replication', verdicts)}\n"
        f"{_select('generalisation', 'Generalisation', verdicts)}\n"
        '<label>Words <input type="search" name="words" autocomplete="off"></label>\n'
        '<button type="reset">Show all</button>\n'
        '<output name="count" aria-live="polite"></output>\n</form>'
    )


def _select(name: str, title: str, options: Sequence[tuple[str, str]]) -> str:
    items = "".join(
        f'<option value="{escape(value)}">{escape(text)}</option>' for value, text in options
    )
    every = '<option value="">all</option>'
    return f'<label>{title} <select name="{name}">{every}{items}</select></label>'


def _row(audit: ClaimAudit, short: str) -> str:
    claim = audit.claim
    order = list(Verdict)
    results = {scope: audit.strongest_of(scope) for scope in Scope}
    found = next((result.headline for _, result in results.values() if result.tested), None)
    released = audit.released_verdict
    cells = (
        f'<th scope="row"><a href="../claims/{claim.id.lower()}.html">{claim.id}</a></th>',
        f"<td>{escape(short)}</td>",
        f'<td title="{escape(" ".join(claim.statement.split()))}">{escape(claim.title)}</td>',
        f'<td data-key="{order.index(audit.internal_verdict)}">'
        f"{html_badge(audit.internal_verdict)}</td>",
        f'<td data-key="{list(ReleasedVerdict).index(released)}">{released_html(released)}</td>',
        *(
            f'<td data-key="{order.index(result.verdict)}">{html_badge(result.verdict)}'
            + (f" <small>{profile}</small>" if result.tested else "")
            + "</td>"
            for profile, result in results.values()
        ),
        _number(found.value if found else None, estimate(found)),
        _number(found.n if found else None, f"{found.n} {found.unit}" if found else "—"),
    )
    return (
        f'<tr data-paper="{claim.paper}" data-internal="{audit.internal_verdict}" '
        f'data-released="{released}" '
        f'data-replication="{results[Scope.REPLICATION][1].verdict}" '
        f'data-generalisation="{results[Scope.GENERALISATION][1].verdict}">{"".join(cells)}</tr>'
    )


def _number(key: float | None, text: str) -> str:
    return f'<td class="number" data-key="{"" if key is None else key}">{text}</td>'
