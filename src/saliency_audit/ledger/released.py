"""The third side of the audit, what the authors' released code does: `data/released/<paper>.yml`.

An entry per finding. Text and code are told in our words; the code is named by repository, commit,
file and lines, and never quoted beyond a name.
"""

from collections.abc import Callable, Iterable
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from saliency_audit.ledger.schema import LedgerError, load_paper, read_file
from saliency_audit.ledger.strict import Name, Strict, Text
from saliency_audit.ledger.vocabulary import PAPERS
from saliency_audit.locations import project_root

Commit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
Lines = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]*(-[1-9][0-9]*)?$")]
OwnerAndName = Annotated[str, StringConstraints(pattern=r"^[\w.-]+/[\w.-]+$")]


class Relation(StrEnum):
    """How the code stands to the text at one place.

    `OPEN`: the text leaves the choice open, and the code makes it.
    """

    AS_DESCRIBED = "as described"
    DEVIATES = "deviates"
    OPEN = "left open by the text"
    ABSENT = "not released"


class ReleasedVerdict(StrEnum):
    """What the released code says about a claim.

    `MATTERS`: on rows, the verdict on the claim changes by two steps with it.
    """

    AS_DESCRIBED = "as described"
    DEVIATES = "deviates"
    MATTERS = "deviates, and it matters"
    NOT_RELEASED = "not released"


class Repository(Strict):
    """Code that a paper's authors, or those it builds on, have published.

    Attributes:
        name: short, for `Place.code`.
        repository: `owner/name` at GitHub.
        commit: the one that was read.
        whose: whose it is, and what of the paper it has.
    """

    name: Name
    repository: OwnerAndName
    commit: Commit
    whose: Text

    def address(self, file: str, lines: str | None) -> str:
        """Where lines of a file stand, for a reader's browser."""
        first, _, last = (lines or "").partition("-")
        mark = f"#L{first}" + (f"-L{last}" if last else "") if first else ""
        return f"https://github.com/{self.repository}/blob/{self.commit}/{file}{mark}"


class Place(Strict):
    """Where in the code: a file of a repository of this paper, and lines `12` or `12-30`."""

    code: Name
    file: Text
    lines: Lines | None = None


class Finding(Strict):
    """What the released code does in one respect.

    Attributes:
        id: unique among all papers' findings.
        claims: which it concerns.
        topic: in few words.
        where: the place in the text.
        text: what the text says, in our words; or that it is silent.
        code: what the code does, in our words.
        relation: of the two.
        places: where in the code; empty only if nothing was released.
        certainty: "certain" if it was read, "likely" if it was concluded.
        effect: what it may change.
        setting: what of this library does the same, a dotted name, if it is written.
        test: the test that shows that the setting does the same, `file.py::function`.
    """

    id: Name
    claims: Annotated[tuple[Text, ...], Field(min_length=1)]
    topic: Text
    where: Text
    text: Text
    code: Text
    relation: Relation
    places: tuple[Place, ...] = ()
    certainty: Literal["certain", "likely"]
    effect: Text
    setting: Text | None = None
    test: Text | None = None


class ReleasedCode(Strict):
    """Everything found in the code of one paper.

    Attributes:
        paper: its name in the ledger.
        about: what was released and what was not.
        repositories: that were read.
        findings: in the order of the page.
    """

    paper: Text
    about: Text
    repositories: tuple[Repository, ...] = ()
    findings: tuple[Finding, ...] = ()


def released_path(paper: str) -> Path:
    """The file of a paper."""
    return project_root() / "data" / "released" / f"{paper}.yml"


@cache
def _load(path: Path, changed: int) -> ReleasedCode:
    return load_released(path)


def released_code(paper: str) -> ReleasedCode:
    """What was found in the code of a paper.

    Raises:
        LedgerError: see `load_released`.
    """
    path = released_path(paper)
    return _load(path, path.stat().st_mtime_ns if path.is_file() else 0)


def all_findings() -> list[Finding]:
    """Every paper's findings, in the order of the book.

    Raises:
        LedgerError: two of them have one id, or as `load_released`.
    """
    found = [finding for paper in PAPERS for finding in released_code(paper).findings]
    _refuse_twice("data/released", "id", (finding.id for finding in found))
    return found


def findings_of(claim_id: str, paper: str) -> list[Finding]:
    """The findings that concern a claim."""
    return [finding for finding in released_code(paper).findings if claim_id in finding.claims]


def released_verdict(
    findings: Iterable[Finding], matters: Callable[[str], bool] = lambda name: False
) -> ReleasedVerdict:
    """What the code says about a claim, from the findings that concern it.

    One place that deviates from the text suffices. Choices that the text leaves open are no
    deviation. Without any place in released code the verdict is that there is none.

    Args:
        findings: of the claim.
        matters: from a finding's id to whether rows show that a verdict changes with it.
    """
    found = list(findings)
    deviations = [item.id for item in found if item.relation is Relation.DEVIATES]
    if deviations:
        changed = any(matters(name) for name in deviations)
        return ReleasedVerdict.MATTERS if changed else ReleasedVerdict.DEVIATES
    if any(item.relation is not Relation.ABSENT for item in found):
        return ReleasedVerdict.AS_DESCRIBED
    return ReleasedVerdict.NOT_RELEASED


def load_released(path: Path) -> ReleasedCode:
    """Read and validate one file.

    Raises:
        LedgerError: the file does not exist, is not valid YAML, has a wrong field, names a claim,
            repository or setting that does not exist, or names one thing twice.
    """
    found = read_file(path, ReleasedCode.model_validate, "file of released code")
    _refuse_twice(str(path), "repositories.name", (item.name for item in found.repositories))
    _refuse_twice(str(path), "findings.id", (item.id for item in found.findings))
    ledger = project_root() / "data" / "claims" / path.name
    claims = {claim.id for claim in load_paper(ledger).claims}
    repositories = {item.name for item in found.repositories}
    for finding in found.findings:
        _validate(path, finding, claims, repositories)
    return found


def _validate(path: Path, finding: Finding, claims: set[str], repositories: set[str]) -> None:
    def fail(field: str, problem: str) -> None:
        raise LedgerError(f"{path}: finding {finding.id}: field {field}: {problem}")

    for claim in finding.claims:
        if claim not in claims:
            fail("claims", f"{claim!r} is not a claim of this paper")
    for place in finding.places:
        if place.code not in repositories:
            known = ", ".join(sorted(repositories)) or "none"
            fail("places", f"unknown repository {place.code!r}; known: {known}")
    if bool(finding.places) == (finding.relation is Relation.ABSENT):
        fail("places", "name at least one, unless the relation is 'not released'")
    if finding.setting and not _is_importable(finding.setting):
        fail("setting", f"{finding.setting!r} cannot be imported")
    if finding.test:
        file, _, function = finding.test.partition("::")
        source = project_root() / file
        if not function or not source.is_file() or f"def {function}(" not in source.read_text():
            fail("test", f"there is no {finding.test!r}; give `tests/…/file.py::function`")


def _is_importable(name: str) -> bool:
    """Whether a dotted name leads to something."""
    from pydoc import locate

    return name.startswith("saliency_audit.") and locate(name) is not None


def _refuse_twice(where: str, field: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise LedgerError(f"{where}: field {field}: {name!r} is used twice")
        seen.add(name)
