"""The book's Sphinx extension: executed notebooks, links to claims, docstrings, own MathJax.

Extension setup only; each part has its module.
"""

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from saliency_audit.report.site.claim_links import ClaimLinks
from saliency_audit.report.site.docstrings import process_docstring
from saliency_audit.report.site.documented_code import pages_of_code
from saliency_audit.report.site.mathjax import copy_mathjax
from saliency_audit.report.site.notebook_reader import inject_run, read_run
from saliency_audit.report.site.rewritten_pages import delete_unused, pages_to_write

__all__ = ["read_run", "setup"]


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the parts (called by Sphinx)."""
    if not (Path(app.srcdir) / "book" / "generated").is_dir():
        raise ExtensionError("the generated pages are missing; build with `saliency-audit build`")
    app.connect("source-read", inject_run)
    app.connect("env-get-outdated", pages_of_code)
    app.connect("env-get-updated", pages_to_write, priority=900)  # after what numbers sections
    app.add_transform(ClaimLinks)
    # Before napoleon (500), which adds markup of its own.
    app.connect("autodoc-process-docstring", process_docstring, priority=400)
    app.connect("build-finished", copy_mathjax)
    app.connect("build-finished", delete_unused)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
