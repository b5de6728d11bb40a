"""Where things lie: the project folder, the data root and the results."""

import os
from pathlib import Path

from saliency_audit.errors import AuditError


class ProjectNotFoundError(AuditError, RuntimeError):
    """The ledger, notebooks or recorded rows are needed, but no project folder was found."""


def project_root() -> Path:
    """The project folder: the one that holds `data/claims`.

    Taken from `SALIENCY_PROJECT`, else the nearest parent of the working directory, else the
    checkout this package was installed from (editable install).
    """
    if chosen := os.environ.get("SALIENCY_PROJECT"):
        candidates = [Path(chosen)]
    else:
        here = Path.cwd()
        candidates = [here, *here.parents, Path(__file__).resolve().parents[2]]
    for folder in candidates:
        if (folder / "data" / "claims").is_dir():
            return folder.resolve()
    raise ProjectNotFoundError(
        "no project folder found (looked for data/claims in "
        f"{', '.join(str(c) for c in candidates[:3])} …). Run inside a clone of the repository, "
        "or set SALIENCY_PROJECT to one."
    )


def data_root() -> Path:
    """Folder of image sets and weights: `SALIENCY_DATA`, else a cache folder in the user's home."""
    if chosen := os.environ.get("SALIENCY_DATA"):
        return Path(chosen).expanduser()
    return Path.home() / ".cache" / "saliency-audit"
