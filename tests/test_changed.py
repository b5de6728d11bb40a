"""The tests of `make check`: those that a change concerns."""

import pytest

from .changed import ROOT, changed_files, concerned

FILES = {
    "tests/conftest.py": "from saliency_audit.locations import project_root\n",
    "tests/test_alone.py": "def test(): ...\n",
    "tests/metrics/test_top_pixels.py": "from saliency_audit.metrics import top_pixels\n",
    "tests/metrics/conftest.py": "from saliency_audit.metrics.ranks import rank_distances\n",
    "tests/study/test_compute.py": "from saliency_audit.study import compute\n",
    "tests/ledger/test_schema.py": 'FOLDER = "claims"\nTABLE = "data/paper/idgi/table_01.csv"\n',
}


@pytest.fixture
def root(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("changed", "chosen"),
    [
        ("tests/test_alone.py", {"tests/test_alone.py"}),
        ("src/saliency_audit/metrics/top_pixels.py", {"tests/metrics/test_top_pixels.py"}),
        ("src/saliency_audit/metrics/ranks.py", {"tests/metrics/test_top_pixels.py"}),
        ("src/saliency_audit/study/compute.py", {"tests/study/test_compute.py"}),
        ("src/saliency_audit/study/store.py", set()),
        ("src/saliency_audit/locations.py", {n for n in FILES if "test_" in n}),
        ("tests/conftest.py", {n for n in FILES if "test_" in n}),
        ("tests/metrics/conftest.py", {"tests/metrics/test_top_pixels.py"}),
        ("data/claims/ggig.yml", {"tests/ledger/test_schema.py"}),
        ("data/paper/idgi/table_01.csv", {"tests/ledger/test_schema.py"}),
        ("README.md", set()),
    ],
)
def test_a_change_leads_to_the_tests_that_it_concerns(root, changed, chosen):
    assert set(concerned([changed], root)) == chosen


def test_nothing_changed_concerns_no_test(root):
    assert not list(concerned([], root))


def test_the_real_tests_are_found_by_what_they_import():
    found = set(concerned(["src/saliency_audit/metrics/top_pixels.py"]))
    assert "tests/metrics/test_top_pixels.py" in found
    assert len(found) < 20


def test_changes_are_told_from_where_the_branch_began():
    assert all((ROOT / path).parent for path in changed_files("HEAD"))
