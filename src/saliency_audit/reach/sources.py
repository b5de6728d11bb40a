"""The texts of the package's modules."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Sources:
    """The modules of a package: texts by dotted name, and which of them are packages."""

    texts: Mapping[str, bytes]
    packages: frozenset[str]


def read_sources(folder: Path, package: str) -> Sources:
    """Every module below the folder of a package."""
    texts, packages = {}, set()
    for path in sorted(folder.rglob("*.py")):
        parts = [package, *path.relative_to(folder).with_suffix("").parts]
        if parts[-1] == "__init__":
            parts.pop()
            packages.add(".".join(parts))
        texts[".".join(parts)] = path.read_bytes()
    return Sources(texts, frozenset(packages))


# Read when the code is loaded: files that change later did not make the results of this process.
LOADED = read_sources(Path(__file__).parents[1], "saliency_audit")
