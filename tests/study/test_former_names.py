"""Recorded rows stay valid when a parameter gets another name."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from saliency_audit.study import Column, Outcome, ResultStore, Task
from saliency_audit.study.former_names import COLUMNS, PARAMETERS

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


def test_a_former_name_is_no_present_one():
    for names in (PARAMETERS, COLUMNS):
        assert not set(names) & set(names.values())
