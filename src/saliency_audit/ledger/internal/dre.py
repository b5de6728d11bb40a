"""Internal audits of the DRE paper: what its tables say against what its text says."""

from collections.abc import Mapping

import pandas as pd

from saliency_audit.ledger.internal.dre_cost import dre_cost
from saliency_audit.ledger.internal.dre_density import dre_pdf
from saliency_audit.ledger.internal.dre_order import dre_mono
from saliency_audit.ledger.internal.dre_skewness import dre_skew
from saliency_audit.ledger.internal.registry import internal_test
from saliency_audit.ledger.internal.signs import (
    best_check,
    count_held,
    list_exceptions,
    ordinal,
    rank_of,
    ranking,
    sign_check,
)
from saliency_audit.ledger.printed import printed_table
from saliency_audit.ledger.verdict import Check, Erratum, InternalAudit

__all__ = ["dre_cost", "dre_expl", "dre_faith", "dre_mono", "dre_pdf", "dre_skew"]

GRADIENT = ("VGrad", "SMGrad", "ITGrad")
ROUNDING = 0.01  # a mean of three cells of two decimals, itself of two decimals
COMPARABLE = 1.0  # points


@internal_test("DRE-FAITH")
def dre_faith() -> InternalAudit:
    """Order of the methods per column of Table 3 and 5; printed means; sentences of §4.2.1."""
    table = printed_table("dre", "table_03")
    columns = {**_columns(table), "Places365": _places()}
    first = [
        best_check(f"{name}: DRE best", values, "DRE", digits=2) for name, values in columns.items()
    ]
    behind = [_gradients_last(name, values) for name, values in columns.items()]
    ahead = [_above(name, values, "DRE", "MGnet") for name, values in columns.items()]
    means = _mean_checks(table)
    close = [
        _comparable(name, values, "GCAM", "GCAM++")
        for name, values in columns.items()
        if "MEAN" in name
    ]
    gaps = [_gradient_gap(values) for values in columns.values()]
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


@internal_test("DRE-EXPL")
def dre_expl() -> InternalAudit:
    """Order of the methods per column of Table 4, and its means."""
    table = printed_table("dre", "table_04")
    columns = _columns(table)
    best = [
        best_check(f"{name}: GCAM++ best", values, "GCAM++", digits=2)
        for name, values in columns.items()
    ]
    above = [_above(name, values, "DRE", "MGnet") for name, values in columns.items()]
    most = [
        _above_most(name, values, method)
        for name, values in columns.items()
        for method in ("DRE", "MGnet")
    ]
    last = [_gradients_last(name, values) for name, values in columns.items()]
    means = _mean_checks(table)
    checks = (*best, *above, *most, *last, *means)
    places = ", ".join(
        f"{ordinal(rank_of(values, 'DRE')[0])} ({name})" for name, values in columns.items()
    )
    detail = (
        f"{count_held(checks)} statements hold. GCAM++ is best in {count_held(best)} columns, DRE "
        f"above MGnet in {count_held(above)}, the gradient methods are the last three in "
        f"{count_held(last)}. DRE's places: {places}. Exceptions: {list_exceptions(checks)}."
    )
    return InternalAudit(checks, detail, _expl_errata(columns))


def _expl_errata(columns: Mapping[str, Mapping[str, float]]) -> tuple[Erratum, ...]:
    """Sentences that single columns of Table 4 contradict."""
    sentences = (
        ("GCAM++ obtains better performance than GCAM and the other methods", "GCAM++", None),
        ("DRE outperforms MGnet with a small gap", "DRE", "MGnet"),
    )
    errata = []
    for sentence, leader, rival in sentences:
        found = [_beaten(name, values, leader, rival) for name, values in columns.items()]
        if any(found):
            problem = "; ".join(text for text in found if text) + "."
            errata.append(Erratum("§4.2.1, Table 4", sentence, problem))
    return tuple(errata)


def _beaten(name: str, values: Mapping[str, float], leader: str, rival: str | None) -> str:
    """By whom `leader` is beaten (any method, or `rival` only); empty if by none."""
    better = [
        f"{method} {value:.2f}"
        for method, value in values.items()
        if value > values[leader] and rival in (None, method)
    ]
    return f"{name}: {', '.join(better)} > {leader} {values[leader]:.2f}" if better else ""


def _columns(table: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Printed column name -> method as printed -> value."""
    return {str(name): _cells(part) for name, part in table.groupby("column", sort=False)}


def _cells(table: pd.DataFrame) -> dict[str, float]:
    present = table.dropna(subset="value")
    return dict(zip(present["row"], present["value"].astype(float), strict=True))


def _places() -> dict[str, float]:
    """Table 5 names its methods in columns."""
    present = printed_table("dre", "table_05").dropna(subset="value")
    return dict(zip(present["column"], present["value"].astype(float), strict=True))


def _gradient_gap(values: Mapping[str, float]) -> float:
    """Worst of the other methods minus the best of the gradient methods that have a value."""
    others = [value for method, value in values.items() if method not in GRADIENT]
    return min(others) - max(values[method] for method in GRADIENT if method in values)


def _gradients_last(name: str, values: Mapping[str, float]) -> Check:
    others = {method: value for method, value in values.items() if method not in GRADIENT}
    gradients = {method: values[method] for method in GRADIENT if method in values}
    worst = min(others, key=lambda method: others[method])
    top = max(gradients, key=lambda method: gradients[method])
    return Check(
        f"{name}: {', '.join(gradients)} below all others",
        _gradient_gap(values) > 0,
        "best of them < worst of the others",
        f"{top} {gradients[top]:.2f}, {worst} {others[worst]:.2f}",
    )


def _lead(values: Mapping[str, float], method: str) -> float:
    return values[method] - max(value for name, value in values.items() if name != method)


def _above(name: str, values: Mapping[str, float], first: str, second: str) -> Check:
    return sign_check(f"{name}: {first} − {second}", values[first] - values[second], digits=2)


def _above_most(name: str, values: Mapping[str, float], method: str) -> Check:
    place, _ = rank_of(values, method)
    beaten = len(values) - place
    return Check(
        f"{name}: {method} better than most of the others",
        2 * beaten > len(values) - 1,
        f"better than more than half of {len(values) - 1}",
        f"better than {beaten}: {ranking(values, digits=2)}",
    )


def _comparable(name: str, values: Mapping[str, float], first: str, second: str) -> Check:
    gap = abs(values[first] - values[second])
    return Check(
        f"{name}: {first} comparable to {second}",
        gap < COMPARABLE,
        f"within {COMPARABLE:g} point",
        f"{values[first]:.2f} and {values[second]:.2f}",
    )


def _mean_checks(table: pd.DataFrame) -> list[Check]:
    """Printed MEAN against the mean of the three networks, per method and data set."""
    checks = []
    for (dataset, method), part in table.groupby(["dataset", "row"], sort=False):
        values = part.set_index("model")["value"]
        computed = float(values.drop("mean").mean())
        checks.append(
            Check(
                f"{dataset}: MEAN of {method}",
                abs(values["mean"] - computed) <= ROUNDING,
                f"{computed:.3f} ± {ROUNDING}",
                f"{values['mean']:.2f}",
                deciding=False,
            )
        )
    return checks
