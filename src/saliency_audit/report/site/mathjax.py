"""MathJax from this machine: one file with its fonts inside, so that formulas work offline."""

import shutil
from importlib.util import find_spec
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

PACKAGE = "sphinx-mathjax-offline"  # the distribution's folder has this name, hyphens included
FILE = "tex-svg.js"


def copy_mathjax(app: Sphinx, exception: Exception | None) -> None:
    """Copy MathJax to where `mathjax_path` expects it (Sphinx event `build-finished`)."""
    if exception is not None or app.builder.format != "html":
        return
    target = Path(app.outdir) / "_static" / "mathjax" / FILE
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(mathjax_file(), target)


def mathjax_file() -> Path:
    """The installed MathJax file.

    Raises:
        ExtensionError: the package is not installed.
    """
    spec = find_spec(PACKAGE)
    path = Path(spec.origin).parent / "static" / "mathjax" / FILE if spec and spec.origin else None
    if path is None or not path.is_file():
        raise ExtensionError(f"{FILE} is missing; install the extra `book` ({PACKAGE})")
    return path
