"""Comparisons of one test as a table: some of their keys down, the others across."""

import math
from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from saliency_audit.ledger import Comparison, Outcome
from saliency_audit.report.in_print import in_print
from saliency_audit.report.names import (
    STABILITY_NAMES,
    TOP_PIXEL_NAMES,
    method_name,
    on_two_lines,
)
from saliency_audit.report.notebook.runs import by_scope
from saliency_audit.report.notebook.tables import text_table
from saliency_audit.report.words import estimate, mark, nearer_p, number, outcome

SCORES = STABILITY_NAMES | TOP_PIXEL_NAMES


def pivot_table(
    results: Mapping[str, Outcome],
    down: Sequence[str],
    across: Sequence[str],
    *,
    only: Callable[[Mapping[str, str]], bool] = lambda keys: True,
    named: Callable[[str], str] = method_name,
) -> pd.DataFrame:
    """`pivot` of the comparisons of a test; those of both scopes, where a run has both, apart.

    Args:
        results: outcome of a test by the name of the run ("recorded", "this machine").
        down: see `pivot`.
        across: see `pivot`.
        only: see `pivot`.
        named: see `pivot`.
    """
    found = {run: result.comparisons for run, result in by_scope(results).items()}
    return pivot(found, down, across, only=only, named=named)


def pivot(
    comparisons: Mapping[str, Sequence[Comparison]],
    down: Sequence[str],
    across: Sequence[str],
    *,
    only: Callable[[Mapping[str, str]], bool] = lambda keys: True,
    named: Callable[[str], str] = method_name,
) -> pd.DataFrame:
    """Estimate, interval and answer of every comparison.

    Args:
        comparisons: by the name of the run.
        down: keys of the comparisons that name the lines; the run comes last.
        across: keys that name the columns; a comparison that lacks one of these, or of those of
            the lines, is left out.
        only: which comparisons to show, by their keys.
        named: from a method to its name in print.

    Returns:
        Cells are HTML on three lines: estimate with its 95 % interval, whether it holds, n. Where
        it is undecided and the rule corrects for many comparisons, the corrected p value of the
        nearer side as well. A comparison that the verdict does not rest on says so.

    Raises:
        ValueError: two comparisons of a run would stand in one cell.
    """
    cells: dict[tuple[str, ...], dict[str, str]] = {}
    for run, items in comparisons.items():
        for item in items:
            if not all(name in item.keys for name in (*down, *across)) or not only(item.keys):
                continue
            line = (*(_named(item, name, named) for name in down), on_two_lines(run))
            column = ", ".join(_named(item, name, named) for name in across) or "estimate"
            if column in cells.setdefault(line, {}):
                raise ValueError(
                    f"two comparisons in one cell: {item.label}; name more of their keys"
                )
            cells[line][column] = _cell(item)
    return text_table(cells, [*down, "source"])


def _named(item: Comparison, key: str, named: Callable[[str], str]) -> str:
    """What a reader calls a key's value: `ig − random` is `IG − Random`."""
    parts = item.keys[key].split(" − ")
    return " − ".join(SCORES.get(part) or in_print(named(part)) for part in parts)


def _cell(item: Comparison) -> str:
    found = estimate(item.estimate).replace(" [", "<br>[", 1)
    doubt = ""
    if outcome(item) == "undecided" and not math.isnan(nearer_p(item)):
        doubt = f", p = {number(nearer_p(item), 2)}"
    answer = f"{mark(item)}{doubt}" if item.decides else "not decisive"
    return f"{found}<br>{answer}, n = {item.estimate.n}"
