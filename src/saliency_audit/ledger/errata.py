"""Errata found by reading a paper: `data/errata/<paper>.yml`.

Errata found by a computation are built by the internal test that finds them: if their cause goes,
so do they.
"""

from pathlib import Path

import yaml
from pydantic import ValidationError

from saliency_audit.ledger.internal import TESTS_BY_PAPER
from saliency_audit.ledger.schema import Claim, LedgerError
from saliency_audit.ledger.strict import Strict, Text
from saliency_audit.ledger.verdict import Erratum
from saliency_audit.locations import project_root


class ReadErratum(Strict):
    """One entry: where it stands, what is printed there, what is wrong, the claim that shows it."""

    claim: Text
    location: Text
    printed: Text
    problem: Text


class ErrataFile(Strict):
    """All errata found by reading one paper."""

    paper: Text
    errata: tuple[ReadErratum, ...]


def read_errata(claim: Claim) -> tuple[Erratum, ...]:
    """The errata found by reading that belong to a claim, in the order of the file."""
    return tuple(
        Erratum(entry.location, entry.printed, entry.problem, read=True)
        for entry in load_errata(errata_path(claim.paper)).errata
        if entry.claim == claim.id
    )


def errata_path(paper: str) -> Path:
    """The file of the errata found by reading a paper."""
    return project_root() / "data" / "errata" / f"{paper}.yml"


def load_errata(path: Path) -> ErrataFile:
    """Read and validate one file of errata.

    Raises:
        LedgerError: the file does not exist, is not valid YAML, has a wrong field, or names a claim
            without an internal test, whose page could not show the erratum.
    """
    try:
        found = ErrataFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise LedgerError(f"{path}: the file of errata does not exist") from None
    except yaml.YAMLError as error:
        raise LedgerError(f"{path}: not valid YAML: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "(root)"
        raise LedgerError(f"{path}: field {field}: {first['msg']}") from None
    if found.paper != path.stem:
        raise LedgerError(f"{path}: field paper: must be {path.stem!r}, got {found.paper!r}")
    for number, entry in enumerate(found.errata):
        if entry.claim not in TESTS_BY_PAPER[found.paper]:
            raise LedgerError(
                f"{path}: field errata.{number}.claim: {entry.claim!r} is not a claim of this "
                "paper with an internal test"
            )
    return found
