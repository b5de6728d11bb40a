"""Internal audit of GG-PIC: Table 2."""

from collections.abc import Mapping

from saliency_audit.ledger.internal.orders import (
    First,
    Values,
    count_held,
    hold,
    list_exceptions,
    ranking,
    values_by,
)
from saliency_audit.ledger.printed import printed_table
from saliency_audit.ledger.verdict import Erratum, InternalAudit, erratum_if

LABELS = {
    "saliency": "GRAD",
    "ig": "IG",
    "ggig": "GGIG",
    "edge": "Edge",
    "random": "Random",
}
ORDER = (
    First("GGIG", "GGIG is first in {column}"),
    First("Random", "Random is last in {column}", lowest=True),
)


def gg_pic() -> InternalAudit:
    """Is GGIG first and Random last in every column of Table 2?"""
    frame = printed_table("ggig", "table_02").replace({"method": LABELS})
    columns = {
        f"{metric.upper()} of {model}": values_by(frame, "method", metric=metric, model=model)
        for model in frame.model.unique()
        for metric in frame.metric.unique()
    }
    checks = hold(ORDER, columns)
    orders = "; ".join(f"{name}: {ranking(values)}" for name, values in columns.items())
    return InternalAudit(
        checks=checks,
        detail=(
            f"{count_held(checks)} places are as stated (exceptions: {list_exceptions(checks)}). "
            f"{orders}."
        ),
        errata=_edges_beat_gradients(columns),
    )


def _edges_beat_gradients(columns: Mapping[str, Values]) -> tuple[Erratum, ...]:
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
