"""Table 1 of the XMGD paper, by metric."""

from saliency_audit.ledger.internal.orders import values_by
from saliency_audit.ledger.printed import printed_table

INCREASE, DROP, DELETION = "increase_in_confidence", "average_drop", "average_drop_in_deletion"
METRICS = {INCREASE: "IIC", DROP: "AD", DELETION: "ADD"}


def model_metrics() -> dict[str, dict[str, float]]:
    """Metric -> method as printed -> value."""
    table = printed_table("xmgd", "table_01")
    return {metric: values_by(table, "column", metric=metric) for metric in METRICS}
