"""Finished audits kept between runs, under a key of everything that they depend on.

A file that is missing, damaged or of another key is no fault: the audit is computed again. What is
published is never taken from here: `saliency-audit verify` recomputes all of it.
"""

import hashlib
import os
import pickle
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from saliency_audit.ledger.schema import Claim
from saliency_audit.locations import project_root

PACKAGES = (
    *("numpy", "pandas", "pillow", "POT", "pyarrow", "pydantic", "scikit-image", "scikit-learn"),
    *("scipy", "sympy", "threadpoolctl", "torch"),
)


def audit_key(claim: Claim) -> str:
    """SHA-256 over a claim's entry, its paper's printed numbers and errata, its rows, our code."""
    digest = hashlib.sha256(_PROGRAM)
    digest.update(claim.model_dump_json().encode())
    for path in _inputs(claim):
        digest.update(path.as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def load(claim: Claim, key: str) -> Any | None:
    """What was stored for this claim under this key; None if there is nothing of use."""
    try:
        stored_key, audit = pickle.loads(_path(claim).read_bytes())
    except Exception:
        return None
    return audit if stored_key == key else None


def store(claim: Claim, key: str, audit: Any) -> None:
    """Keep an audit; in a folder that cannot be written to nothing is kept."""
    path = _path(claim)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(pickle.dumps((key, audit)))
        os.replace(temporary, path)
    except OSError:
        return


def _path(claim: Claim) -> Path:
    return project_root() / "runs" / "cache" / f"{claim.id}.pickle"


def _inputs(claim: Claim) -> Iterator[Path]:
    data = project_root() / "data"
    yield from sorted((data / "paper" / claim.paper).rglob("*.csv"))
    yield from sorted((data / "errata").glob(f"{claim.paper}.yml"))
    if claim.external.experiment:
        for kind in ("json", "parquet"):
            yield from sorted((data / "results").glob(f"*/{claim.external.experiment}.{kind}"))


def _program() -> bytes:
    """Digest of the package's modules and of the versions of what they compute with."""
    package = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256(sys.version.encode())
    for name in PACKAGES:
        digest.update(f"{name} {version(name)}".encode())
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.digest()


# Taken when the code is loaded: a process that outlives a change of the files must not store what
# its old code found under the key of the new.
_PROGRAM = _program()
