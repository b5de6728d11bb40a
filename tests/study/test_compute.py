"""Runs resume, do not disturb each other, and never mix parameters."""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pandas as pd
import pytest

from saliency_audit.datasets import CATALOG, open_images
from saliency_audit.study import (
    ParameterError,
    ResultStore,
    StoreError,
    Task,
    compute,
    get_experiment,
    provenance,
)
from saliency_audit.study.compute import local_folder, recorded_path, seal

NAMES = ["a-0", "a-1", "a-2", "a-3"]


def test_all_rows_in_the_order_of_the_tasks(project, toy):
    rows = compute(toy.experiment(), overrides={"scale": 10.0})
    assert rows["name"].tolist() == [name for name in NAMES for _ in range(2)]
    assert rows["value"].tolist() == [0, 0, 10, -10, 20, -20, 30, -30]


def test_a_second_run_computes_nothing(project, toy):
    first = compute(toy.experiment())
    second = compute(toy.experiment())
    assert toy.computed == NAMES
    assert first.equals(second)


def interrupt(toy, record=False):
    """Compute the first two tasks and stop."""

    def stop(task):
        if task.name == "a-2":
            raise KeyboardInterrupt

    toy.before = stop
    with pytest.raises(KeyboardInterrupt):
        compute(toy.experiment(), record=record)
    toy.before = lambda task: None


def test_an_interrupted_run_resumes_where_it_stopped(project, toy):
    interrupt(toy)
    reports = []
    compute(toy.experiment(), progress=lambda *report: reports.append(report))
    assert toy.computed == NAMES
    assert reports == [(2, 4, "already here"), (3, 4, "a-2"), (4, 4, "a-3")]


@pytest.mark.parametrize("suffix", ["parquet", "json"])
def test_a_half_written_file_is_computed_again(project, toy, suffix):
    good = compute(toy.experiment())
    path = local_folder("toy", "embedded", {}) / f"a-1.{suffix}"
    path.write_bytes(path.read_bytes()[:50])
    assert compute(toy.experiment()).equals(good)
    assert toy.computed == [*NAMES, "a-1"]


def test_changed_code_is_computed_again_here_but_not_in_recorded_rows(project, toy, monkeypatch):
    compute(toy.experiment())
    compute(toy.experiment(), record=True)
    toy.computed.clear()
    monkeypatch.setattr("saliency_audit.study.store.source_digest", lambda name: "other code")
    compute(toy.experiment(), record=True)
    assert toy.computed == []
    compute(toy.experiment())
    assert toy.computed == NAMES


@pytest.fixture
def read_from_disk(toy, tmp_path, monkeypatch):
    """The toy's tasks name an image set below a data root; gives the set's folder."""
    folder = tmp_path / "root" / "imagenet_sample"
    folder.mkdir(parents=True)
    monkeypatch.setenv("SALIENCY_DATA", str(tmp_path / "root"))
    whole = replace(CATALOG["imagenet_sample"], opener=lambda root: open_images("digits"))
    monkeypatch.setitem(CATALOG, "imagenet_sample", whole)
    plain = toy.tasks
    toy.tasks = lambda parameters: [
        Task(task.name, {**task.parameters, "images": "imagenet_sample"})
        for task in plain(parameters)
    ]
    return folder


def test_changed_images_are_computed_again_here_but_not_in_recorded_rows(
    project, toy, read_from_disk
):
    compute(toy.experiment())
    compute(toy.experiment(), record=True)
    toy.computed.clear()
    (read_from_disk / "n00000001").mkdir()
    compute(toy.experiment(), record=True)
    assert toy.computed == []
    compute(toy.experiment())
    assert toy.computed == NAMES


def test_images_that_change_during_a_task_make_its_rows_stale(project, toy, read_from_disk):
    def change(task):
        if task.name == "a-3":
            (read_from_disk / "n00000001").mkdir()

    toy.before = change
    with pytest.raises(StoreError, match="made from other weights or images"):
        compute(toy.experiment())
    toy.before = lambda task: None
    toy.computed.clear()
    compute(toy.experiment())
    assert toy.computed == NAMES


def test_changed_packages_are_computed_again_here_but_not_in_recorded_rows(
    project, toy, monkeypatch
):
    compute(toy.experiment())
    compute(toy.experiment(), record=True)
    toy.computed.clear()
    monkeypatch.setattr(provenance, "_VERSIONS", {"torch": "another"})
    compute(toy.experiment(), record=True)
    assert toy.computed == []
    compute(toy.experiment())
    compute(toy.experiment())
    assert toy.computed == NAMES


