"""Rows are whole or not at all, and only count if they were made from the same parameters."""

import json
import os
import re
import threading
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from saliency_audit.study import Outcome, ResultStore, SealedStore, StoreError, Task
from saliency_audit.study import store as store_module

TASK = Task("a-1", {"steps": 8, "models": ("m", "n"), "scale": 0.1})
ROWS = pd.DataFrame({"image": [3, 5], "name": ["m", "é"], "value": [0.1, np.nan]})


@pytest.fixture
def store(tmp_path, toy):
    return ResultStore(tmp_path / "rows", toy.experiment())


@pytest.fixture
def filled(store):
    store.write(TASK, Outcome(ROWS, {"unreadable": ("x.jpg",), "used": 2}), 1.234)
    return store


def manifest(store):
    return json.loads(store.manifest_path(TASK).read_text(encoding="utf-8"))


def change_manifest(store, **fields):
    content = {**manifest(store), **fields}
    store.manifest_path(TASK).write_text(json.dumps(content), encoding="utf-8")


def test_rows_come_back_as_they_were_written(filled):
    pd.testing.assert_frame_equal(filled.read([TASK]), ROWS)
    assert filled.done(TASK)


def test_labels_of_the_experiment_are_columns_of_what_is_read(filled):
    labelled = replace(filled.experiment, labels=lambda given: {"steps": given["steps"]})
    read = ResultStore(filled.folder, labelled).read([TASK])
    pd.testing.assert_frame_equal(read, ROWS.assign(steps=8))


def test_the_manifest_tells_where_the_rows_come_from(filled):
    content = manifest(filled)
    assert content["experiment"] == "toy"
    assert content["version"] == 1
    assert content["task"] == "a-1"
    assert content["parameters"] == {"steps": 8, "models": ["m", "n"], "scale": 0.1}
    assert content["rows"] == 2
    assert content["notes"] == {"unreadable": ["x.jpg"], "used": 2}
    assert content["seconds"] == 1.23
    assert set(content["packages"]) >= {"torch", "numpy", "scipy"}
    assert len(content["rows_sha256"]) == len(content["source_sha256"]) == 64
    assert {"commit", "computed", "device", "python", "threads"} <= set(content)


def test_nothing_else_is_left_in_the_folder(filled):
    assert sorted(path.name for path in filled.folder.iterdir()) == ["a-1.json", "a-1.parquet"]


def test_several_tasks_come_in_the_order_asked_for(filled):
    other = Task("a-2", {"steps": 9})
    filled.write(other, Outcome(ROWS.assign(value=[7.0, 8.0])), 0)
    rows = filled.read([other, TASK])
    assert rows["value"].tolist()[:3] == [7.0, 8.0, 0.1]
    assert rows.index.tolist() == [0, 1, 2, 3]


def test_a_task_without_rows_does_not_change_the_types_of_the_others(filled):
    empty = Task("a-2", {"steps": 9})
    filled.write(empty, Outcome(pd.DataFrame([], columns=list(ROWS.columns))), 0)
    pd.testing.assert_frame_equal(filled.read([empty, TASK]), ROWS)
    assert list(filled.read([empty]).columns) == list(ROWS.columns)
    assert filled.read([]).empty


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        (ROWS.drop(columns="name"), "the column 'name' is missing"),
        (ROWS.assign(score=1.0), "the column 'score' is not declared"),
        (
            ROWS.assign(image=[3.0, 5.0]),
            "the column 'image' holds double, not the declared integer",
        ),
        (ROWS.assign(name=[1, 2]), "the column 'name' holds int64, not the declared text"),
        (ROWS.assign(value=None), "the column 'value' holds null, not the declared number"),
        (ROWS[["value"]], "'image' is missing.*'name' is missing|'name' is missing.*'image' is"),
        (ROWS[:0].drop(columns="name"), "the column 'name' is missing"),
    ],
)
def test_rows_that_are_not_as_declared_are_refused_and_leave_nothing(store, rows, fault):
    with pytest.raises(StoreError, match=f"toy: rows of task a-1 are not as declared: .*{fault}"):
        store.write(TASK, Outcome(rows), 0)
    assert not list(store.folder.iterdir())


