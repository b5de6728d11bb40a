"""The page "Errata found in the papers"."""

from collections.abc import Sequence

from saliency_audit.ledger import Check, ClaimAudit, Erratum, InternalAudit, Paper
from saliency_audit.report.site.markdown import document, escape, label, page, sentence, table
from saliency_audit.report.site.verdicts import badge
from saliency_audit.report.words import count, printed_label


def errata_page(papers: Sequence[Paper], audits: Sequence[ClaimAudit]) -> str:
    """All errata grouped by paper, then the claims that the papers' own numbers contradict."""
    grouped = {paper.paper: merged_errata(paper, audits) for paper in papers}
    errata = [erratum for found in grouped.values() for erratum in found]
    read = sum(erratum.read for erratum in errata)
    return page(
        "# Errata found in the papers",
        "What the papers print that their own numbers, formulas or sentences contradict: "
        f"{count(len(errata), 'entry', 'entries')}, each with the claims whose internal audit "
        f"lists it. {len(errata) - read} are *computed*: the audit compares numbers or works out a "
        f"formula, and the entry disappears if they agree. {read} are *found by reading*: no "
        "computation decides whether the entry is listed, and a number in it is an illustration. "
        "None needs a model or a data set. Slips of the pen are listed beside wrong formulas; each "
        "entry says how much depends on it.",
        "What is in quotation marks is printed word for word; the rest is paraphrased. We "
        "read the papers as text, not as typeset pages. The conversion may have lost a sign, a "
        "point or an index; where we suspect that, the entry says so.",
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


def _how(erratum: Erratum) -> str:
    return "found by reading" if erratum.read else "computed"


def _failing(found: InternalAudit) -> list[Check]:
    """The deciding checks that fail."""
    return [check for check in found.deciding if not check.holds]


def _paper(paper: Paper, errata: dict[Erratum, list[str]], audits: Sequence[ClaimAudit]) -> str:
    items = [
        f"{number}. **{escape(erratum.location)}** ({', '.join(claims)}; {_how(erratum)})\\\n"
        f"    *{printed_label(erratum)}:* {sentence(erratum.printed)}\\\n"
        f"    *Against it:* {sentence(erratum.problem)}"
        for number, (erratum, claims) in enumerate(errata.items(), start=1)
    ]
    contradicted = [
        audit
        for audit in audits
        if audit.claim.paper == paper.paper and audit.internal and _failing(audit.internal)
    ]
    rows = [
        (
            audit.claim.id,
            escape(audit.claim.title),
            badge(audit.internal_verdict),
            f"{len(_failing(audit.internal))} of {len(audit.internal.deciding)}",
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
