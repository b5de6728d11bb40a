"""Executed notebooks are shown only under the source that made them."""

import hashlib
from types import SimpleNamespace

import nbformat
import pytest

from saliency_audit.report.site import notebook_reader
from saliency_audit.report.site.notebook_reader import inject_run, read_run, run_faults

SOURCE = """# %% [markdown]
# # A title

# %% tags=["parameters"]
steps: int = 3  # how many
"""


@pytest.fixture
def book(tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "runs").mkdir()
    (tmp_path / "notebooks" / "trial.py").write_text(SOURCE, encoding="utf-8")
    warnings = []
    logger = SimpleNamespace(warning=lambda text, *values, **_: warnings.append(text % values))
    monkeypatch.setattr(notebook_reader, "logger", logger)
    noted = []
    app = SimpleNamespace(srcdir=tmp_path, env=SimpleNamespace(note_dependency=noted.append))
    return SimpleNamespace(app=app, root=tmp_path, warnings=warnings, noted=noted)


def executed(book, source=SOURCE, output=None):
    notebook = read_run(source)
    cell = notebook.cells[-1]
    cell.outputs = [output or nbformat.v4.new_output("stream", text="42\n")]
    notebook.metadata["saliency_audit"] = {
        "source_sha256": hashlib.sha256(source.encode()).hexdigest(),
        "profile": "embedded",
        "parameters": {},
    }
    notebook.metadata["papermill"] = {"duration": 12.4}
    nbformat.write(notebook, book.root / "runs" / "trial.ipynb")


def shown(book, docname="notebooks/trial"):
    content = [SOURCE]
    inject_run(book.app, docname, content)
    return content[0]


def test_without_a_run_the_bare_notebook_says_so(book):
    notebook = read_run(shown(book))
    assert notebook.cells[0].source == "# A title"
    assert "Not run yet" in notebook.cells[1].source
    assert "saliency-audit run trial" in notebook.cells[1].source
    assert not book.warnings
    assert book.noted == [str(book.root / "runs" / "trial.ipynb")]


def test_a_run_of_this_source_is_shown(book):
    executed(book)
    notebook = read_run(shown(book))
    assert "`embedded` profile in 12 s" in notebook.cells[1].source
    assert notebook.cells[-1].outputs[0].text == "42\n"
    assert not book.warnings


def test_a_run_of_another_source_warns(book):
    executed(book, SOURCE + "print(steps)\n")
    shown(book)
    assert book.warnings == [
        "runs/trial.ipynb was executed from another version of its source; "
        "run `saliency-audit run trial`"
    ]


def test_a_run_with_a_failed_cell_warns(book):
    error = nbformat.v4.new_output("error", ename="ValueError", evalue="no", traceback=[])
    executed(book, output=error)
    shown(book)
    assert "failed" in book.warnings[0]


def test_a_run_without_facts_is_not_trusted():
    assert run_faults(nbformat.v4.new_notebook(), b"") == [
        "was executed from another version of its source"
    ]


def test_other_pages_are_left_alone(book):
    assert shown(book, "book/index") == SOURCE
