"""Run the tasks of an experiment: resumable, here or on a dask cluster."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd

from saliency_audit.locations import project_root
from saliency_audit.study.experiment import Experiment, ParameterError, Task
from saliency_audit.study.missing import refuse_missing
from saliency_audit.study.provenance import inputs_digest, use_threads_from_environment
from saliency_audit.study.registry import get_experiment
from saliency_audit.study.store import ResultStore, SealedStore

Progress = Callable[[int, int, str], None]


def recorded_path(experiment: str, profile: str) -> Path:
    """Where the recorded rows of an experiment lie: one file, with its manifest beside it."""
    return project_root() / "data" / "results" / profile / f"{experiment}.parquet"


def recorded_store(experiment: Experiment, profile: str) -> SealedStore:
    """The recorded rows of an experiment, which the verdicts come from."""
    return SealedStore(recorded_path(experiment.name, profile), experiment)


def recording_store(experiment: Experiment, profile: str) -> ResultStore:
    """Where rows are recorded: slices of this machine until they are sealed."""
    folder = project_root() / "runs" / "recording" / profile / experiment.name
    return ResultStore(folder, experiment, sealed=recorded_store(experiment, profile))


def local_folder(experiment: Experiment | str, profile: str, overrides: Mapping[str, Any]) -> Path:
    """Where this machine's own rows lie; other parameters never mix with the published ones.

    The folder follows from what the parameters are, not from how they were written: 4, "4" and
    [4] for a tuple of numbers lead to the same one.

    Args:
        experiment: the experiment, or the name of a registered one.
        profile: which named set of parameters.
        overrides: fields to replace in it.

    Raises:
        ParameterError: with overrides: unknown experiment, profile or field, or a wrong value.
    """
    name = experiment if isinstance(experiment, str) else experiment.name
    if not overrides:
        return project_root() / "runs" / "rows" / profile / name
    known = get_experiment(experiment) if isinstance(experiment, str) else experiment
    settings = [asdict(setting) for setting in known.configure(profile, overrides)]
    text = json.dumps(settings, sort_keys=True, default=str)
    tag = sha256(text.encode()).hexdigest()[:10]
    return project_root() / "runs" / "rows" / "custom" / f"{name}-{profile}-{tag}"


def compute(
    experiment: Experiment,
    profile: str = "embedded",
    overrides: Mapping[str, Any] | None = None,
    *,
    record: bool = False,
    executor: str = "local",
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Compute what is missing and return all rows of an experiment.

    Args:
        experiment: what to compute.
        profile: which named set of parameters.
        overrides: fields to replace in it.
        record: compute the published rows, which are sealed in `data/results` once all tasks are
            done, instead of `runs/rows`; needs the profile's own parameters. A choice among its
            settings is sealed with what was sealed before.
        executor: "local", or "dask://HOST:PORT" for a running dask scheduler whose workers see
            the same files under the same names and run the same code and packages.
        progress: called with (done, total, task name) as tasks finish.

    Returns:
        Tidy rows of all tasks.

    Raises:
        ParameterError: unknown profile, parameter or executor, parameters that leave nothing to
            compute or name a task twice, or `record` with overrides.
        MissingDataError: images or weights of a task that is to be computed are not here; nothing
            is computed then.
    """
    use_threads_from_environment()
    overrides = dict(overrides or {})
    if record and overrides.keys() - {"setting"}:
        raise ParameterError(
            "recorded rows use a profile's own parameters; drop the overrides or --record"
        )
    settings = experiment.configure(profile, overrides)
    if record:
        store = recording_store(experiment, profile)
    else:
        folder = local_folder(experiment, profile, overrides)
        store = ResultStore(folder, experiment, same_code=True)
    tasks = experiment.tasks(settings)
    if not tasks:
        raise ParameterError(f"{experiment.name}: these parameters leave nothing to compute")
    if len({task.name for task in tasks}) < len(tasks):
        raise ParameterError(f"{experiment.name}: these parameters name a task twice")
    missing = [task for task in tasks if not store.done(task)]
    report = progress or (lambda done, total, name: None)
    finished = len(tasks) - len(missing)
    report(finished, len(tasks), "already here")
    run = _run_on_dask if executor.startswith("dask://") else _run_here
    if run is _run_here and executor != "local":
        raise ParameterError(f'unknown executor {executor!r}; known: "local", "dask://HOST:PORT"')
    refuse_missing(experiment.reads(task.parameters) for task in missing)
    run(store, missing, executor, lambda name, k: report(finished + k, len(tasks), name))
    if record:
        store.seal(experiment.tasks(experiment.configure(profile)))
    return store.read(tasks)


def seal(experiment: Experiment, profile: str = "embedded") -> tuple[int, int]:
    """Seal the recorded tasks that are done so far, so that others can continue from there.

    `compute` with `record` seals by itself once all tasks are done.

    Returns:
        How many tasks are sealed now, and how many the profile has.

    Raises:
        ParameterError: unknown profile.
        StoreError: no task is done, or one file cannot hold the rows without changing them.
    """
    tasks = list(experiment.tasks(experiment.configure(profile)))
    return len(recording_store(experiment, profile).seal(tasks)), len(tasks)


def run_task(store: ResultStore, task: Task, wait: bool) -> bool:
    """Compute one task and store it; False if another run holds it (and `wait` is off)."""
    with store.claim(task, wait) as held:
        if not held:
            return False
        if not store.done(task):
            # Taken before the work, so that rows whose images change meanwhile count as outdated.
            inputs = inputs_digest(task.parameters)
            started = time.perf_counter()
            outcome = store.experiment.compute(task)
            store.write(task, outcome, time.perf_counter() - started, inputs)
    return True


def _run_here(
    store: ResultStore, tasks: list[Task], executor: str, report: Callable[[str, int], None]
) -> None:
    held_elsewhere = []
    finished = 0
    for task in tasks:
        if run_task(store, task, wait=False):
            finished += 1
            report(task.name, finished)
        else:
            held_elsewhere.append(task)
    for task in held_elsewhere:
        run_task(store, task, wait=True)
        finished += 1
        report(task.name, finished)


def _run_on_dask(
    store: ResultStore, tasks: list[Task], executor: str, report: Callable[[str, int], None]
) -> None:
    from distributed import Client, as_completed

    try:
        connected = Client("tcp://" + executor.removeprefix("dask://"), timeout=10)
    except OSError as error:
        raise ParameterError(f"no dask scheduler answers at {executor} ({error})") from None
    with connected as client:
        futures = {
            client.submit(run_task, store, task, True, pure=False): task.name for task in tasks
        }
        for finished, future in enumerate(as_completed(list(futures)), start=1):
            future.result()
            report(futures[future], finished)
