"""A claim's id leads to its figures: a module of its paper's folder names it in the first line."""

import ast
import re
from pathlib import Path

import pytest

import saliency_audit.report.figures as figures
from saliency_audit.ledger import load_claims
from saliency_audit.locations import project_root

FOLDER = Path(figures.__file__).parent
SHOWN = {
    name: claim
    for name, claim in load_claims().items()
    if claim.notebook and not claim.notebook_planned
}


def named_in(module: Path) -> set[str]:
    """The claims in the first line of a module."""
    text = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    return set(re.findall(r"\b[A-Z]+(?:-[A-Z]+)+\b", text.splitlines()[0]))


@pytest.mark.parametrize("name", SHOWN)
def test_the_notebook_of_a_claim_shows_a_module_that_names_it(name):
    claim = SHOWN[name]
    modules = [path for path in (FOLDER / claim.paper).glob("*.py") if name in named_in(path)]
    assert modules
    notebook = project_root() / "notebooks" / f"{claim.notebook}.py"
    imported = {
        node.module
        for node in ast.walk(ast.parse(notebook.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
    }
    for path in modules:
        assert f"saliency_audit.report.figures.{claim.paper}.{path.stem}" in imported


def test_every_named_claim_exists():
    named = set().union(*(named_in(path) for path in FOLDER.rglob("*.py")))
    assert named == set(SHOWN)
