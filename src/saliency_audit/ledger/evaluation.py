"""The declared test of a claim on rows: recorded ones, or any that are given."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pandas as pd

from saliency_audit.ledger.choices import settings_of
from saliency_audit.ledger.external import TESTS, Scope, ScopedResult, not_tested
from saliency_audit.ledger.external.ending import sentences
from saliency_audit.ledger.external.scope import described, is_named, own_rows, wanted
from saliency_audit.ledger.schema import Claim, ReplicationSpec
from saliency_audit.parameters import PROFILES
from saliency_audit.study import Experiment, Task, get_experiment, recorded_store
from saliency_audit.study.store import ABSENT

# The tasks of every setting of a profile, and why the rows of some cannot be used.
Settings = dict[str, tuple[list[Task], dict[str, str]]]


def evaluate(
    claim: Claim, rows: pd.DataFrame, profile: str | None = None, **replaced: Any
) -> ScopedResult:
    """The declared external test of a claim on given rows (recorded ones or this machine's).

    The rows of the claim's own networks and data are tested first, then all others.

    Args:
        claim: whose test.
        rows: of its experiment, of one setting: its `main_rows`, or those of another.
        profile: of the rows, for the message if a scope is not tested.
        replaced: parameters in place of those declared; the outcome then decides nothing.
    """
    spec = claim.external
    assert spec.replication is not None, "the schema asks for it"
    test, parameters = TESTS[str(spec.test)], {**spec.parameters, **replaced}
    own = own_rows(rows, spec.replication)
    results = {}
    for scope, part in ((Scope.REPLICATION, rows[own]), (Scope.GENERALISATION, rows[~own])):
        if part.empty:
            results[scope] = not_tested(_nothing_of(claim, scope, profile))
            continue
        result = test(part, parameters)
        about = described(part, spec.replication if scope is Scope.REPLICATION else None)
        results[scope] = replace(result, detail=sentences(result.detail, about))
    return ScopedResult(results[Scope.REPLICATION], results[Scope.GENERALISATION])


def _nothing_of(claim: Claim, scope: Scope, profile: str | None) -> str:
    """Why a scope is not tested, and the command that would test it."""
    spec = claim.external
    assert spec.replication is not None, "the schema asks for it"
    at = f" at the {profile} profile" if profile else ""
    if scope is Scope.GENERALISATION:
        if not (spec.replication.networks or spec.replication.images or spec.replication.least):
            return "every row counts for the replication: the claim names no network or data"
        if not hasattr(get_experiment(str(spec.experiment)).parameters, "models"):
            return f"no rows of other networks or data{at}"
        return (
            f"no rows of other networks or data{at}; `saliency-audit run {claim.notebook} -p "
            "models=NAME` tests the claim on another network"
        )
    return (
        f"no rows of the claim's own{at} ({wanted(spec.replication)}); "
        f"{_command(claim, spec.replication, profile)} would make them"
    )


def _command(claim: Claim, own: ReplicationSpec, profile: str | None) -> str:
    """What computes rows of the claim's own networks and data: the next profile that has some."""
    experiment = get_experiment(str(claim.external.experiment))
    names = [name for name in PROFILES if name in experiment.profiles]
    larger = names[names.index(profile) + 1 :] if profile in names else names
    fitting = [name for name in larger if _has_networks(experiment.configure(name), own)]
    chosen = fitting[0] if fitting else names[-1]
    return f"`saliency-audit compute {experiment.name} --profile {chosen} --record`"


def _has_networks(settings: Iterable[Any], own: ReplicationSpec) -> bool:
    """Whether one of the settings lists a network that the claim names, if it names any."""
    return not own.networks or any(
        is_named(model, own.networks)
        for setting in settings
        for model in getattr(setting, "models", ())
    )


def main_rows(claim: Claim, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that a claim's declared test is about, of those of its experiment.

    Where the rows hold every setting of the claim, these are the rows of its main setting.

    Args:
        claim: with or without settings.
        rows: of its experiment.
    """
    settings = claim.external.settings
    if settings is None or settings.experiment != claim.external.experiment:
        return rows
    return next(settings_of(settings)).rows_of(rows)


def recorded_rows(claim: Claim, profile: str) -> pd.DataFrame | str:
    """Recorded `main_rows` of a claim's experiment, or the reason why there are none."""
    spec = claim.external
    if spec.nothing_to_test:
        return spec.nothing_to_test
    if spec.planned:
        return f"the experiment `{spec.experiment}` is planned and not written yet"
    rows = experiment_rows(str(spec.experiment), profile)
    return rows if isinstance(rows, str) else main_rows(claim, rows)


def experiment_rows(name: str, profile: str) -> pd.DataFrame | str:
    """Recorded rows of an experiment at its profile, or the reason why there are none.

    Of a profile with several settings, those whose tasks are all recorded count; `unfinished` says
    what the others lack.
    """
    experiment = get_experiment(name)
    if profile not in experiment.profiles:
        return f"the experiment `{name}` has no {profile} profile"
    settings = _tasks_and_faults(experiment, profile)
    faults = {task: fault for _, found in settings.values() for task, fault in found.items()}
    if complete := _complete(settings):
        return recorded_store(experiment, profile).read(complete)
    command = f"`saliency-audit compute {name} --profile {profile} --record`"
    count = sum(len(tasks) for tasks, _ in settings.values())
    if len(faults) == count and set(faults.values()) == {ABSENT}:
        return f"no rows recorded at the {profile} profile; {command} makes them"
    task, fault = next(iter(faults.items()))
    return (
        f"only {count - len(faults)} of {count} tasks are recorded at {profile} ({task}: {fault}); "
        f"{command} makes the others"
    )


def unfinished(name: str, profile: str) -> str:
    """Which settings of a profile `experiment_rows` leaves out, a sentence; "" if none."""
    settings = _tasks_and_faults(get_experiment(name), profile)
    lacking = [
        f"{setting} ({len(tasks) - len(faults)} of {len(tasks)} tasks)"
        for setting, (tasks, faults) in settings.items()
        if faults
    ]
    if not lacking or not _complete(settings):
        return ""
    return f"Left out until they are recorded: {', '.join(lacking)}."


def _complete(settings: Settings) -> list[Task]:
    """The tasks of settings that lack none; none at all if other rows are more than absent."""
    faults = {fault for _, found in settings.values() for fault in found.values()}
    if faults - {ABSENT}:
        return []
    return [task for tasks, found in settings.values() if not found for task in tasks]


def _tasks_and_faults(experiment: Experiment, profile: str) -> Settings:
    store = recorded_store(experiment, profile)
    found = {}
    for name, setting in experiment.settings(profile).items():
        tasks = list(experiment.split(setting))
        faults = {task.name: fault for task in tasks if (fault := store.fault(task))}
        found[name] = tasks, faults
    return found