def test_no_manifest(store):
    assert store.fault(TASK) == "no manifest"
    assert not store.done(TASK)


def cut_rows(store):
    path = store.rows_path(TASK)
    path.write_bytes(path.read_bytes()[:-20])


def change_a_byte(store):
    content = bytearray(store.rows_path(TASK).read_bytes())
    content[len(content) // 2] ^= 1
    store.rows_path(TASK).write_bytes(content)


def cut_manifest(store):
    text = store.manifest_path(TASK).read_text(encoding="utf-8")
    store.manifest_path(TASK).write_text(text[: len(text) // 2], encoding="utf-8")


def write_manifest(text):
    return lambda store: store.manifest_path(TASK).write_bytes(text)


FAULTS = {
    "half of the rows": (cut_rows, "half-written or changed"),
    "a changed byte": (change_a_byte, "half-written or changed"),
    "no rows": (lambda store: store.rows_path(TASK).unlink(), "the rows are missing"),
    "half of the manifest": (cut_manifest, "half-written or not JSON"),
    "an empty manifest": (write_manifest(b""), "half-written or not JSON"),
    "binary manifest": (write_manifest(b"\xff\xfe\x00"), "half-written or not JSON"),
    "a list as manifest": (write_manifest(b"[]"), "incomplete"),
    "a manifest without checksum": (write_manifest(b"{}"), "incomplete"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_damage_is_seen_named_and_repaired_by_writing_again(filled, case):
    damage, message = FAULTS[case]
    damage(filled)
    assert message in filled.fault(TASK)
    with pytest.raises(StoreError, match=r"toy: rows of task a-1 .*`saliency-audit compute toy`"):
        filled.read([TASK])
    filled.write(TASK, Outcome(ROWS), 0)
    assert filled.fault(TASK) is None


def test_rows_of_other_parameters_do_not_count(filled):
    other = Task(TASK.name, {**TASK.parameters, "steps": 16})
    assert filled.fault(other) == "made from other parameters"
    fewer = Task(TASK.name, {"steps": 8})
    assert filled.fault(fewer) == "made from other parameters"


def test_rows_of_another_version_do_not_count(filled, toy):
    newer = ResultStore(filled.folder, toy.experiment(version=2))
    assert newer.fault(TASK) == "made by version 1 of the experiment"


STRANGE = {
    "code": ({"source_sha256": "0" * 64}, "made by other code"),
    "packages": ({"packages": {"torch": "0.1"}}, "made with other packages"),
    "inputs": ({"inputs_sha256": "0" * 64}, "made from other weights or images"),
    "no word of the inputs": ({"inputs_sha256": None}, "made from other weights or images"),
}


@pytest.mark.parametrize("case", STRANGE)
def test_only_a_strict_store_asks_what_made_the_rows(store, toy, case):
    changes, message = STRANGE[case]
    strict = ResultStore(store.folder, toy.experiment(), same_code=True)
    strict.write(TASK, Outcome(ROWS), 0)
    assert strict.done(TASK)
    change_manifest(strict, **changes)
    assert strict.fault(TASK) == message
    assert store.done(TASK)


def test_recorded_rows_are_no_rows_of_a_strict_store(filled, toy):
    strict = ResultStore(filled.folder, toy.experiment(), same_code=True)
    assert strict.fault(TASK) == "made from other weights or images"


def test_a_recorded_manifest_says_nothing_of_where_files_lie(store, toy, tmp_path, monkeypatch):
    monkeypatch.setenv("SALIENCY_DATA", str(tmp_path / "root"))
    task = Task("a-1", {"model": "vgg16", "images": "imagenet_sample"})
    store.write(task, Outcome(ROWS), 0)
    recorded_keys = set(manifest(store))
    assert "inputs_sha256" not in recorded_keys
    strict = ResultStore(store.folder, toy.experiment(), same_code=True)
    strict.write(task, Outcome(ROWS), 0)
    assert set(manifest(strict)) == recorded_keys | {"inputs_sha256"}
    assert str(tmp_path) not in strict.manifest_path(task).read_text(encoding="utf-8")


def test_a_crash_between_rows_and_manifest_leaves_nothing_that_counts(filled, monkeypatch):
    real = store_module.replace

    def crash(path, content):
        if path.suffix == ".json":
            raise KeyboardInterrupt
        real(path, content)

    monkeypatch.setattr(store_module, "replace", crash)
    with pytest.raises(KeyboardInterrupt):
        filled.write(TASK, Outcome(ROWS.assign(value=[1.0, 2.0])), 0)
    assert "half-written or changed" in filled.fault(TASK)


def test_a_crash_while_writing_keeps_the_old_file_and_leaves_no_other(filled, monkeypatch):
    def crash(handle):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(OSError, match="disk full"):
        filled.write(TASK, Outcome(ROWS.assign(value=[1.0, 2.0])), 0)
    assert filled.done(TASK)
    assert sorted(path.name for path in filled.folder.iterdir()) == ["a-1.json", "a-1.parquet"]


def test_a_file_is_replaced_at_once_by_a_complete_one(filled, monkeypatch):
    before = filled.rows_path(TASK).read_bytes()
    seen = []
    real = os.replace

    def look(source, target):
        if target == filled.rows_path(TASK):
            seen.append((pd.read_parquet(source)["value"].tolist(), target.read_bytes()))
        real(source, target)

    monkeypatch.setattr(os, "replace", look)
    filled.write(TASK, Outcome(ROWS.assign(value=[1.0, 2.0])), 0)
    assert seen == [([1.0, 2.0], before)]
    assert filled.read([TASK])["value"].tolist() == [1.0, 2.0]


def test_leftovers_of_a_killed_run_are_no_rows(filled):
    (filled.folder / ".a-2.json.123.456.tmp").write_text("{")
    (filled.folder / ".a-1.lock").touch()
    assert filled.done(TASK)
    assert filled.fault(Task("a-2", {})) == "no manifest"


TASKS = [Task(f"a-{number}", {"number": number}) for number in (2, 1, 3)]


def outcome(task):
    return Outcome(ROWS.assign(value=[task.parameters["number"], np.nan]), {"used": 2})


@pytest.fixture
def recording(tmp_path, toy):
    """A store whose slices are sealed elsewhere, with two of three tasks done."""
    experiment = replace(toy.experiment(), labels=lambda given: {"label": given["number"]})
    sealed = SealedStore(tmp_path / "results" / "reference" / "toy.parquet", experiment)
    store = ResultStore(tmp_path / "rows", experiment, sealed=sealed)
    for task in TASKS[:2]:
        store.write(task, outcome(task), 0)
    return store


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def test_sealed_rows_read_like_the_slices_that_they_replace(recording):
    assert recording.sealed.fault(TASKS[0]) == "no manifest"
    before = recording.read(TASKS[:2])
    assert recording.seal(TASKS) == TASKS[:2]
    pd.testing.assert_frame_equal(recording.read(TASKS[:2]), before)
    pd.testing.assert_frame_equal(recording.sealed.read(TASKS[:2]), before)
    assert before["label"].tolist() == [2, 2, 1, 1]
    assert recording.sealed.read([TASKS[1], TASKS[0]])["label"].tolist() == [1, 1, 2, 2]
    assert [recording.done(task) for task in TASKS] == [True, True, False]
    assert names(recording.folder) == []
    assert names(recording.sealed.path.parent) == ["toy.json", "toy.parquet"]


def test_sealed_rows_take_new_tasks_and_are_sealed_again(recording):
    recording.seal(TASKS)
    recording.write(TASKS[2], outcome(TASKS[2]), 0)
    assert recording.seal(TASKS) == TASKS
    assert list(recording.sealed.slices()) == ["a-2", "a-1", "a-3"]
    assert recording.read(TASKS)["label"].tolist() == [2, 2, 1, 1, 3, 3]
    assert names(recording.folder) == []


def test_sealing_what_is_sealed_writes_nothing(recording):
    recording.seal(TASKS)
    before = recording.sealed.path.stat()
    assert recording.seal(TASKS) == TASKS[:2]
    after = recording.sealed.path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_tasks_that_are_declared_no_more_are_dropped_and_the_order_is_the_declared(recording):
    recording.seal(TASKS)
    recording.write(TASKS[2], outcome(TASKS[2]), 0)
    assert recording.seal([TASKS[2], TASKS[0]]) == [TASKS[2], TASKS[0]]
    assert list(recording.sealed.slices()) == ["a-3", "a-2"]


def test_a_task_with_other_parameters_replaces_the_sealed_one(recording):
    recording.seal(TASKS)
    changed = Task("a-1", {"number": 7})
    assert recording.fault(changed) == "no manifest"
    assert recording.sealed.fault(changed) == "made from other parameters"
    recording.write(changed, outcome(changed), 0)
    recording.seal([TASKS[0], changed])
    assert recording.sealed.read([TASKS[0], changed])["label"].tolist() == [2, 2, 7, 7]


def test_sealed_rows_of_another_version_do_not_count(recording, toy):
    recording.seal(TASKS)
    newer = SealedStore(recording.sealed.path, toy.experiment(version=2))
    assert newer.fault(TASKS[0]) == "made by version 1 of the experiment"


def test_what_is_sealed_counts_before_a_slice_left_over(recording):
    recording.seal(TASKS)
    recording.write(TASKS[0], Outcome(ROWS.assign(value=[-1.0, -1.0])), 0)
    assert recording.read(TASKS[:1])["value"].tolist()[0] == 2
    recording.seal(TASKS)
    assert recording.sealed.read(TASKS[:1])["value"].tolist()[0] == 2
    assert names(recording.folder) == []


def test_damaged_sealed_rows_are_neither_computed_again_nor_replaced(recording):
    recording.seal(TASKS)
    recording.sealed.path.write_bytes(b"")
    message = r"reference/toy\.parquet: the rows are half-written.*restore both files"
    assert re.search(message, recording.sealed.fault(TASKS[0]))
    for asked in (recording.done, lambda task: recording.seal([task])):
        with pytest.raises(StoreError, match=message):
            asked(TASKS[0])


def test_a_damaged_slice_is_not_sealed(recording):
    recording.rows_path(TASKS[0]).write_bytes(b"")
    assert recording.seal(TASKS) == [TASKS[1]]
    assert recording.fault(TASKS[0]) == "the rows are half-written or changed (checksum)"


def test_nothing_is_sealed_where_nothing_is_done_or_rows_are_of_this_machine_only(recording):
    with pytest.raises(StoreError, match="toy: no task is done, nothing to seal"):
        recording.seal(TASKS[2:])
    with pytest.raises(StoreError, match="rows of this machine are not sealed"):
        replace(recording, sealed=None).seal(TASKS)
    assert not recording.sealed.path.exists()


def test_a_crash_while_sealing_keeps_the_slices(recording, monkeypatch):
    before = recording.read(TASKS[:2])
    slices = names(recording.folder)
    monkeypatch.setattr(store_module, "write_sealed", lambda *given: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        recording.seal(TASKS)
    assert names(recording.folder) == slices
    monkeypatch.undo()
    recording.seal(TASKS)
    pd.testing.assert_frame_equal(recording.sealed.read(TASKS[:2]), before)


def test_two_at_once_seal_once(recording):
    started = threading.Barrier(2)
    found = []

    def run():
        started.wait(5)
        found.append(recording.seal(TASKS))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert found == [TASKS[:2]] * 2
    assert recording.sealed.read(TASKS[:2])["label"].tolist() == [2, 2, 1, 1]


def test_a_claimed_task_is_free_again_afterwards_and_after_an_error(store):
    with store.claim(TASK, wait=False) as held:
        assert held
        with store.claim(TASK, wait=False) as second:
            assert not second
        with store.claim(Task("a-2", {}), wait=False) as other:
            assert other
    with pytest.raises(RuntimeError, match="stop"), store.claim(TASK, wait=False):
        raise RuntimeError("stop")
    with store.claim(TASK, wait=False) as held:
        assert held


def test_waiting_for_a_claim_ends_when_the_holder_is_done(store):
    order = []

    def wait_for_it():
        waiting.set()
        with store.claim(TASK, wait=True) as held:
            order.append(("second", held))

    waiting = threading.Event()
    thread = threading.Thread(target=wait_for_it)
    with store.claim(TASK, wait=False):
        thread.start()
        waiting.wait(5)
        thread.join(0.1)
        order.append(("first", thread.is_alive()))
    thread.join(5)
    assert order == [("first", True), ("second", True)]
