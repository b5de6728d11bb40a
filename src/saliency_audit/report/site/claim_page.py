"""The page of one claim: sentence, verdicts, numbers, rows, code and how to rerun it."""

from pathlib import Path

from saliency_audit.ledger import (
    Claim,
    ClaimAudit,
    Paper,
    ReleasedVerdict,
    Scope,
    released_code,
)
from saliency_audit.report.in_print import in_print
from saliency_audit.report.site import external_part, internal_part
from saliency_audit.report.site.markdown import (
    code,
    detail,
    document,
    escape,
    label,
    page,
    sentence,
)
from saliency_audit.report.site.released_part import MEANING, released_badge, released_part
from saliency_audit.report.site.robustness_part import robustness_part
from saliency_audit.report.site.verdicts import EXTERNAL_MEANING, INTERNAL_MEANING, badge
from saliency_audit.report.words import printed_label

OWN = {
    Scope.REPLICATION: "our rows of the claim's own networks and data",
    Scope.GENERALISATION: "our rows of other networks or data",
}


def page_name(claim_id: str) -> str:
    """File name of a claim's page without its suffix."""
    return claim_id.lower()


def claim_page(paper: Paper, audit: ClaimAudit, root: Path) -> str:
    """Markdown of a claim's page.

    Args:
        paper: the paper that makes the claim.
        audit: the claim with its verdicts.
        root: the project folder; paths on the page start there.
    """
    claim = audit.claim
    return page(
        label(f"claim-{page_name(claim.id)}") + f"# {claim.id}: {escape(claim.title)}",
        f"{document(escape(paper.short), f'book/papers/{paper.paper}')} · "
        f"{escape(claim.location)} · {{cite}}`{paper.citation_key}`",
        "> " + escape(claim.statement),
        _verdicts(audit),
        "## What the paper's own numbers say",
        internal_part.internal_part(audit),
        "## What the released code does",
        released_part(released_code(paper.paper), audit.findings),
        "## What our own computation says",
        external_part.external_part(audit, root),
        "## How robust the verdict is",
        robustness_part(audit),
        _errata(audit),
        "## Rerun it",
        _rerun(claim),
    )


def _verdicts(audit: ClaimAudit) -> str:
    inside = audit.internal_verdict
    planned = audit.claim.internal.planned
    said = sentence(audit.internal_detail) if planned else INTERNAL_MEANING[inside]
    return page(
        f"**Internal**, the paper's own numbers: {badge(inside)} {said}",
        _released(audit),
        *(_external(audit, scope) for scope in Scope),
        document("How to read a verdict", "book/audit"),
    )


def _released(audit: ClaimAudit) -> str:
    """The line of the released code; where it matters, at which profile rows show that."""
    verdict = audit.released_verdict
    at = f" ({audit.curves[0].profile} profile)" if verdict is ReleasedVerdict.MATTERS else ""
    return f"**Released code**, against the text{at}: {released_badge(verdict)} {MEANING[verdict]}"


def _external(audit: ClaimAudit, scope: Scope) -> str:
    """The line of one scope; where nothing was tested, why, and the command that would test it."""
    profile, result = audit.strongest_of(scope)
    at = f", {profile} profile" if result.tested else ""
    said = EXTERNAL_MEANING[result.verdict] if result.tested else detail(in_print(result.detail))
    return f"**{str(scope).capitalize()}**, {OWN[scope]}{at}: {badge(result.verdict)} {said}"


def _errata(audit: ClaimAudit) -> str:
    if not audit.internal or not audit.internal.errata:
        return ""
    items = [
        f"- **{sentence(erratum.location)}** {printed_label(erratum)}: "
        f"{sentence(erratum.printed)} {sentence(erratum.problem)}"
        for erratum in audit.internal.errata
    ]
    return page(
        "## Errata found on the way",
        "\n".join(items),
        document("All errata", "book/generated/errata"),
    )


def _rerun(claim: Claim) -> str:
    lines = [f"saliency-audit audit {claim.id}"]
    notes = []
    if claim.notebook and not claim.notebook_planned:
        lines.append(f"saliency-audit run {claim.notebook} --profile reference")
        notes.append(
            f"The notebook: {document(code_free(claim.notebook), f'notebooks/{claim.notebook}')}."
        )
    elif claim.notebook:
        notes.append(f"The notebook {code(claim.notebook)} is planned and not written yet.")
    else:
        notes.append("No notebook: the audit above is the whole of it.")
    if claim.external.experiment and not claim.external.planned:
        experiment = claim.external.experiment
        lines.append(f"saliency-audit compute {experiment} --profile reference --record")
    notes.append(
        f"The first line works on a fresh clone; what the others need is in "
        f"{document('How to rerun', 'book/rerun')}."
        if len(lines) > 1
        else "The line works on a fresh clone."
    )
    return page("```shell\n" + "\n".join(lines) + "\n```", " ".join(notes))


def code_free(name: str) -> str:
    """A snake-case name as words, for link texts."""
    return name.replace("_", " ")
