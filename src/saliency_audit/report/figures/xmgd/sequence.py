"""XMGD between a sequence of maps and the same later, backwards, shuffled and still."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from saliency_audit.ledger.summaries.means import mean_with_interval
from saliency_audit.report.figures.panels import draw_estimate, name_rows, panels, refuse_empty
from saliency_audit.report.names import (
    BASE_COLOUR,
    IDGI_COLOUR,
    method_name,
    network,
    on_two_lines,
)
from saliency_audit.report.notebook.tables import text_table
from saliency_audit.report.words import estimate
from saliency_audit.study.experiments.xmgd_sequence import MEASURES, ORDERS

COLOURS = dict(zip(MEASURES, ("0.6", BASE_COLOUR, IDGI_COLOUR), strict=True))


def show_sequences(rows: pd.DataFrame) -> Figure:
    """Distances of five comparisons under three readings of XMGD.

    Args:
        rows: of `xmgd_sequence`.

    Returns:
        The figure: a row of panels per network, a column per method. Means over the images with
        95 % bootstrap intervals: grey of the mean map, orange frame by frame, blue over time.
    """
    refuse_empty(rows)
    models, methods = (list(dict.fromkeys(rows[name])) for name in ("model", "method"))
    compared = [name for name in ORDERS if name in set(rows["compared"])]

    def draw(axis: Axes, model: str, method: str) -> bool:
        mine = rows[(rows["model"] == model) & (rows["method"] == method)]
        for shift, (measure, colour) in zip((-0.2, 0.0, 0.2), COLOURS.items(), strict=True):
            part = mine[mine["measure"] == measure]
            for place, name in enumerate(compared):
                found = mean_with_interval(part.loc[part["compared"] == name, "xmgd"])
                if found is not None:
                    label = measure if place == 0 else None
                    draw_estimate(
                        axis, found, place + shift, color=colour, fmt="o", markersize=4, label=label
                    )
        axis.set_yticks(range(len(compared)), compared)
        if model == models[0]:
            axis.set_title(method_name(method), fontsize=9)
        return not mine.empty

    height = 0.32 * len(compared) + 0.4
    figure, axes = panels(models, methods, draw, width=3.6, height=height, sharex="col")
    name_rows(axes, (on_two_lines(network(model)) for model in models))
    for axis in axes[:, 0]:
        axis.set_ylim(len(compared) - 0.5, -0.5)
    for axis in axes[-1]:
        axis.set_xlabel("XMGD", fontsize=9)
    axes[0, -1].legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def sequence_table(sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The same as numbers, in thousandths of the picture's side, squared.

    Args:
        sources: rows of `xmgd_sequence` by where they come from.
    """
    lines: dict[tuple[str, ...], dict[str, str]] = {}
    for source, rows in sources.items():
        keys = ["model", "method", "compared"]
        for (model, method, compared), group in rows.groupby(keys, sort=False):
            cells = {
                str(measure): estimate(mean_with_interval(1000 * part["xmgd"]))
                for measure, part in group.groupby("measure", sort=False)
            }
            where = network(str(model)), method_name(str(method)), str(compared)
            lines[*where, on_two_lines(source)] = {
                **cells,
                "images": str(group["image"].nunique()),
            }
    return text_table(lines, ["network", "method", "with", "source"])


def delay_table(sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """How much farther a sequence is from every other than from itself one frame later.

    Args:
        sources: rows of `xmgd_sequence` by where they come from.

    Returns:
        Differences of the same image in thousandths, by measure: above 0 where the delay of one
        frame is the nearer of the two. Last, in how many images it is nearer over time.
    """
    lines: dict[tuple[str, ...], dict[str, str]] = {}
    for source, rows in sources.items():
        for (model, method), group in rows.groupby(["model", "method"], sort=False):
            table = group.pivot(index="image", columns=["compared", "measure"], values="xmgd")
            for compared in ORDERS[1:]:
                farther = 1000 * (table[compared] - table[ORDERS[0]])
                nearer = int((farther[MEASURES[-1]] > 0).sum())
                where = network(str(model)), method_name(str(method)), compared
                lines[*where, on_two_lines(source)] = {
                    **{name: estimate(mean_with_interval(farther[name])) for name in MEASURES},
                    "delay is nearer over time": f"{nearer} of {len(farther)}",
                }
    return text_table(lines, ["network", "method", "with", "source"])
