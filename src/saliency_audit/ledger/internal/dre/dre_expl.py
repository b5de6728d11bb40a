"""Internal audit of DRE-EXPL: Table 4 against §4.2.1."""

from collections.abc import Mapping
from dataclasses import replace

from saliency_audit.ledger.internal.dre.tables import (
    above_check,
    by_column,
    gradients_last,
    mean_checks,
)
from saliency_audit.ledger.internal.signs import (
    best_check,
    count_held,
    list_exceptions,
    ordinal,
    rank_of,
    ranking,
)
from saliency_audit.ledger.printed import printed_table
from saliency_audit.ledger.verdict import Check, InternalAudit

AVERAGE = "ImageNet MEAN"


def dre_expl() -> InternalAudit:
    """Order of the methods in the MEAN column of Table 4, and beside it in each network's."""
    table = printed_table("dre", "table_04")
    columns = by_column(table)
    average = _statements(AVERAGE, columns[AVERAGE])
    networks = [
        replace(check, deciding=False)
        for name, values in columns.items()
        if name != AVERAGE
        for check in _statements(name, values)
    ]
    means = mean_checks(table)
    places = ", ".join(
        f"{ordinal(rank_of(values, 'DRE')[0])} ({name})" for name, values in columns.items()
    )
    detail = (
        f"In the printed means {count_held(average)} statements hold (exceptions: "
        f"{list_exceptions(average)}), in the columns of single networks {count_held(networks)} "
        f"(exceptions: {list_exceptions(networks)}). The text speaks of no single network, so "
        f"the means decide. DRE's places: {places}."
    )
    return InternalAudit((*average, *networks, *means), detail)


def _statements(name: str, values: Mapping[str, float]) -> list[Check]:
    """What §4.2.1 says of the methods, held against one column."""
    return [
        best_check(f"{name}: GCAM++ best", values, "GCAM++", digits=2),
        above_check(name, values, "DRE", "MGnet"),
        *(_above_most(name, values, method) for method in ("DRE", "MGnet")),
        gradients_last(name, values),
    ]


def _above_most(name: str, values: Mapping[str, float], method: str) -> Check:
    place, _ = rank_of(values, method)
    beaten = len(values) - place
    return Check(
        f"{name}: {method} better than most of the others",
        2 * beaten > len(values) - 1,
        f"better than more than half of {len(values) - 1}",
        f"better than {beaten}: {ranking(values, digits=2)}",
    )
