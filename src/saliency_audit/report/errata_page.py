"""The page "Errata found in the papers"."""

from collections.abc import Sequence

from saliency_audit.ledger import ClaimAudit, Erratum, Paper
from saliency_audit.report.markdown import document, escape, label, page, sentence, table
from saliency_audit.report.words import badge, count


def errata_page(papers: Sequence[Paper], audits: Sequence[ClaimAudit]) -> str:
    """All errata grouped by paper, then the claims that the papers' own numbers contradict."""
    grouped = {paper.paper: merged_errata(paper, audits) for paper in papers}
    total = sum(len(errata) for errata in grouped.values())
    return page(
        "# Errata found in the papers",
        f"What the papers print that their own numbers, formulas or sentences contradict: "
        f"{count(total, 'entry', 'entries')}, each found by the internal audit of the claims named "
        "beside it, where the computation stands too. None needs a model or a data set. A slip of "
        "the pen stands beside a wrong formula here: how much hangs on an entry is said in it.",
        *(_paper(paper, grouped[paper.paper], audits) for paper in papers),
    )


def merged_errata(paper: Paper, audits: Sequence[ClaimAudit]) -> dict[Erratum, list[str]]:
    """The errata of a paper with the claims that found them; the same one counts once."""
    found: dict[Erratum, list[str]] = {}
    for audit in audits:
        if audit.claim.paper == paper.paper and audit.internal:
            for erratum in audit.internal.errata:
                claims = found.setdefault(erratum, [])
                if audit.claim.id not in claims:
                    claims.append(audit.claim.id)
    return found


def _paper(paper: Paper, errata: dict[Erratum, list[str]], audits: Sequence[ClaimAudit]) -> str:
    items = [
        f"{number}. **{escape(erratum.location)}** ({', '.join(claims)})\\\n"
        f"    *Printed:* {sentence(erratum.printed)}\\\n"
        f"    *Against it:* {sentence(erratum.problem)}"
        for number, (erratum, claims) in enumerate(errata.items(), start=1)
    ]
    contradicted = [
        audit
        for audit in audits
        if audit.claim.paper == paper.paper and audit.internal and audit.internal.exceptions
    ]
    rows = [
        (
            audit.claim.id,
            escape(audit.claim.title),
            badge(audit.internal_verdict),
            f"{len(audit.internal.exceptions)} of {len(audit.internal.checks)}",
        )
        for audit in contradicted
        if audit.internal
    ]
    return page(
        label(f"errata-{paper.paper}") + f"## {escape(paper.short)}",
        f"*{escape(paper.title)}* ({document('about the paper', f'book/papers/{paper.paper}')})",
        "\n".join(items) or "No erratum found.",
        "**Claims with statements that the paper's own material contradicts**" if rows else "",
        table(("claim", "title", "internal verdict", "statements that fail"), rows, "lllr")
        if rows
        else "",
    )
