"""The real package: what reading it takes for granted holds, and what runs is reached."""

import ast
import json
import subprocess
import sys
from dataclasses import replace

import pytest

from saliency_audit.locations import project_root
from saliency_audit.reach.code import parse
from saliency_audit.reach.data import ledger_entries
from saliency_audit.reach.sources import LOADED
from saliency_audit.reach.walk import EXPERIMENTS, TABLES, reached
from saliency_audit.study import available

NOTEBOOKS = sorted((project_root() / "notebooks").glob("*.py"))


def of_notebook(path, sources=LOADED):
    entries = ledger_entries(project_root() / "data")
    return reached(
        script=path.read_text(encoding="utf-8"),
        meaning=lambda name: entries[name].strings if name in entries else (),
        sources=sources,
    )


DEFINING = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.AnnAssign)


def defines_only(statement):
    """Whether a statement at the top level of a module does nothing but define names."""
    if isinstance(statement, ast.If):  # `if TYPE_CHECKING`, `if __name__ == "__main__"`
        return isinstance(statement.test, ast.Name | ast.Compare)
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    if isinstance(statement, ast.Assign):
        return all(isinstance(target, ast.Name | ast.Tuple) for target in statement.targets)
    return isinstance(statement, DEFINING)


# The command adds its parts to itself, and nothing imports it.
@pytest.mark.parametrize("module", sorted(LOADED.texts.keys() - {"saliency_audit.cli"}))
def test_importing_a_module_only_defines_names(module):
    for statement in ast.parse(LOADED.texts[module]).body:
        assert defines_only(statement), f"{module}, line {statement.lineno}"


def test_the_tables_are_there():
    for table in TABLES:
        assert any(name.startswith(table.removesuffix("*")) for name in LOADED.texts), table


def test_every_experiment_is_an_entry_under_its_name():
    assert set(parse(LOADED.texts[EXPERIMENTS], EXPERIMENTS).entries) == set(available())


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_reaches_its_own_figures_and_experiment_and_no_other_papers_tests(path):
    found = of_notebook(path)
    assert "saliency_audit.runner" not in found.texts
    assert len(found.texts) < len(LOADED.texts) / 2
    own = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(own):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
            "saliency_audit.report"
        ):
            assert node.module in found.texts
    experiments = {name for name in available() if f'get_experiment("{name}")' in path.read_text()}
    assert {f"saliency_audit.study.experiments.{name}" for name in experiments} <= set(found.texts)


def edited(module):
    return replace(LOADED, texts={**LOADED.texts, module: LOADED.texts[module] + b"\nX = 1\n"})


@pytest.mark.parametrize(
    ("notebook", "module", "changes"),
    [
        ("ggig_sparse", "report.figures.ggig.sparse", True),
        ("ggig_sparse", "report.figures.ggig.mnist", False),
        ("ggig_sparse", "report.figures.mege.distances", False),
        ("ggig_sparse", "study.experiments.ggig_sparse", True),
        ("ggig_sparse", "study.experiments.idgi_cost", False),
        ("ggig_sparse", "report.site.claim_page", False),
        ("ggig_sparse", "metrics.top_pixels", True),
        ("ggig_sparse", "ledger.resampling", True),
        ("mege_product", "ledger.internal.mege.mr_prod", True),
        ("mege_product", "ledger.internal.mege.mr_acc", False),
        ("mege_product", "ledger.internal.idgi.idgi_ins", False),
        ("sanity_checks", "study.experiments.ggig_sigma", True),
    ],
)
def test_a_change_reaches_the_notebooks_that_it_concerns(notebook, module, changes):
    path = project_root() / "notebooks" / f"{notebook}.py"
    after = of_notebook(path, edited(f"saliency_audit.{module}"))
    assert (after.digest() != of_notebook(path).digest()) == changes


# Runs in a process of its own: what others have cached would not run again.
USED = """
import cProfile, json, sys
from pathlib import Path
import matplotlib
matplotlib.use("Agg")
import saliency_audit
from saliency_audit.ledger import audit, load_claims, schema
from saliency_audit.study import get_experiment

package = Path(saliency_audit.__file__).parent

# What refuses malformed entries asks every test; it makes no result.
load_claims()
assert schema._validate_references
schema._validate_references = lambda path, claim: None

def used_by(work):
    profile = cProfile.Profile()
    profile.runcall(work)
    found = set()
    for code in (entry.code for entry in profile.getstats()):
        if not isinstance(code, str) and Path(code.co_filename).is_relative_to(package):
            if code.co_name != "<module>":
                parts = Path(code.co_filename).relative_to(package).with_suffix("").parts
                found.add(".".join(["saliency_audit", *(p for p in parts if p != "__init__")]))
    return sorted(found)

def run(path):
    import jupytext
    names = {"__name__": "__main__"}
    for cell in jupytext.read(path, fmt="py:percent").cells:
        if cell.cell_type == "code":
            exec(compile(cell.source, path, "exec"), names)

def compute(name):
    experiment = get_experiment(name)
    task = experiment.tasks(experiment.configure("embedded"))[0]
    experiment.compute(task)

found = {}
for kind, name in json.loads(sys.argv[1]):
    work = {
        "claim": lambda: audit._audit(load_claims()[name]),
        "experiment": lambda: compute(name),
        "notebook": lambda: run(f"notebooks/{name}.py"),
    }[kind]
    found[f"{kind} {name}"] = used_by(work)
print(json.dumps(found))
"""
RUN = (
    ("notebook", "idgi_illustration"),
    ("experiment", "mege_distances"),
    ("claim", "IDGI-THM"),
    ("claim", "MR-LIP-MEGE"),
    ("claim", "GG-TRAIN"),
    ("claim", "XM-EQUIV"),
)


def test_whatever_runs_is_reached(tmp_path):
    """An experiment, some audits and a notebook, run under a profiler that notes every module."""
    done = subprocess.run(
        [sys.executable, "-c", USED, json.dumps(RUN)],
        cwd=project_root(),
        capture_output=True,
        text=True,
        check=True,
    )
    used = json.loads(done.stdout.splitlines()[-1])
    entries = ledger_entries(project_root() / "data")
    for kind, name in RUN:
        if kind == "notebook":
            found = of_notebook(project_root() / "notebooks" / f"{name}.py")
        else:
            begin = "study.compute" if kind == "experiment" else "ledger.audit"
            strings = entries[name].strings if kind == "claim" else [name]
            found = reached([f"saliency_audit.{begin}"], names=strings)
        missed = set(used[f"{kind} {name}"]) - set(found.texts)
        assert used[f"{kind} {name}"], (kind, name)
        assert not missed, (kind, name)