def test_a_new_version_is_computed_again(project, toy):
    compute(toy.experiment(), record=True)
    compute(toy.experiment(version=2), record=True)
    assert toy.computed == NAMES * 2


def test_recorded_own_and_custom_rows_lie_apart(project, toy):
    compute(toy.experiment(), record=True)
    compute(toy.experiment())
    compute(toy.experiment(), overrides={"scale": 2.0})
    compute(toy.experiment(), overrides={"scale": 3.0})
    folders = sorted(str(path.parent.relative_to(project)) for path in project.rglob("a-0.parquet"))
    assert folders[0].startswith("runs/rows/custom/toy-embedded-")
    assert folders[1].startswith("runs/rows/custom/toy-embedded-")
    assert folders[2] == "runs/rows/embedded/toy"
    assert len(set(folders)) == 3
    assert recorded_path("toy", "embedded") == project / "data/results/embedded/toy.parquet"
    assert recorded_path("toy", "embedded").is_file()


def recorded_files(project):
    return sorted(
        str(path.relative_to(project))
        for folder in ("data/results", "runs/recording")
        for path in (project / folder).rglob("*")
        if path.is_file() and path.suffix != ".lock"
    )


SEALED = ["data/results/embedded/toy.json", "data/results/embedded/toy.parquet"]


def test_recorded_rows_are_sealed_when_the_last_task_is_done(project, toy):
    interrupt(toy, record=True)
    folder = "runs/recording/embedded/toy/"
    slices = [f"{folder}a-{number}.{kind}" for number in (0, 1) for kind in ("json", "parquet")]
    assert recorded_files(project) == slices
    rows = compute(toy.experiment(), record=True)
    assert toy.computed == NAMES
    assert recorded_files(project) == SEALED
    assert rows.equals(compute(toy.experiment()))
    assert pd.read_parquet(project / SEALED[1]).drop(columns="task").equals(rows)


def test_a_sealed_experiment_takes_more_tasks_and_is_sealed_again(project, toy):
    compute(toy.experiment(), record=True)
    plain = toy.tasks
    toy.tasks = lambda parameters: plain(replace(parameters, names=("b", "a")))
    reports = []
    rows = compute(toy.experiment(), record=True, progress=lambda *report: reports.append(report))
    assert toy.computed == [*NAMES, "b-0", "b-1", "b-2", "b-3"]
    assert reports[0] == (4, 8, "already here")
    assert rows["name"].tolist()[::8] == ["b-0", "a-0"]
    assert recorded_files(project) == SEALED
    assert pd.read_parquet(project / SEALED[1]).drop(columns="task").equals(rows)


def test_a_setting_can_be_recorded_before_the_others(project, toy):
    plain = toy.experiment().profiles["embedded"]
    settings = {"first": plain, "second": replace(plain, names=("b",))}
    experiment = replace(toy.experiment(), profiles={"embedded": settings})
    rows = compute(experiment, overrides={"setting": "second"}, record=True)
    assert rows["name"].tolist()[::8] == ["b-0"]
    assert recorded_files(project) == SEALED
    compute(experiment, overrides={"setting": "first"}, record=True)
    assert toy.computed == [*(f"b-{i}" for i in range(4)), *NAMES]
    assert pd.read_parquet(project / SEALED[1])["name"].tolist()[::8] == ["a-0", "b-0"]
    with pytest.raises(ParameterError, match="drop the overrides"):
        compute(experiment, overrides={"setting": "first", "scale": 2.0}, record=True)


def test_what_is_done_so_far_can_be_sealed_and_is_not_computed_again(project, toy):
    with pytest.raises(StoreError, match="no task is done"):
        seal(toy.experiment())
    interrupt(toy, record=True)
    assert seal(toy.experiment()) == (2, 4)
    assert recorded_files(project) == SEALED
    compute(toy.experiment(), record=True)
    assert toy.computed == NAMES
    assert seal(toy.experiment()) == (4, 4)


def test_the_order_in_which_overrides_are_given_is_no_difference(toy):
    one = local_folder(toy.experiment(), "embedded", {"scale": 2.0, "names": ["a"]})
    two = local_folder(toy.experiment(), "embedded", {"names": ("a",), "scale": 2.0})
    assert one == two


