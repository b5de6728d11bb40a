"""All metrics at a glance: what each is computed from, its range and its better side."""

from saliency_audit.metrics.registry import METRICS, NEEDS, Metric
from saliency_audit.report.site.markdown import escape, page, table


def metrics_table() -> str:
    """The declared metrics, those that need the same thing under each other."""
    order = list(NEEDS)
    ordered = sorted(METRICS.values(), key=lambda metric: order.index(metric.needs))
    return page(
        "An arrow says which direction is better for an explanation. Similarities of two maps and "
        "counts have no better direction of their own. Where a metric is undefined for an image it "
        "is NaN, which is to be counted, not dropped.",
        table(("metric", "function", "computed from", "range", "better"), map(_row, ordered)),
    )


def function_link(metric: Metric) -> str:
    """The library's function of a metric, under the metric's name."""
    return f"{{py:obj}}`{metric.name} <saliency_audit.metrics.{metric.computed_by}>`"


def _row(metric: Metric) -> tuple[str, ...]:
    side = metric.arrow or "—"
    return (
        escape(metric.title),
        function_link(metric),
        escape(NEEDS[metric.needs]),
        escape(metric.range),
        side if metric.equal is None else f"{metric.equal:g} for equal maps",
    )
