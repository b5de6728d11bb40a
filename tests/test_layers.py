"""Imports go down only, and computing needs no notebook, book or ledger package."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import saliency_audit

PACKAGE = Path(saliency_audit.__file__).parent
BELOW: dict[str, set[str]] = {
    "datasets": set(),
    "models": {"datasets"},
    "attributions": set(),
    "metrics": {"attributions"},
    "sanity": {"metrics", "attributions", "models"},
    "released": {"metrics", "attributions", "models"},
    "study": {"released", "sanity", "metrics", "attributions", "models", "datasets"},
    "ledger": {"study", "released", "sanity", "metrics", "attributions", "models", "datasets"},
    "report": {
        *("ledger", "study", "released", "sanity", "metrics", "attributions", "models", "datasets"),
        "notebooks",
    },
    # It reads the sources as text, so that it works where they do not import.
    "scaffold": set(),
}


def _imports(path: Path) -> set[str]:
    """Names of our own packages that a module imports, at any depth of its code."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "saliency_audit" and len(parts) > 1:
                found.add(parts[1])
    return found


@pytest.mark.parametrize("layer", BELOW)
def test_imports_go_down_only(layer: str) -> None:
    allowed = BELOW[layer] | {layer, "locations", "errors", "files", "parameters", "digests"}
    allowed |= {"processes", "reach", "one_output", "answers"}
    for path in (PACKAGE / layer).rglob("*.py"):
        assert _imports(path) <= allowed, path.relative_to(PACKAGE)


def test_computing_imports_without_notebook_and_book_packages() -> None:
    code = """
import sys
blocked = {"jupytext", "papermill", "nbformat", "IPython", "sphinx", "jupyter_book", "pydantic"}
blocked |= {"captum", "timm"}
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in blocked:
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
import saliency_audit.attributions, saliency_audit.metrics, saliency_audit.study, saliency_audit.cli
print(saliency_audit.study.available())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "idgi_scores" in done.stdout


def test_report_takes_its_intervals_from_the_ledger() -> None:
    allowed = {"ledger.statistics": {"Estimate"}, "ledger.resampling": set()}
    for path in (PACKAGE / "report").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                module = (node.module or "").removeprefix("saliency_audit.")
                assert not module.startswith("scipy"), path
                if module in allowed:
                    assert {alias.name for alias in node.names} <= allowed[module], path


# What the ledger is quick without; torch and scipy's statistics it needs.
SLOW = {"torchvision", "timm", "torch._dynamo", "sklearn", "matplotlib", "distributed", "captum"}


@pytest.mark.parametrize(
    ("module", "without"),
    [
        ("ledger", SLOW),
        ("cli", SLOW | {"torch", "pandas", "scipy"}),
        ("runner", SLOW | {"torch", "pandas", "scipy", "papermill", "jupytext"}),
        ("report.site.build", SLOW | {"torch", "pandas", "scipy", "sphinx"}),
    ],
)
def test_importing_leaves_slow_packages_to_who_uses_them(module: str, without: set[str]) -> None:
    code = f"import sys, saliency_audit.{module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not without & set(done.stdout.split())
