"""What a notebook runs: its parameters, recorded rows, which may be missing, and its own."""

import dataclasses
from collections.abc import Callable, Mapping

import pandas as pd

from saliency_audit.ledger import (
    Claim,
    ClaimAudit,
    ExternalResult,
    Outcome,
    Scope,
    ScopedResult,
    evaluate,
    experiment_rows,
    main_rows,
)
from saliency_audit.parameters import PROFILES
from saliency_audit.study import compute
from saliency_audit.study.experiment import Experiment

# What readers call the rows that a notebook computed.
HERE = "this machine"


def show_recorded(
    recorded: pd.DataFrame | str, show: Callable[..., object], *arguments: object
) -> None:
    """Draw the recorded rows, or print why there are none.

    Args:
        recorded: answer of `ledger.recorded_rows`.
        show: draws rows.
        arguments: what `show` takes after the rows.
    """
    if isinstance(recorded, pd.DataFrame):
        show(recorded, *arguments)
    else:
        print(recorded)


def recorded_at(experiment: str) -> dict[str, pd.DataFrame]:
    """The recorded rows of an experiment that no claim is about, by what readers call them.

    Args:
        experiment: its name.

    Returns:
        An entry per profile that has any.
    """
    found = {profile: experiment_rows(experiment, profile) for profile in PROFILES}
    return {
        f"recorded, {profile}": rows
        for profile, rows in found.items()
        if isinstance(rows, pd.DataFrame)
    }


def kept_rows(
    experiment: Experiment, profile: str, overrides: Mapping[str, object]
) -> tuple[pd.DataFrame, str]:
    """Rows of a notebook whose own would take minutes: the recorded ones where there are any.

    Args:
        experiment: the experiment.
        profile: of the notebook.
        overrides: parameters that the reader set; with any the rows are computed here.

    Returns:
        The rows, and what to call them.
    """
    recorded = experiment_rows(experiment.name, profile) if not overrides else ""
    if isinstance(recorded, pd.DataFrame):
        return recorded, f"recorded, {profile}"
    return compute(experiment, profile, overrides), HERE


def sources(
    recorded: pd.DataFrame | str, rows: pd.DataFrame, name: str = HERE
) -> dict[str, pd.DataFrame]:
    """The recorded rows, if there are any, and these rows, by what readers call them."""
    found = {"recorded": recorded} if isinstance(recorded, pd.DataFrame) else {}
    return {**found, name: rows}


def both_runs(audit: ClaimAudit, rows: pd.DataFrame, name: str = HERE) -> dict[str, ScopedResult]:
    """Outcome of the claim's test on the recorded rows, if it was tested, and on these rows."""
    recorded = audit.external["reference"]
    found = {"recorded": recorded} if recorded.tested else {}
    return {**found, name: evaluate(audit.claim, main_rows(audit.claim, rows))}


def by_scope(results: Mapping[str, Outcome]) -> dict[str, ExternalResult]:
    """Outcomes by the name of their run; of a run that has both scopes, each under its own name.

    Args:
        results: outcomes by the name of the run ("recorded", "this machine").
    """
    found: dict[str, ExternalResult] = {}
    for run, result in results.items():
        if isinstance(result, ExternalResult):
            found[run] = result
        elif result.beside is None:
            found[run] = result.main
        else:
            found |= {f"{run}, {scope}": result.of(scope) for scope in Scope}
    return found


def also_tested(
    claim: Claim,
    recorded: pd.DataFrame | str,
    rows: pd.DataFrame,
    *,
    where: Mapping[str, object] | None = None,
    value: str | None = None,
) -> dict[str, ScopedResult]:
    """`compared` on the recorded rows, if there are any, and on these.

    Args:
        claim: whose declared questions to take.
        recorded: answer of `ledger.recorded_rows`.
        rows: of this execution.
        where: see `compared`.
        value: the same.
    """
    return compared(claim, sources(recorded, rows), where=where, value=value)


def compared(
    claim: Claim,
    runs: Mapping[str, pd.DataFrame],
    *,
    where: Mapping[str, object] | None = None,
    value: str | None = None,
) -> dict[str, ScopedResult]:
    """The claim's paired comparisons on other rows or another value, which decides nothing.

    Args:
        claim: whose declared questions to take.
        runs: rows by what readers call them.
        where: replaces what the questions say of these columns.
        value: column to compare instead of the declared one.
    """
    questions = [
        {
            **question,
            "where": {**question.get("where", {}), **(where or {})},
            "value": [value] if value else question["value"],
        }
        for question in claim.external.parameters["questions"]
    ]
    return {name: evaluate(claim, found, questions=questions) for name, found in runs.items()}


def chosen_parameters(experiment: Experiment, names: Mapping[str, object]) -> dict[str, object]:
    """The experiment's parameters that a notebook sets, and its choice of a setting.

    Args:
        experiment: whose parameters to look for.
        names: the notebook's variables, its `globals()`; what is None is not set.
    """
    known = [*(field.name for field in dataclasses.fields(experiment.parameters)), "setting"]
    return {name: names[name] for name in known if names.get(name) is not None}
