"""A small package with a facade, a table and what they lead to."""

import pytest

from saliency_audit.reach import walk
from saliency_audit.reach.sources import read_sources

FILES = {
    "__init__.py": '"""The package."""\n',
    "numbers.py": "ONE = 1\n",
    "study/__init__.py": (
        '"""Facade."""\n'
        "from saliency_audit.study.registry import available, get\n"
        "from saliency_audit.study.store import Store, read\n"
        '__all__ = ["Store", "available", "get", "read"]\n'
    ),
    "study/store.py": "from saliency_audit.numbers import ONE\n\nclass Store: ...\n\ndef read(): ...\n",
    "study/registry.py": (
        "from saliency_audit.study.experiment import Experiment\n"
        "from saliency_audit.study.experiments import first, second\n"
        "TABLE: dict[str, Experiment] = {e.NAME: e.RUN for e in (first, second)}\n"
        "def available(): return tuple(TABLE)\n"
        "def get(name): return TABLE[name]\n"
    ),
    "study/experiment.py": "class Experiment: ...\n",
    "study/experiments/__init__.py": "",
    "study/experiments/first.py": (
        "import numpy as np\nfrom saliency_audit.study.helper import help_first\nNAME = 'first'\n"
    ),
    "study/experiments/second.py": "def run():\n    from ..lazily import late\n",
    "study/helper.py": "def help_first(): ...\n",
    "study/lazily.py": "late = 1\n",
    "ledger/__init__.py": "from saliency_audit.ledger.audit import audit\n",
    "ledger/audit.py": (
        "from saliency_audit.ledger.internal import run\n\ndef audit(claim): ...\n"
        "def audit_all(): ...\n"
    ),
    "ledger/internal/__init__.py": (
        "from saliency_audit.ledger.internal import mine, other\n"
        "TESTS = {'mine': mine.TESTS, 'other': other.TESTS}\n"
        "def run(claim): ...\n"
    ),
    "ledger/internal/mine/__init__.py": (
        "from saliency_audit.ledger.internal.mine import a_one, a_two\n"
        "TESTS = {'A-ONE': a_one.test, 'A-TWO': a_two.test}\n"
    ),
    "ledger/internal/mine/a_one.py": "def test(): ...\n",
    "ledger/internal/mine/a_two.py": "def test(): ...\n",
    "ledger/internal/other/__init__.py": (
        "from saliency_audit.ledger.internal.other.b_one import test\nTESTS = {'B-ONE': test}\n"
    ),
    "ledger/internal/other/b_one.py": "def test(): ...\n",
    "ledger/vocabulary.py": (
        "def names():\n    from saliency_audit.study import available\n    return available()\n"
        "PAPERS = ('mine', 'other')\n"
    ),
}


@pytest.fixture
def package(tmp_path):
    """The folder of the package, and a function that says what is reached in it."""
    folder = tmp_path / "saliency_audit"
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def reached(*modules, **options):
        sources = read_sources(folder, "saliency_audit")
        wanted = [f"saliency_audit.{module}" for module in modules]
        return walk.reached(wanted, sources=sources, **options)

    return folder, reached
