"""The state of the audit at a glance: counts and a picture of all verdicts for the front page."""

from collections import Counter
from collections.abc import Mapping, Sequence

from saliency_audit.ledger import (
    ClaimAudit,
    Paper,
    ReleasedVerdict,
    Scope,
    Verdict,
    printed_tables,
)
from saliency_audit.report.site import markdown
from saliency_audit.report.site.errata_page import merged_errata
from saliency_audit.report.site.released_part import released_html
from saliency_audit.report.site.state_figure import state_figure
from saliency_audit.report.site.verdicts import badge, html_badge
from saliency_audit.report.words import count, estimate


def status_block(papers: Sequence[Paper], audits: Sequence[ClaimAudit]) -> str:
    """Markdown of the status block: a sentence, the picture, and folded the counts and our rows."""
    internal = _counts(papers, [(a.claim.paper, a.internal_verdict) for a in audits])
    external = {
        str(scope): _counts(
            papers, [(a.claim.paper, a.strongest_of(scope)[1].verdict) for a in audits]
        )
        for scope in Scope
    }
    return markdown.page(
        _summary(papers, audits),
        _legend(),
        state_figure(papers, audits),
        markdown.folded(
            "How many claims have which verdict",
            _count_table(papers, {"internal": internal, **external}),
        ),
        markdown.folded("What was tested on our own rows, a line per claim", _tested(audits)),
    )


Counts = dict[str, Counter[Verdict]]


def _counts(papers: Sequence[Paper], verdicts: Sequence[tuple[str, Verdict]]) -> Counts:
    found: Counts = {paper.paper: Counter() for paper in papers}
    for paper, verdict in verdicts:
        found[paper][verdict] += 1
    return found


def _summary(papers: Sequence[Paper], audits: Sequence[ClaimAudit]) -> str:
    checks = [check for audit in audits if audit.internal for check in audit.internal.deciding]
    failed = sum(not check.holds for check in checks)
    cells = sum(len(printed_tables(paper.paper)) for paper in papers)
    errata = sum(len(merged_errata(paper, audits)) for paper in papers)
    tested = sum(audit.tested for audit in audits)
    own = sum(audit.strongest_of(Scope.REPLICATION)[1].tested for audit in audits)
    return (
        f"**{count(len(audits), 'claim')}** of **{count(len(papers), 'paper')}**. "
        f"Internal audit: **{count(len(checks), 'check')}** on {cells} printed numbers and on the "
        f"papers' formulas, **{failed}** of which fail; "
        f"{markdown.document(count(errata, 'erratum', 'errata'), 'book/generated/errata')}. "
        f"External audit: **{tested}** of {len(audits)} claims tested on our own rows so far, "
        f"**{own}** of them with rows of the claim's own networks and data."
    )


def _legend() -> str:
    words = [html_badge(verdict) for verdict in Verdict]
    released = [released_html(verdict) for verdict in ReleasedVerdict]
    return (
        f'<p class="legend">{" ".join(words)}</p>\n\n'
        f'<p class="legend">Released code: {" ".join(released)}</p>'
    )


def _count_table(papers: Sequence[Paper], audits: Mapping[str, Counts]) -> str:
    rows = []
    for kind, counts in audits.items():
        for paper in papers:
            found = counts[paper.paper]
            numbers = [str(found[verdict]) for verdict in Verdict]
            rows.append((kind, markdown.escape(paper.short), *numbers, str(sum(found.values()))))
        totals = [sum(counts[paper.paper][verdict] for paper in papers) for verdict in Verdict]
        rows.append((kind, "**all**", *(f"**{n}**" for n in totals), f"**{sum(totals)}**"))
    header = ("audit", "paper", *(str(verdict) for verdict in Verdict), "all")
    return markdown.table(header, rows, "ll" + "r" * (len(Verdict) + 1))


def _tested(audits: Sequence[ClaimAudit]) -> str:
    """What was tested on our own rows, a line per claim; the claims' pages have the details."""
    rows = []
    for audit in audits:
        for scope in Scope:
            profile, result = audit.strongest_of(scope)
            if not result.tested:
                continue
            found = result.headline
            deciding = [item for item in result.comparisons if item.decides]
            held = sum(item.holds for item in deciding)
            rows.append(
                (
                    audit.claim.id,
                    str(scope),
                    badge(result.verdict),
                    profile,
                    f"{held} of {len(deciding)}" if deciding else "—",
                    estimate(found),
                    f"{found.n} {found.unit}" if found else "—",
                )
            )
    if not rows:
        return "No claim has recorded rows of ours yet."
    header = (
        *("claim", "rows", "verdict", "profile", "comparisons that hold"),
        *("estimate [95 %]", "n"),
    )
    return markdown.table(header, rows, "llllrrr")
