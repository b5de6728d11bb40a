"""The ledger's schema: what an entry of `data/claims/<paper>.yml` must say."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Protocol, TypeVar

import yaml
from pydantic import Field, StringConstraints, ValidationError

from saliency_audit.errors import AuditError
from saliency_audit.ledger.choices import SettingsSpec, settings_of
from saliency_audit.ledger.external.scope import needed_columns
from saliency_audit.ledger.internal import TESTS as INTERNAL_TESTS
from saliency_audit.ledger.printed import table_names
from saliency_audit.ledger.strict import Strict, Text
from saliency_audit.ledger.vocabulary import PAPERS
from saliency_audit.locations import project_root


class LedgerError(AuditError, ValueError):
    """An entry of the ledger is wrong; the message names the file, the claim and the field."""


class InternalSpec(Strict):
    """The internal test: a question put to the paper's own numbers, or the reason for none.

    `planned` marks a test that is not written yet. `history` records every change of the test or
    withdrawal of an erratum: when, what, why, and what it did to the verdict.
    """

    question: Text | None = None
    nothing_to_test: Text | None = None
    planned: bool = False
    history: tuple[Text, ...] = ()


class ReplicationSpec(Strict):
    """Which rows are of the claim's own networks and data; all others count as generalisation.

    Attributes:
        networks: names, with `*` for a family of copies; any network if empty.
        images: names of image sets; any if empty.
        least: by column, the value that a network must reach in some row on an image set: steps,
            points of GGIG's climb. One number, or one by image set.
        accuracy: the range in percent that the paper states, by image set. A narrower copy counts
            as the claim's network if it is as accurate.
        why: the reason for the choice, if it needs one.
    """

    networks: tuple[Text, ...] = ()
    images: tuple[Text, ...] = ()
    least: dict[str, float | dict[str, float]] = Field(default_factory=dict)
    accuracy: dict[str, tuple[float, float]] = Field(default_factory=dict)
    why: Text | None = None


class ExternalSpec(Strict):
    """The external test, declared before its rows exist.

    `test` names a function of `saliency_audit.ledger.external`; `parameters` are its arguments.
    `replication` says which rows are the claim's own. `settings` are the choices that text and code
    leave open, with the rows that have them. `planned` marks an experiment that is not
    written yet, whose test may be to come, too. `history` records every change of the rule since it
    was declared: when, what, why, and what it did to the verdict.
    """

    experiment: Text | None = None
    metrics: tuple[Text, ...] = ()
    comparison: Text | None = None
    threshold: Text | None = None
    test: Text | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)
    replication: ReplicationSpec | None = None
    settings: SettingsSpec | None = None
    planned: bool = False
    nothing_to_test: Text | None = None
    history: tuple[Text, ...] = ()


class Claim(Strict):
    """One claim of one paper."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,4}-[A-Z0-9]+(-[A-Z0-9]+)*$")]
    title: Text
    location: Text
    statement: Text
    printed: tuple[Text, ...] = ()
    internal: InternalSpec
    external: ExternalSpec
    notebook: Text | None = None
    notebook_planned: bool = False
    paper: str = ""


class Paper(Strict):
    """One audited paper and its claims."""

    paper: Text
    title: Text
    short: Text
    citation_key: Text
    claims: tuple[Claim, ...]


File = TypeVar("File", bound="OfPaper")

# What skeletons of `saliency-audit new` hold in place of a text.
UNWRITTEN = "TO WRITE"


def load_papers() -> tuple[Paper, ...]:
    """Every paper of the ledger, validated, in the order of the book."""
    folder = project_root() / "data" / "claims"
    return tuple(load_paper(folder / f"{paper}.yml") for paper in PAPERS)


def load_claims() -> dict[str, Claim]:
    """Every claim by its id."""
    claims: dict[str, Claim] = {}
    for paper in load_papers():
        for claim in paper.claims:
            if claim.id in claims:
                raise LedgerError(f"data/claims/{paper.paper}.yml: claim {claim.id}: id used twice")
            claims[claim.id] = claim
    return claims


def load_paper(path: Path) -> Paper:
    """Read and validate one ledger file."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LedgerError(f"{path}: the ledger file does not exist") from None
    except yaml.YAMLError as error:
        raise LedgerError(f"{path}: not valid YAML: {error}") from None
    if not isinstance(raw, dict) or not isinstance(raw.get("claims"), list):
        raise LedgerError(f"{path}: expected a mapping with a list `claims`")
    for entry in raw["claims"]:
        if isinstance(entry, dict):
            entry.setdefault("paper", raw.get("paper", ""))
    try:
        paper = Paper.model_validate(raw)
    except ValidationError as error:
        raise LedgerError(_explain(path, raw, error)) from None
    if paper.paper != path.stem:
        raise LedgerError(f"{path}: field paper: must be {path.stem!r}, got {paper.paper!r}")
    for claim in paper.claims:
        if claim.paper != paper.paper:
            raise LedgerError(f"{path}: claim {claim.id}: field paper: must be {paper.paper!r}")
        _validate_references(path, claim)
    return paper


class OfPaper(Protocol):
    """A file of the ledger that belongs to one paper."""

    @property
    def paper(self) -> str:
        """The paper's name, that of the file."""
        ...


