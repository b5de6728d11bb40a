"""The recorded rows of a claim, which may be missing, beside the rows of this execution."""

from collections.abc import Callable

import pandas as pd

from saliency_audit.ledger import Claim, ExternalResult, evaluate


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


def both_runs(
    claim: Claim, recorded: pd.DataFrame | str, rows: pd.DataFrame
) -> dict[str, ExternalResult]:
    """Outcome of the claim's test on the recorded rows, if there are any, and on these rows."""
    return {name: evaluate(claim, found) for name, found in sources(recorded, rows).items()}
