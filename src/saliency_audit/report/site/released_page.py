"""The pages "What the released code does", one per paper, and their overview."""

from collections import Counter
from collections.abc import Sequence

from saliency_audit.ledger import ClaimAudit, Paper, Relation, released_code
from saliency_audit.report.site.markdown import (
    code,
    document,
    escape,
    label,
    page,
    sentence,
    table,
)
from saliency_audit.report.site.released_part import finding_item, released_badge
from saliency_audit.report.words import count


def released_overview(papers: Sequence[Paper]) -> str:
    """The page that counts the findings of all papers."""
    rows = []
    for paper in papers:
        released = released_code(paper.paper)
        counts = Counter(finding.relation for finding in released.findings)
        name = document(escape(paper.short), f"book/generated/released-{paper.paper}")
        rows.append((name, *(str(counts[kind]) for kind in Relation), str(counts.total())))
    return page(
        "# What the released code does",
        "An audit has three sides: what a paper's text says, what its authors' code does, and what "
        "our own rows show. Where the text is silent the code decides what was computed; where it "
        "says something else, the numbers in the paper may be those of the code. Text and code are "
        "told in our words, with the lines of the commit that we read. A finding is *certain* if "
        "it was read and *concluded* if it follows from what was read. That the code deviates says "
        "nothing yet on whether the claim holds.",
        table(("paper", *(str(kind) for kind in Relation), "all"), rows, "lrrrrr"),
        "On the command line: `saliency-audit released PAPER`. The settings as code: "
        "{doc}`saliency_audit.released </book/api-released>`.",
    )


def released_page(paper: Paper, audits: Sequence[ClaimAudit]) -> str:
    """The page of one paper: what was released, verdicts per claim, every finding."""
    released = released_code(paper.paper)
    repositories = [
        f"- [{escape(item.repository)}]({item.address('', None).removesuffix('/')}), commit "
        f"{code(item.commit[:7])}: {sentence(item.whose)}"
        for item in released.repositories
    ]
    claims = [
        (
            audit.claim.id,
            escape(audit.claim.title),
            released_badge(audit.released_verdict),
            str(sum(item.relation is Relation.DEVIATES for item in audit.findings)),
            str(sum(item.relation is Relation.OPEN for item in audit.findings)),
        )
        for audit in audits
        if audit.claim.paper == paper.paper
    ]
    return page(
        label(f"released-{paper.paper}") + f"# Released code: {escape(paper.short)}",
        f"*{escape(paper.title)}* ({document('about the paper', f'book/papers/{paper.paper}')})",
        sentence(released.about),
        "\n".join(repositories),
        table(("claim", "title", "code and text", "deviations", "open choices"), claims, "lllrr"),
        f"## {count(len(released.findings), 'finding')}" if released.findings else "",
        "\n".join(finding_item(released, finding) for finding in released.findings),
    )
