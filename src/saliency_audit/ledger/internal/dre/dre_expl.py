"""Internal audit of DRE-EXPL: Table 4 against §4.2.1."""

from dataclasses import dataclass

from saliency_audit.ledger.internal.dre.tables import (
    ABOVE_MGNET,
    GradientsLast,
    by_column,
    mean_checks,
)
from saliency_audit.ledger.internal.orders import (
    First,
    Values,
    count_held,
    hold,
    list_exceptions,
    ordinal,
    rank_of,
    ranking,
)
from saliency_audit.ledger.printed import printed_table
from saliency_audit.ledger.verdict import Check, InternalAudit

AVERAGE = "ImageNet MEAN"


@dataclass(frozen=True)
class AboveMost:
    """A method is better than more than half of the others."""

    method: str

    def check(self, column: str, values: Values, digits: int) -> Check:
        """Hold the statement against one column."""
        place, _ = rank_of(values, self.method)
        beaten = len(values) - place
        return Check(
            f"{column}: {self.method} better than most of the others",
            2 * beaten > len(values) - 1,
            f"better than more than half of {len(values) - 1}",
            f"better than {beaten}: {ranking(values, digits=digits)}",
        )


STATEMENTS = (
    First("GCAM++", "{column}: GCAM++ best"),
    ABOVE_MGNET,
    AboveMost("DRE"),
    AboveMost("MGnet"),
    GradientsLast(),
)


def dre_expl() -> InternalAudit:
    """Order of the methods in the MEAN column of Table 4, and beside it in each network's."""
    table = printed_table("dre", "table_04")
    columns = by_column(table)
    single = {name: values for name, values in columns.items() if name != AVERAGE}
    average = hold(STATEMENTS, {AVERAGE: columns[AVERAGE]}, digits=2)
    networks = hold(STATEMENTS, single, digits=2, deciding=False)
    places = ", ".join(
        f"{ordinal(rank_of(values, 'DRE')[0])} ({name})" for name, values in columns.items()
    )
    detail = (
        f"In the printed means {count_held(average)} statements hold (exceptions: "
        f"{list_exceptions(average)}), in the columns of single networks {count_held(networks)} "
        f"(exceptions: {list_exceptions(networks)}). The text speaks of no single network, so the "
        f"means decide. DRE's places: {places}."
    )
    return InternalAudit((*average, *networks, *mean_checks(table)), detail)
