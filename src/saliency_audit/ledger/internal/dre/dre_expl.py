"""Internal audit of DRE-EXPL: Table 4 against §4.2.1."""

from collections.abc import Mapping

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
from saliency_audit.ledger.verdict import Check, Erratum, InternalAudit


def dre_expl() -> InternalAudit:
    """Order of the methods per column of Table 4, and its means."""
    table = printed_table("dre", "table_04")
    columns = by_column(table)
    best = [
        best_check(f"{name}: GCAM++ best", values, "GCAM++", digits=2)
        for name, values in columns.items()
    ]
    above = [above_check(name, values, "DRE", "MGnet") for name, values in columns.items()]
    most = [
        _above_most(name, values, method)
        for name, values in columns.items()
        for method in ("DRE", "MGnet")
    ]
    last = [gradients_last(name, values) for name, values in columns.items()]
    means = mean_checks(table)
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


def _above_most(name: str, values: Mapping[str, float], method: str) -> Check:
    place, _ = rank_of(values, method)
    beaten = len(values) - place
    return Check(
        f"{name}: {method} better than most of the others",
        2 * beaten > len(values) - 1,
        f"better than more than half of {len(values) - 1}",
        f"better than {beaten}: {ranking(values, digits=2)}",
    )


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
