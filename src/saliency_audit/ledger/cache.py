"""Finished audits kept between runs, under a key of everything that they depend on.

If a file is missing, damaged or has another key, the audit is computed again. Published verdicts
are never taken from here: `saliency-audit verify` recomputes all of them.
"""

import hashlib
import os
import pickle
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from saliency_audit.ledger.schema import Claim
from saliency_audit.locations import project_root
from saliency_audit.reach import result_digest, strings_in

PACKAGES = (
    *("numpy", "pandas", "pillow", "POT", "pyarrow", "pydantic", "scikit-image", "scikit-learn"),
    *("scipy", "sympy", "threadpoolctl", "torch", "torchvision"),
)
AUDITED_BY = ("saliency_audit.ledger.audit",)


def audit_key(claim: Claim) -> str:
    """SHA-256 over a claim's entry, the data and the code that its audit reads, and packages."""
    digest = hashlib.sha256(claim.model_dump_json().encode())
    digest.update(sys.version.encode())
    for name in PACKAGES:
        digest.update(f"{name} {version(name)}".encode())
    digest.update(result_digest(AUDITED_BY, names=strings_in(claim.model_dump())).encode())
    return digest.hexdigest()


def load(claim: Claim, key: str) -> Any | None:
    """What was stored for this claim under this key; None if nothing usable was."""
    try:
        stored_key, audit = pickle.loads(_path(claim).read_bytes())
    except Exception:
        return None
    return audit if stored_key == key else None


def store(claim: Claim, key: str, audit: Any) -> None:
    """Keep an audit, if the folder can be written to."""
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
