"""Which files below `data/` a result depends on: those of the papers and experiments that it names.

A file without an owner counts for every result. Entries of the ledger count one by one.
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

# Folders whose files belong to the paper that a file or folder right below is named after.
OF_A_PAPER = ("claims", "errata", "paper", "released")
# Below each profile, what belongs to the experiment that it is named after.
ROWS = "results"
# Derived from the other files, and read only to build the site.
MADE_FROM_THE_REST = ("benchmarks", "verdicts.json")

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Entry:
    """A claim as it stands in the ledger, by its text as JSON, and all strings in it."""

    text: str
    strings: frozenset[str]


def ledger_entries(data: Path) -> dict[str, Entry]:
    """The claims of the ledger by id, without those of a file that cannot be read."""
    found: dict[str, Entry] = {}
    for path in sorted((data / "claims").glob("*.yml")):
        found.update(_entries(path.read_bytes()))
    return found


@lru_cache(maxsize=16)
def _entries(content: bytes) -> Mapping[str, Entry]:
    try:
        raw = yaml.load(content, _Loader)
        claims = raw.pop("claims")
        return {
            claim["id"]: Entry(
                json.dumps([raw, claim], sort_keys=True, default=str),
                frozenset(strings_in([raw, claim])),
            )
            for claim in claims
        }
    except (yaml.YAMLError, AttributeError, KeyError, TypeError):
        return {}


def strings_in(value: Any) -> Iterator[str]:
    """Every string in nested mappings and sequences, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from strings_in(key)
            yield from strings_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from strings_in(item)


def data_digest(
    data: Path, names: Collection[str], experiments: Collection[str], *, everything: bool = False
) -> str:
    """SHA-256 over the files below `data/` that a result with these names depends on.

    Args:
        data: the folder.
        names: of claims, papers and experiments; others are ignored.
        experiments: all known ones.
        everything: whether all files count.
    """
    papers = {path.stem for path in (data / "claims").glob("*.yml")}
    digest = hashlib.sha256()
    for path in sorted(path for path in data.rglob("*") if path.is_file()):
        parts = path.relative_to(data).parts
        owner = _owner(parts, papers, experiments)
        counts = owner in names if owner else parts[0] not in MADE_FROM_THE_REST
        if parts[0] == "claims":
            counts = not _entries(path.read_bytes())
        if everything or counts:
            digest.update("/".join(parts).encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    for name, entry in ledger_entries(data).items():
        if name in names:
            digest.update(f"{name} {entry.text}".encode())
    return digest.hexdigest()


def _owner(
    parts: tuple[str, ...], papers: Collection[str], experiments: Collection[str]
) -> str | None:
    """The paper or experiment that a file or folder is named after; None if there is none."""
    if parts[0] in OF_A_PAPER:
        known, below = papers, parts[1:]
    elif parts[0] == ROWS:
        known, below = experiments, parts[2:]
    else:
        return None
    found = [name for name in known if below and below[0].startswith(name)]
    return max(found, key=len, default=None)
