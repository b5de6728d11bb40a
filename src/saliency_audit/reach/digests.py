"""Checksums that tell whether a result still belongs to its code and its data."""

import hashlib
import os
from collections.abc import Collection, Iterable

from saliency_audit.locations import project_root
from saliency_audit.reach.code import parse
from saliency_audit.reach.data import data_digest, ledger_entries
from saliency_audit.reach.sources import LOADED
from saliency_audit.reach.walk import EXPERIMENTS, reached

COMPUTED_BY = "saliency_audit.study.compute"


def everything_counts() -> bool:
    """Whether digests leave nothing out, as they must in continuous integration (`CI=true`)."""
    return os.environ.get("CI", "").lower() in ("1", "true")


def experiment_digest(name: str) -> str:
    """SHA-256 over the modules that make an experiment's rows, as they were loaded.

    For an experiment that is in no table, such as one under development, all modules count.
    """
    everything = everything_counts() or name not in _experiments()
    found = reached([COMPUTED_BY], names=[name], everything=everything, sources=LOADED)
    return found.digest()


def result_digest(
    modules: Iterable[str] = (), *, script: str | None = None, names: Iterable[str] = ()
) -> str:
    """SHA-256 over the code and the files below `data/` that a result depends on.

    A claim's id, wherever it occurs as a string, leads to its entry in the ledger, its paper's
    printed numbers, its experiment's recorded rows and its tests.

    Args:
        modules: dotted names of modules that make the result.
        script: text of a script that does.
        names: of claims, experiments or tests besides those that occur in the code.
    """
    data = project_root() / "data"
    entries = ledger_entries(data)
    found = reached(
        modules,
        script=script,
        names=names,
        meaning=lambda name: entries[name].strings if name in entries else (),
        everything=everything_counts(),
        sources=LOADED,
    )
    digest = hashlib.sha256(found.digest().encode())
    files = data_digest(data, found.strings, _experiments(), everything=everything_counts())
    digest.update(files.encode())
    return digest.hexdigest()


def _experiments() -> Collection[str]:
    return parse(LOADED.texts[EXPERIMENTS], EXPERIMENTS).entries.keys()
