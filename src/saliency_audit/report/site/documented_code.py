"""Pages that document code are read again when any documented code changed."""

import hashlib
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from saliency_audit.reach.sources import LOADED

# Nothing that a page documents imports this one.
NOT_DOCUMENTED = "saliency_audit.report."


def pages_of_code(app: Sphinx, env: BuildEnvironment, *_: Any) -> list[str]:
    """Pages to read again (Sphinx event `env-get-outdated`).

    Sphinx itself reads a page again if a module that it documents changed. A module may break by
    what it imports, too: so all of them count, whichever module changed.
    """
    digest = hashlib.sha256()
    for name, text in LOADED.texts.items():
        if not name.startswith(NOT_DOCUMENTED):
            digest.update(name.encode() + hashlib.sha256(text).digest())
    if getattr(env, "saliency_audit_code", "") == digest.hexdigest():
        return []
    # Kept with the pages as they were read.
    env.saliency_audit_code = digest.hexdigest()  # type: ignore[attr-defined]
    return [
        page
        for page, files in env.dependencies.items()
        if any(Path(file).suffix == ".py" for file in files)
    ]
