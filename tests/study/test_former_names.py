"""Recorded rows stay valid when a parameter, a column or a method gets another name."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from saliency_audit.study import Column, Outcome, ResultStore, SealedStore, Task
from saliency_audit.study.former_names import COLUMNS, PARAMETERS, VERSION

FORMER = {"climb_steps": 8, "effort": {"climb_steps": None, "steps": 51}}
PRESENT = {"climb_points": 8, "effort": {"climb_points": None, "steps": 51}}
ROWS = pd.DataFrame({"name": ["a", "b"], "image": [0, 1], "value": [0.1, 0.2]})


@pytest.fixture
def store(tmp_path, toy):
    """A store with rows that were recorded under the former names."""
    store = ResultStore(tmp_path / "rows", toy.experiment())
    store.write(Task("a-1", FORMER), Outcome(ROWS), 1)
    return store


def test_rows_recorded_under_a_former_name_are_read(store):
    task = Task("a-1", PRESENT)
    assert store.done(task)
    pd.testing.assert_frame_equal(store.read([task]), ROWS)
    assert json.loads(store.manifest_path(task).read_text())["parameters"] == FORMER


def test_columns_are_read_by_their_present_names(store):
    task = Task("a-2", {})
    rows = pd.DataFrame({"ic_entropy": [1, 2], "ic_grey_entropy": [3, 4], "ic_ms_ssim": [5, 6]})
    former = replace(store.experiment, recorded=[Column(name, "integer", "", "") for name in rows])
    replace(store, experiment=former).write(task, Outcome(rows), 1)
    assert list(store.read([task])) == ["ic_file_size", "ic_shannon_entropy", "ic_ms_ssim"]
    pd.testing.assert_frame_equal(pd.read_parquet(store.rows_path(task)), rows)


def test_sealed_rows_recorded_under_former_names_are_read_beside_new_ones(store, tmp_path):
    old, new = Task("a-1", PRESENT), Task("a-2", PRESENT)
    former = pd.DataFrame({"ic_entropy": [1, 2], "ic_ms_ssim": [5, 6]})
    present = pd.DataFrame({"ic_file_size": [3, 4], "ic_ms_ssim": [7, 8]})
    for task, rows in ((Task("a-1", FORMER), former), (new, present)):
        columns = [Column(name, "integer", "", "") for name in rows]
        recording = replace(store, experiment=replace(store.experiment, recorded=columns))
        recording.write(task, Outcome(rows), 1)
    sealed = SealedStore(tmp_path / "results" / "toy.parquet", store.experiment)
    assert replace(store, sealed=sealed).seal([old, new]) == [old, new]
    read = sealed.read([old, new])
    assert read.to_dict("list") == {"ic_file_size": [1, 2, 3, 4], "ic_ms_ssim": [5, 6, 7, 8]}
    assert list(pd.read_parquet(sealed.path)) == ["task", "ic_file_size", "ic_ms_ssim"]
    slices = sealed.slices()
    assert slices["a-1"].manifest["parameters"] == FORMER
    pd.testing.assert_frame_equal(slices["a-1"].rows(), former)
    pd.testing.assert_frame_equal(slices["a-2"].rows(), present)


@pytest.mark.parametrize(
    "other",
    [
        {**PRESENT, "climb_points": 9},
        {**PRESENT, "effort": {"climb_points": 1, "steps": 51}},
        {**PRESENT, "climb_steps": 8},
    ],
)
def test_other_values_are_still_other_parameters(store, other):
    assert store.fault(Task("a-1", other)) == "made from other parameters"


@pytest.mark.parametrize(
    ("experiment", "names", "present"),
    [
        ("ggig_sigma", None, ["ig_without_product", "ig", "ggig"]),
        ("ggig_sigma", VERSION, ["ig", "ig_product", "ggig"]),
        ("mege_stability", None, ["ig", "ig_product", "ggig"]),
    ],
)
def test_ig_was_without_the_product_where_the_ggig_paper_is_recomputed(
    store, experiment, names, present
):
    former = ["ig", "ig_product", "ggig"]
    columns = [Column("method", "text", "", ""), Column("value", "integer", "", "")]
    known = replace(store.experiment, name=experiment, recorded=columns)
    store = replace(store, experiment=known)
    rows = pd.DataFrame({"method": former, "value": [1, 2, 3]})
    store.write(Task("a-3", {"methods": former}), Outcome(rows), 1)
    path = store.manifest_path(Task("a-3", {}))
    manifest = {**json.loads(path.read_text()), "names": names}
    path.write_text(json.dumps({key: value for key, value in manifest.items() if value}))
    task = Task("a-3", {"methods": present})
    pd.testing.assert_frame_equal(store.read([task]), rows.assign(method=present))


def test_a_former_name_is_no_present_one():
    for names in (PARAMETERS, COLUMNS):
        assert not set(names) & set(names.values())
