"""What the released code does, as plain text: `saliency-audit released`."""

from collections import Counter
from collections.abc import Iterator

from saliency_audit.ledger import PAPERS, Finding, Relation, ReleasedCode, released_code
from saliency_audit.report.words import count


def counted() -> str:
    """A line per paper: its findings by their relation to the text."""
    return "\n".join(map(_counts, PAPERS))


def listed(paper: str) -> str:
    """Every finding of one paper, with its lines in the code."""
    released = released_code(paper)
    return "\n".join([_counts(paper), f"  {released.about}", *_findings(released)])


def _counts(paper: str) -> str:
    found = Counter(finding.relation for finding in released_code(paper).findings)
    parts = [f"{found[kind]} {kind}" for kind in Relation if found[kind]]
    told = f": {', '.join(parts)}" if parts else ""
    return f"{paper:5} {count(found.total(), 'finding')}{told}"


def _findings(released: ReleasedCode) -> Iterator[str]:
    for finding in released.findings:
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
