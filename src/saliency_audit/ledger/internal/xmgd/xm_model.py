"""Internal audit of XM-MODEL: the order of Table 1, and what its numbers can be."""

from collections.abc import Mapping

from saliency_audit.ledger.internal.orders import First, Values, count_held, list_exceptions
from saliency_audit.ledger.internal.xmgd.tables import (
    DELETION,
    DROP,
    INCREASE,
    METRICS,
    model_metrics,
)
from saliency_audit.ledger.verdict import Check, Erratum, InternalAudit, erratum_if


def xm_model() -> InternalAudit:
    """Order of Table 1, and whether its numbers can be what the text says they are."""
    table = model_metrics()
    order = [
        First("IG", "{column}: IG best", lowest=metric == DROP).check(label, table[metric], 3)
        for metric, label in METRICS.items()
    ]
    possible = [
        _possible(METRICS[metric], method, value)
        for metric in (DROP, DELETION)
        for method, value in table[metric].items()
    ]
    mirrored = [
        _mirror(method, table[INCREASE][method], drop) for method, drop in table[DROP].items()
    ]
    detail = (
        f"IG is best in {count_held(order)} rows, which decides. Whether the numbers can be what "
        "the text says they are is a separate question: as average changes of an accuracy, "
        f"{count_held(possible)} printed drops are possible, and {count_held(mirrored)} increases "
        "equal minus the drop, as they must if both are averages over the same images. "
        f"Exceptions: {list_exceptions([*order, *possible, *mirrored])}."
    )
    return InternalAudit((*order, *possible, *mirrored), detail, _model_errata(table))


def _possible(label: str, method: str, drop: float) -> Check:
    """A drop from p to p' with 0 ≤ p' and p ≤ 1 is at most 1, absolute or relative."""
    return Check(
        f"{label} of {method} is a possible drop in accuracy",
        drop <= 1,
        "≤ 1",
        f"{drop:.3f}",
        deciding=False,
    )


def _mirror(method: str, increase: float, drop: float) -> Check:
    return Check(
        f"{method}: average increase is minus the average drop",
        abs(increase + drop) <= 0.001,
        f"{-drop:.3f}",
        f"{increase:.3f}",
        deciding=False,
    )


def _model_errata(table: Mapping[str, Values]) -> tuple[Erratum, ...]:
    impossible = [f"“{v:.3f}” for {m}" for m, v in table[DELETION].items() if v > 1]
    negative = [f"“{v:.3f}” for {m}" for m, v in table[DROP].items() if v < 0]
    both = [m for m in table[DROP] if table[INCREASE][m] > 0 and table[DROP][m] > 0]
    return (
        *erratum_if(
            bool(impossible),
            "Table 1, ADD",
            f"{', '.join(impossible)}; “ADD removes salient pixels and computes the average drop "
            "in accuracy” (§5)",
            "No drop in an accuracy or a probability exceeds 1, whether absolute or relative to "
            "the start. Either the scores are not probabilities or the row is in another unit.",
        ),
        *erratum_if(
            bool(negative),
            "Table 1, AD",
            f"{', '.join(negative)}",
            "The definition cited ([5]) cuts the drop of every image at 0, so that the average "
            "cannot be negative. With signed drops this one would say that accuracy rises when "
            "pixels are removed.",
        ),
        *erratum_if(
            bool(both),
            "§2, §5, Table 1, IC",
            "“Insertion Correlation (IC) [10]” (§2); “IC and AD removes non-salient pixels and "
            "computes the average increase and drop in accuracy” (§5); headed “IIC” in Table 1",
            "Three names for one row. A correlation lies in [−1, 1] and is no increase; as an "
            "average increase it would be minus AD, but both are positive for "
            f"{', '.join(both)}. The numbers would fit the share of images whose confidence rises.",
        ),
    )
