"""What the released code does, as plain text: `saliency-audit released`."""

from collections import Counter
from collections.abc import Iterator, Sequence

from saliency_audit.ledger import (
    PAPERS,
    Finding,
    Relation,
    ReleasedCode,
    load_claims,
    released_code,
)
from saliency_audit.report.words import count


def counted() -> str:
    """A line per paper: its findings by their relation to the text."""
    return "\n".join(_counted(paper, released_code(paper).findings) for paper in PAPERS)


def listed(about: str | None, relation: Relation | None = None) -> str:
    """Findings with their lines in the code, paper by paper.

    Args:
        about: a paper, or the id of a claim; all papers if None.
        relation: of the findings to the text; any if None.
    """
    papers = PAPERS if about is None else [about if about in PAPERS else load_claims()[about].paper]
    parts = [_of_paper(paper, about, relation) for paper in papers]
    return "\n\n".join(part for part in parts if part) or "no finding"


def _of_paper(paper: str, about: str | None, relation: Relation | None) -> str:
    released = released_code(paper)
    chosen = [
        finding
        for finding in released.findings
        if relation in (None, finding.relation) and (about in (None, paper, *finding.claims))
    ]
    if not chosen and (about, relation) != (paper, None):
        return ""
    lines = [line for finding in chosen for line in _finding(released, finding)]
    return "\n".join([_counted(paper, chosen), f"  {released.about}", *lines])


def _counted(paper: str, findings: Sequence[Finding]) -> str:
    found = Counter(finding.relation for finding in findings)
    parts = [f"{found[kind]} {kind}" for kind in Relation if found[kind]]
    told = f": {', '.join(parts)}" if parts else ""
    return f"{paper:5} {count(found.total(), 'finding')}{told}"


def _finding(released: ReleasedCode, finding: Finding) -> Iterator[str]:
    yield ""
    yield f"{finding.id}  {finding.topic}: {finding.relation} ({finding.certainty})"
    yield f"  claims   {', '.join(finding.claims)}"
    yield f"  text     {finding.where}: {finding.text}"
    yield f"  code     {finding.code}"
    for address in _addresses(released, finding):
        yield f"  lines    {address}"
    yield f"  effect   {finding.effect}"
    if finding.setting:
        yield f"  ours     {finding.setting}"
    if finding.test:
        yield f"  test     {finding.test}"


def _addresses(released: ReleasedCode, finding: Finding) -> list[str]:
    repositories = {repository.name: repository for repository in released.repositories}
    return [repositories[place.code].address(place.file, place.lines) for place in finding.places]
