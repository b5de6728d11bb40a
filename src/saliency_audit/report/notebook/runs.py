"""What a notebook runs: its parameters, recorded rows, which may be missing, and its own."""

import dataclasses
from collections.abc import Callable, Mapping

import pandas as pd

from saliency_audit.ledger import Claim, ClaimAudit, ExternalResult, Verdict, evaluate
from saliency_audit.study.experiment import Experiment


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


def sources(recorded: pd.DataFrame | str, rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The recorded rows, if there are any, and these rows, by what readers call them."""
    found = {"recorded": recorded} if isinstance(recorded, pd.DataFrame) else {}
    return {**found, "this machine": rows}


def both_runs(audit: ClaimAudit, rows: pd.DataFrame) -> dict[str, ExternalResult]:
    """Outcome of the claim's test on the recorded rows, if it was tested, and on these rows."""
    recorded = audit.external["reference"]
    found = {} if recorded.verdict is Verdict.NOT_TESTED else {"recorded": recorded}
    return {**found, "this machine": evaluate(audit.claim, rows)}


def also_tested(
    claim: Claim, recorded: pd.DataFrame | str, rows: pd.DataFrame, **parameters: object
) -> dict[str, ExternalResult]:
    """The claim's test with some of its parameters replaced, which decides nothing.

    Args:
        claim: whose test and parameters to take.
        recorded: answer of `ledger.recorded_rows`.
        rows: of this execution.
        parameters: replace those that the ledger declares.
    """
    return {
        name: evaluate(claim, found, **parameters)
        for name, found in sources(recorded, rows).items()
    }


def chosen_parameters(experiment: Experiment, names: Mapping[str, object]) -> dict[str, object]:
    """The experiment's parameters that a notebook sets, and its choice of a setting.

    Args:
        experiment: whose parameters to look for.
        names: the notebook's variables, its `globals()`; what is None is not set.
    """
    known = [*(field.name for field in dataclasses.fields(experiment.parameters)), "setting"]
    return {name: names[name] for name in known if names.get(name) is not None}
