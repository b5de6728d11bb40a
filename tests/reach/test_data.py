"""Files below `data/`: whose they are, and that nothing without an owner is left out."""

import pytest

from saliency_audit.reach.data import data_digest, ledger_entries

LEDGER = """\
paper: one
title: The first paper
claims:
- id: A-ONE
  external: {experiment: runs, parameters: {networks: &networks [small, large]}}
- id: A-TWO
  external: {experiment: runs_again, parameters: {networks: *networks}}
"""
FILES = (
    "claims/two.yml",
    "paper/one/table_01.csv",
    "paper/two/table_01.csv",
    "errata/one.yml",
    "errata/two.yml",
    "results/embedded/runs/a.parquet",
    "results/reference/runs.parquet",
    "results/reference/runs.json",
    "results/reference/runs-large.parquet",
    "results/embedded/runs_again/a.parquet",
    "results/embedded/strange/a.parquet",
    "verdicts.json",
    "benchmarks/paths.json",
    "notes.txt",
)
EXPERIMENTS = ("runs", "runs_again")


@pytest.fixture
def data(tmp_path):
    for name in FILES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("claims: []\n" if name.startswith("claims") else "1")
    (tmp_path / "claims" / "one.yml").write_text(LEDGER)
    return tmp_path


OF_THE_CLAIM = {
    *("paper/one/table_01.csv", "errata/one.yml"),
    *("results/embedded/runs/a.parquet", "results/reference/runs.parquet"),
    *("results/reference/runs.json", "results/reference/runs-large.parquet"),
}
OF_ALL = {"results/embedded/strange/a.parquet", "notes.txt"}


@pytest.mark.parametrize("file", FILES[1:])
@pytest.mark.parametrize(
    ("names", "counting"),
    [
        ({"A-ONE", "one", "runs"}, OF_THE_CLAIM | OF_ALL),
        ({"two"}, {"paper/two/table_01.csv", "errata/two.yml"} | OF_ALL),
        ({"runs_again"}, {"results/embedded/runs_again/a.parquet"} | OF_ALL),
        (set(), OF_ALL),
    ],
    ids=["a claim", "a paper", "an experiment", "nothing"],
)
def test_files_count_where_their_owner_is_named(data, names, counting, file):
    before = data_digest(data, names, EXPERIMENTS)
    (data / file).write_text("2")
    assert (data_digest(data, names, EXPERIMENTS) != before) == (file in counting)


@pytest.mark.parametrize("file", FILES)
def test_everything_counts_where_asked_for(data, file):
    before = data_digest(data, (), EXPERIMENTS, everything=True)
    (data / file).write_text("2")
    assert data_digest(data, (), EXPERIMENTS, everything=True) != before


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("experiment: runs,", "experiment: walks,", {"A-ONE"}),
        ("experiment: runs_again", "experiment: walks", {"A-TWO"}),
        ("[small, large]", "[small]", {"A-ONE", "A-TWO"}),
        ("The first paper", "A paper", {"A-ONE", "A-TWO"}),
    ],
)
def test_entries_count_one_by_one(data, old, new, changed):
    claims = ("A-ONE", "A-TWO")
    before = {claim: data_digest(data, {claim}, EXPERIMENTS) for claim in claims}
    nobody = data_digest(data, (), EXPERIMENTS)
    (data / "claims" / "one.yml").write_text(LEDGER.replace(old, new))
    after = {claim: data_digest(data, {claim}, EXPERIMENTS) for claim in claims}
    assert {claim for claim in claims if after[claim] != before[claim]} == changed
    assert data_digest(data, (), EXPERIMENTS) == nobody


def test_entries_lead_to_all_that_they_name(data):
    strings = ledger_entries(data)["A-TWO"].strings
    assert strings >= {"A-TWO", "one", "runs_again", "small", "large"}


@pytest.mark.parametrize("content", ["claims: [", "claims: 7", "- a list", "claims: [{title: x}]"])
def test_a_ledger_file_that_cannot_be_read_counts_for_everybody(data, content):
    path = data / "claims" / "one.yml"
    path.write_text(content)
    assert "A-ONE" not in ledger_entries(data)
    before = data_digest(data, (), EXPERIMENTS)
    path.write_text(content + " ")
    assert data_digest(data, (), EXPERIMENTS) != before
