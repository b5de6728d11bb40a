"""Show executed notebooks under their percent sources.

The table of contents names `notebooks/<name>` (a percent script); what is shown is
`runs/<name>.ipynb`, if it was executed from exactly that script.
"""

import hashlib
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)

FOLDER = "notebooks/"


def inject_run(app: Sphinx, docname: str, content: list[str]) -> None:
    """Replace the text of a percent notebook by its executed run (Sphinx event `source-read`).

    A run made from another version of the source is shown with a warning, which a strict build
    turns into a failure; so is a run in which a cell failed. Without a run the bare notebook is
    shown with a box that says so.
    """
    if not docname.startswith(FOLDER):
        return
    name = docname.removeprefix(FOLDER)
    root = Path(app.srcdir)
    run = root / "runs" / f"{name}.ipynb"
    # Noted although it may not exist: Sphinx then reads the page again once it does, or changes.
    app.env.note_dependency(str(run))
    source = root / f"{docname}.py"
    if not run.is_file():
        notebook = jupytext.reads(content[0], fmt="py:percent")
        box = _box("warning", "Not run yet", f"To run it: `saliency-audit run {name}`.")
    else:
        notebook = nbformat.read(run, as_version=4)
        for fault in run_faults(notebook, source.read_bytes()):
            logger.warning(
                "runs/%s.ipynb %s; run `saliency-audit run %s`", name, fault, name, location=docname
            )
        box = _box("note", "Outputs of a real run", _facts(name, notebook))
    notebook.cells.insert(_after_title(notebook), _markdown_cell(f"{name}-box", box))
    content[0] = nbformat.writes(notebook)


def read_run(text: str) -> NotebookNode:
    """The notebook in a text that `inject_run` has seen (named in `nb_custom_formats`)."""
    if text.lstrip().startswith("{"):
        return nbformat.reads(text, as_version=4)
    return jupytext.reads(text, fmt="py:percent")


def run_faults(notebook: NotebookNode, source: bytes) -> list[str]:
    """Why an executed notebook must not be shown as the result of a source; empty if it may.

    Args:
        notebook: the executed notebook.
        source: bytes of the percent script.
    """
    about = notebook.metadata.get("saliency_audit", {})
    faults = []
    if about.get("source_sha256") != hashlib.sha256(source).hexdigest():
        faults.append("was executed from another version of its source")
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    if any(output.output_type == "error" for output in outputs):
        faults.append("contains a cell that failed")
    return faults


def _facts(name: str, notebook: NotebookNode) -> str:
    about = notebook.metadata.get("saliency_audit", {})
    seconds = notebook.metadata.get("papermill", {}).get("duration")
    profile = about.get("profile")
    ran = "Executed" + (f" at the `{profile}` profile" if profile else "")
    ran += f" in {seconds:.0f} s" if seconds else ""
    return (
        f"{ran}: {{download}}`the executed notebook </runs/{name}.ipynb>`. "
        f"To rerun it with parameters of your own: `saliency-audit run {name} -p NAME=VALUE`."
    )


def _box(kind: str, title: str, text: str) -> str:
    return f":::{{admonition}} {title}\n:class: {kind}\n\n{text}\n:::"


def _after_title(notebook: NotebookNode) -> int:
    return 1 if notebook.cells and notebook.cells[0].cell_type == "markdown" else 0


def _markdown_cell(cell_id: str, text: str) -> NotebookNode:
    cell = nbformat.v4.new_markdown_cell(text)
    cell.id = cell_id[:64]
    return cell