def read_file(path: Path, model: Callable[[Any], File], what: str) -> File:
    """Read and validate a file of one paper other than its claims.

    Args:
        path: named after the paper.
        model: makes an entry of what the file holds.
        what: the file in messages.

    Raises:
        LedgerError: the file does not exist, is not valid YAML, has a wrong field, or is of another
            paper.
    """
    try:
        found = model(yaml.safe_load(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise LedgerError(f"{path}: the {what} does not exist") from None
    except yaml.YAMLError as error:
        raise LedgerError(f"{path}: not valid YAML: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "(root)"
        raise LedgerError(f"{path}: field {field}: {first['msg']}") from None
    if found.paper != path.stem:
        raise LedgerError(f"{path}: field paper: must be {path.stem!r}, got {found.paper!r}")
    return found


def _validate_columns(external: ExternalSpec, fail: Callable[[str, str], None]) -> None:
    """Refuse a test, or a replication, that needs columns which the experiment does not have."""
    from saliency_audit.ledger import vocabulary

    there = vocabulary.columns_of(str(external.experiment))
    declared = vocabulary.external_tests()[str(external.test)].declared
    needed = {"external.parameters": declared.columns(external.parameters)}
    if external.replication:
        needed["external.replication"] = needed_columns(external.replication)
    for field, columns in needed.items():
        if lacking := [name for name in columns if name not in there]:
            rows = f"rows of {external.experiment} have no column {', '.join(lacking)}"
            fail(field, f"{rows}; they have {', '.join(there)}")


def _validate_settings(external: ExternalSpec, fail: Callable[[str, str], None]) -> None:
    """Refuse settings of unknown experiments, columns and parameters, and options named twice."""
    from saliency_audit.ledger import vocabulary

    settings = external.settings
    assert settings is not None
    if settings.experiment not in vocabulary.experiments():
        fail("external.settings.experiment", f"unknown experiment {settings.experiment!r}")
    there = vocabulary.columns_of(settings.experiment)
    rows = f"rows of {settings.experiment} have no column"
    columns = [choice.column for choice in settings.choices if choice.column]
    if lacking := [column for column in columns if column not in there]:
        fail("external.settings.choices", f"{rows} {', '.join(lacking)}; they have {there}")
    names = [choice.name for choice in settings.choices]
    for listed in (names, *([o.value for o in choice.options] for choice in settings.choices)):
        if twice := {name for name in listed if listed.count(name) > 1}:
            fail("external.settings.choices", f"named twice: {', '.join(sorted(twice))}")
    declared = vocabulary.external_tests()[str(external.test)].declared
    for setting in settings_of(settings):
        try:
            parameters = setting.parameters({**external.parameters, **settings.parameters})
            declared.refuse(str(external.test), parameters)
        except (KeyError, ValueError) as error:
            fail("external.settings", f"parameters of the test: {error}")
        if lacking := [name for name in declared.columns(parameters) if name not in there]:
            fail("external.settings", f"{rows} {', '.join(lacking)}; they have {there}")


def _explain(path: Path, raw: dict[str, Any], error: ValidationError) -> str:
    first = error.errors()[0]
    where = [str(part) for part in first["loc"]]
    claim = ""
    if len(where) >= 2 and where[0] == "claims" and where[1].isdigit():
        entry = raw["claims"][int(where[1])]
        name = entry.get("id", f"number {where[1]}") if isinstance(entry, dict) else where[1]
        claim, where = f" claim {name}:", where[2:]
    return f"{path}:{claim} field {'.'.join(where) or '(root)'}: {first['msg']}"


def _validate_references(path: Path, claim: Claim) -> None:
    """Refuse names that lead nowhere: tables, tests, experiments, metrics, notebooks."""
    from saliency_audit.ledger import vocabulary

    def fail(field: str, problem: str) -> None:
        raise LedgerError(f"{path}: claim {claim.id}: field {field}: {problem}")

    tables = table_names(claim.paper)
    for name in claim.printed:
        if name not in tables:
            fail("printed", f"unknown table {name!r}; known: {', '.join(tables)}")
    if bool(claim.internal.question) == bool(claim.internal.nothing_to_test):
        fail("internal.question", "give either a question or nothing_to_test (and only one)")
    if claim.internal.question and claim.id not in INTERNAL_TESTS:
        fail("internal.question", "no internal test is listed for this claim")
    external = claim.external
    if external.nothing_to_test:
        if external.experiment:
            fail("external.nothing_to_test", "cannot stand beside an experiment")
        return
    for field in ("experiment", "comparison", "threshold", "test", "replication"):
        if not getattr(external, field):
            fail(f"external.{field}", "missing")
    for name in external.metrics:
        if name not in vocabulary.METRICS:
            known = ", ".join(sorted(vocabulary.METRICS))
            fail("external.metrics", f"unknown metric {name!r}; known: {known}")
    if not external.planned and external.experiment not in vocabulary.experiments():
        fail(
            "external.experiment",
            f"unknown experiment {external.experiment!r} (mark it planned if it is to come)",
        )
    if not external.planned:
        for field, value in external.model_dump().items():
            if UNWRITTEN in str(value):
                fail(f"external.{field}", f"still says {UNWRITTEN}; write it, or mark it planned")
    tests, test = vocabulary.external_tests(), str(external.test)
    if not external.planned and test not in tests:
        fail(
            "external.test",
            f"unknown external test {test!r} (mark it planned if it is to come); known: "
            f"{', '.join(tests)}",
        )
    if test in tests:
        try:
            tests[test].declared.refuse(test, external.parameters)
        except ValueError as error:
            fail("external.parameters", str(error))
        if not external.planned:
            _validate_columns(external, fail)
    if external.settings:
        _validate_settings(external, fail)
    if claim.notebook and not claim.notebook_planned:
        source = project_root() / "notebooks" / f"{claim.notebook}.py"
        if not source.is_file():
            fail(
                "notebook",
                f"unknown notebook {claim.notebook!r} (mark it planned if it is to come)",
            )
