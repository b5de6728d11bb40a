"""XM-MODEL: the metrics of Table 1, of four methods on the same faces, and the printed ones."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from saliency_audit.ledger import printed_tables
from saliency_audit.ledger.external.evidence.derived import MEAN_OF_NETWORKS, mean_over_networks
from saliency_audit.ledger.summaries.means import mean_with_interval
from saliency_audit.metrics.registry import METRICS
from saliency_audit.report.figures.panels import draw_estimate, name_rows, panels, refuse_empty
from saliency_audit.report.names import BASE_COLOUR, IDGI_COLOUR, method_name, network, on_two_lines
from saliency_audit.report.notebook.tables import text_table
from saliency_audit.report.words import estimate, number

MEASURES = {
    "increase_in_confidence": "IIC",
    "average_drop": "AD",
    "average_drop_in_deletion": "ADD",
    "insertion_correlation": "insertion correlation",
}
SIGNED = "AD, signed"
# What Table 1 averages over.
PRINTED = "seven detectors"


def show_metrics(rows: pd.DataFrame) -> Figure:
    """Means of the four metrics: a row of panels per network, the mean over networks last.

    Args:
        rows: of `xmgd_model_metrics`.

    Returns:
        The figure: means over the images with their 95 % bootstrap intervals. IG, of which the
        claim speaks, has a colour of its own. An arrow says which side is better.
    """
    refuse_empty(rows)
    whole = _with_the_mean(rows)
    models = list(dict.fromkeys(whole["model"]))
    methods = list(dict.fromkeys(rows["method"]))

    def draw(axis: Axes, model: str, measure: str) -> bool:
        mine = whole[whole["model"] == model]
        for place, method in enumerate(methods):
            found = mean_with_interval(mine.loc[mine["method"] == method, measure])
            if found is not None:
                colour = BASE_COLOUR if method == "ig" else IDGI_COLOUR
                draw_estimate(axis, found, place, color=colour, fmt="o", markersize=4)
        axis.set_yticks(range(len(methods)), [method_name(method) for method in methods])
        if model == models[0]:
            axis.set_title(f"{MEASURES[measure]} {METRICS[measure].arrow}", fontsize=9)
        return True

    height = 0.22 * len(methods) + 0.3
    figure, axes = panels(models, list(MEASURES), draw, width=1.7, height=height, sharex="col")
    name_rows(axes, (on_two_lines(_named(model)) for model in models))
    for axis in axes[:, 0]:
        axis.set_ylim(len(methods) - 0.5, -0.5)
    return figure


def metric_table(sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Means over the images beside the printed ones.

    Args:
        sources: rows of `xmgd_model_metrics` by where they come from.

    Returns:
        A line per network, method and source, which form the index; Table 1 comes first. Means have
        95 % bootstrap intervals over the images. "AD, signed" counts rises as negative drops, which
        the definition cuts off at 0 and Table 1 prints.
    """
    lines = _printed_lines()
    for source, rows in sources.items():
        whole = _with_the_mean(rows.assign(signed=_signed_drop(rows)))
        for (model, method), group in whole.groupby(["model", "method"], sort=False):
            line = _named(str(model)), method_name(str(method)), on_two_lines(source)
            values = {title: group[measure] for measure, title in MEASURES.items()}
            values[SIGNED] = group["signed"]
            lines[line] = {
                **{title: estimate(mean_with_interval(found)) for title, found in values.items()},
                "n": str(len(group)),
            }
    return text_table(lines, ["network", "method", "source"])


def _signed_drop(rows: pd.DataFrame) -> pd.Series:
    return (rows["confidence"] - rows["kept"]) / rows["confidence"]


def _with_the_mean(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows and, of several networks, their mean."""
    if rows["model"].nunique() < 2:
        return rows
    return pd.concat([rows, mean_over_networks(rows)], ignore_index=True)


def _named(model: str) -> str:
    return model if model == MEAN_OF_NETWORKS else network(model)


def _printed_lines() -> dict[tuple[str, str, str], dict[str, str]]:
    """Table 1: its rows are measures, its columns methods."""
    printed = printed_tables("xmgd", "table_01")
    return {
        (PRINTED, method_name(str(method)), "paper"): {
            MEASURES[measure]: number(float(value), 3)
            for measure, value in zip(group["metric"], group["value"], strict=True)
        }
        for method, group in printed.groupby("method", sort=False)
    }
