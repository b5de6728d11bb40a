"""Errata found by reading a paper: `data/errata/<paper>.yml`.

Errata found by a computation are built by the internal test that finds them: if their cause goes,
so do they.
"""

from pathlib import Path

from saliency_audit.ledger.internal import TESTS_BY_PAPER
from saliency_audit.ledger.schema import Claim, LedgerError, read_file
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
    found = read_file(path, ErrataFile.model_validate, "file of errata")
    for number, entry in enumerate(found.errata):
        if entry.claim not in TESTS_BY_PAPER[found.paper]:
            raise LedgerError(
                f"{path}: field errata.{number}.claim: {entry.claim!r} is not a claim of this "
                "paper with an internal test"
            )
    return found
