"""Internal audit of DRE-FAITH: Tables 3 and 5 against §4.2.1 and §4.3."""

from collections.abc import Mapping

from saliency_audit.ledger.internal.dre.tables import (
    above_check,
    by_column,
    gradient_gap,
    gradients_last,
    mean_checks,
)
from saliency_audit.ledger.internal.signs import (
    best_check,
    count_held,
    list_exceptions,
)
from saliency_audit.ledger.printed import printed_table
from saliency_audit.ledger.verdict import Check, InternalAudit

COMPARABLE = 1.0  # points


def dre_faith() -> InternalAudit:
    """Order of the methods per column of Table 3 and 5; printed means; sentences of §4.2.1."""
    table = printed_table("dre", "table_03")
    columns = {**by_column(table), "Places365": _places()}
    first = [
        best_check(f"{name}: DRE best", values, "DRE", digits=2) for name, values in columns.items()
    ]
    behind = [gradients_last(name, values) for name, values in columns.items()]
    ahead = [above_check(name, values, "DRE", "MGnet") for name, values in columns.items()]
    means = mean_checks(table)
    close = [
        _comparable(name, values, "GCAM", "GCAM++")
        for name, values in columns.items()
        if "MEAN" in name
    ]
    gaps = [gradient_gap(values) for values in columns.values()]
    leads = [_lead(values, "DRE") for values in columns.values()]
    networks = {n: abs(v["GCAM"] - v["GCAM++"]) for n, v in columns.items() if "MEAN" not in n}
    widest = max(networks, key=lambda name: networks[name])
    detail = (
        f"DRE is best in {count_held(first)} columns, by {min(leads):.2f} to {max(leads):.2f} "
        f"points; the gradient methods are the last three in {count_held(behind)}, "
        f"{min(gaps):.2f} to {max(gaps):.2f} points below the next method; {count_held(means)} "
        "printed means are the means of their columns. GCAM and GCAM++ are close in the means "
        f"only: {networks[widest]:.2f} points apart for {widest}. The text of the paper gives no "
        "readable value for VGrad on Places365, and no spread for any cell. Exceptions: "
        f"{list_exceptions([*first, *behind, *ahead, *means, *close])}."
    )
    return InternalAudit((*first, *behind, *ahead, *means, *close), detail)


def _places() -> dict[str, float]:
    """Table 5 names its methods in columns."""
    present = printed_table("dre", "table_05").dropna(subset="value")
    return dict(zip(present["column"], present["value"].astype(float), strict=True))


def _lead(values: Mapping[str, float], method: str) -> float:
    return values[method] - max(value for name, value in values.items() if name != method)


def _comparable(name: str, values: Mapping[str, float], first: str, second: str) -> Check:
    gap = abs(values[first] - values[second])
    return Check(
        f"{name}: {first} comparable to {second}",
        gap < COMPARABLE,
        f"within {COMPARABLE:g} point",
        f"{values[first]:.2f} and {values[second]:.2f}",
    )