def test_how_a_parameter_is_written_is_no_difference(project, toy):
    written = [4, (4,), "4", [4]]
    folders = {local_folder("idgi_scores", "embedded", {"sweep": value}) for value in written}
    folders |= {local_folder(get_experiment("idgi_scores"), "embedded", {"sweep": 4})}
    assert len(folders) == 1
    others = [{"sweep": [4, 8]}, {"sweep": 8}, {"steps": 4}]
    assert len({local_folder("idgi_scores", "embedded", other) for other in others} | folders) == 4
    compute(toy.experiment(), overrides={"names": "b", "scale": 2})
    compute(toy.experiment(), overrides={"names": ["b"], "scale": 2.0})
    assert toy.computed == ["b-0", "b-1", "b-2", "b-3"]


BAD = {
    "record with overrides": ({"record": True, "overrides": {"count": 2}}, "drop the overrides"),
    "nothing to do": ({"overrides": {"count": 0}}, "leave nothing to compute"),
    "one name for two tasks": ({"overrides": {"names": "a,a"}}, "name a task twice"),
    "no such executor": ({"executor": "slurm"}, 'unknown executor .slurm.; known: "local", "dask'),
    "no such profile": ({"profile": "huge"}, "no profile 'huge'"),
    "no such parameter": ({"overrides": {"steps": 2}}, "no parameter steps"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arguments_compute_nothing(project, toy, case):
    arguments, message = BAD[case]
    with pytest.raises(ParameterError, match=message):
        compute(toy.experiment(), **arguments)
    assert toy.computed == []


def test_an_error_in_a_task_keeps_the_tasks_before_it(project, toy):
    def fail(task):
        if task.name == "a-1":
            raise ZeroDivisionError("in the task")

    toy.before = fail
    with pytest.raises(ZeroDivisionError, match="in the task"):
        compute(toy.experiment())
    store = ResultStore(local_folder("toy", "embedded", {}), toy.experiment(), same_code=True)
    tasks = toy.tasks(*toy.experiment().configure("embedded"))
    assert [store.done(task) for task in tasks] == [True, False, False, False]
    with pytest.raises(StoreError, match=r"task a-1 .*no manifest"):
        store.read(tasks)


@pytest.mark.parametrize("record", [False, True])
def test_two_runs_at_once_share_the_work(project, toy, record):
    both = threading.Barrier(2)
    lock = threading.Lock()
    waited = set()

    def meet(task):
        # The first task of each run waits until the other run is at work too.
        with lock:
            first = threading.get_ident() not in waited
            waited.add(threading.get_ident())
        if first:
            both.wait(10)

    toy.before = meet
    experiment = toy.experiment()
    found = []

    def run():
        found.append(compute(experiment, record=record))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(toy.computed) == NAMES
    assert len(found) == 2
    assert found[0].equals(found[1])


@pytest.mark.parametrize("record", [False, True])
def test_a_run_waits_for_what_another_still_computes(project, toy, record):
    others_done, first_at_work = threading.Event(), threading.Event()

    def linger(task):
        if task.name == "a-0":
            first_at_work.set()
            others_done.wait(10)
            time.sleep(0.1)  # the other run is now at its end and has to wait

    toy.before = linger
    experiment = toy.experiment()
    thread = threading.Thread(target=lambda: compute(experiment, record=record))
    thread.start()
    first_at_work.wait(10)
    reports = []

    def report(done, total, name):
        reports.append((done, name))
        if name == "a-3":
            others_done.set()

    rows = compute(experiment, record=record, progress=report)
    thread.join(10)
    assert len(rows) == 8
    assert sorted(toy.computed) == NAMES
    assert reports == [(0, "already here"), (1, "a-1"), (2, "a-2"), (3, "a-3"), (4, "a-0")]


KILLED = """
import sys, time
from pathlib import Path
sys.path.insert(0, {folder!r})
from conftest import Toy
from saliency_audit.study import compute
toy = Toy()
def before(task):
    if task.name == "a-2":
        print("at work", flush=True)
        time.sleep(60)
toy.before = before
compute(toy.experiment())
"""


def test_a_killed_run_leaves_no_lock_and_resumes(project, toy):
    run = subprocess.Popen(
        [sys.executable, "-c", KILLED.format(folder=os.path.dirname(__file__))],
        stdout=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        text=True,
    )
    try:
        assert run.stdout.readline() == "at work\n"
        store = ResultStore(local_folder("toy", "embedded", {}), toy.experiment(), same_code=True)
        task = toy.tasks(*toy.experiment().configure("embedded"))[2]
        with store.claim(task, wait=False) as held:
            assert not held
        run.send_signal(signal.SIGKILL)
        run.wait(10)
        rows = compute(toy.experiment())
    finally:
        run.kill()
        run.stdout.close()
        run.wait(10)
    assert toy.computed == ["a-2", "a-3"]
    assert len(rows) == 8
