"""Internal audit of DRE-FAITH: Tables 3 and 5 against §4.2.1 and §4.3."""

from dataclasses import dataclass

from saliency_audit.ledger.internal.dre.tables import (
    ABOVE_MGNET,
    GRADIENT,
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
    values_by,
)
from saliency_audit.ledger.printed import printed_table
from saliency_audit.ledger.verdict import Check, InternalAudit

COMPARABLE = 1.0  # points


@dataclass(frozen=True)
class Comparable:
    """Two methods lie within a point of each other."""

    first: str
    second: str

    def check(self, column: str, values: Values, digits: int) -> Check:
        """Hold the statement against one column."""
        one, other = values[self.first], values[self.second]
        return Check(
            f"{column}: {self.first} comparable to {self.second}",
            abs(one - other) < COMPARABLE,
            f"within {COMPARABLE:g} point",
            f"{one:.{digits}f} and {other:.{digits}f}",
        )


def dre_faith() -> InternalAudit:
    """Order of the methods per column of Table 3 and 5; printed means; sentences of §4.2.1."""
    table = printed_table("dre", "table_03")
    places = values_by(printed_table("dre", "table_05"), "column")  # its methods head columns
    columns = {**by_column(table), "Places365": places}
    averages = {name: values for name, values in columns.items() if "MEAN" in name}
    first = hold([First("DRE", "{column}: DRE best")], columns, digits=2)
    behind = hold([GradientsLast()], columns, digits=2)
    ahead = hold([ABOVE_MGNET], columns, digits=2)
    close = hold([Comparable("GCAM", "GCAM++")], averages, digits=2)
    means = mean_checks(table)
    gaps = [_lead(values, set(values) - set(GRADIENT)) for values in columns.values()]
    leads = [_lead(values, {"DRE"}) for values in columns.values()]
    networks = {n: abs(v["GCAM"] - v["GCAM++"]) for n, v in columns.items() if n not in averages}
    widest = max(networks, key=lambda name: networks[name])
    checks = (*first, *behind, *ahead, *means, *close)
    detail = (
        f"DRE is best in {count_held(first)} columns, by {min(leads):.2f} to {max(leads):.2f} "
        f"points; the gradient methods are the last three in {count_held(behind)}, "
        f"{min(gaps):.2f} to {max(gaps):.2f} points below the next method; {count_held(means)} "
        "printed means are the means of their columns. GCAM and GCAM++ are close in the means "
        f"only: {networks[widest]:.2f} points apart for {widest}. The text version of the paper "
        "gives no readable value for VGrad on Places365, and no spread for any cell. Exceptions: "
        f"{list_exceptions(checks)}."
    )
    return InternalAudit(checks, detail)


def _lead(values: Values, leaders: set[str]) -> float:
    """The worst of some methods minus the best of the others."""
    behind = [value for method, value in values.items() if method not in leaders]
    return min(values[method] for method in leaders) - max(behind)
