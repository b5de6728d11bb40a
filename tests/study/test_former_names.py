"""Recorded rows stay valid when a parameter gets another name."""

import json

import pandas as pd
import pytest

from saliency_audit.study import Outcome, ResultStore, Task
from saliency_audit.study.former_names import PARAMETERS

FORMER = {"climb_steps": 8, "effort": {"climb_steps": None, "steps": 51}}
PRESENT = {"climb_points": 8, "effort": {"climb_points": None, "steps": 51}}
ROWS = pd.DataFrame({"image": [3, 5], "value": [0.1, 0.2]})


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
    assert not set(PARAMETERS) & set(PARAMETERS.values())
