"""Internal audit of GG-PIC: Table 2."""

from collections.abc import Mapping

from saliency_audit.ledger.internal.ggig.tables import column
from saliency_audit.ledger.internal.signs import best_check, count_held, list_exceptions, ranking
from saliency_audit.ledger.printed import printed_table
from saliency_audit.ledger.verdict import Erratum, InternalAudit, erratum_if


def gg_pic() -> InternalAudit:
    """Is GGIG first and Random last in every column of Table 2?"""
    frame = printed_table("ggig", "table_02")
    columns = {
        f"{metric.upper()} of {model}": column(frame, metric=metric, model=model)
        for model in frame.model.unique()
        for metric in frame.metric.unique()
    }
    checks = tuple(
        check
        for name, values in columns.items()
        for check in (
            best_check(f"GGIG is first in {name}", values, "GGIG"),
            best_check(f"Random is last in {name}", values, "Random", higher_is_better=False),
        )
    )
    orders = "; ".join(f"{name}: {ranking(values)}" for name, values in columns.items())
    return InternalAudit(
        checks=checks,
        detail=(
            f"{count_held(checks)} places are as stated (exceptions: {list_exceptions(checks)}). "
            f"{orders}."
        ),
        errata=_edges_beat_gradients(columns),
    )


def _edges_beat_gradients(columns: Mapping[str, Mapping[str, float]]) -> tuple[Erratum, ...]:
    """Where an edge detector, which knows no model, scores above GRAD or IG."""
    beaten = {
        method: [name for name, values in columns.items() if values["Edge"] > values[method]]
        for method in ("GRAD", "IG")
    }
    text = "; ".join(
        f"above {method} in {len(names)} of {len(columns)} columns ("
        + ", ".join(
            f"{name} {columns[name]['Edge']:.3f} against {columns[name][method]:.3f}"
            for name in names
        )
        + ")"
        for method, names in beaten.items()
        if names
    )
    return erratum_if(
        bool(text),
        "§5.1 against Table 2",
        "“the edge detector does not pay attention to discriminative regions”",
        "By the paper's own measures of quality the edge detector, which knows no model, is "
        f"{text}. Either edges are discriminative here or the measures reward edges.",
    )
