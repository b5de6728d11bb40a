"""GG-MNIST and GG-TRAIN: similarity of maps to the digit, and accuracy during training."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from saliency_audit.ledger.summaries.means import Summary, median_of
from saliency_audit.report.figures.ggig.printed import printed_table
from saliency_audit.report.figures.panels import draw_boxes, label_outside, panels, refuse_empty
from saliency_audit.report.names import SIMILARITY_NAMES, ggig_name, on_two_lines
from saliency_audit.report.notebook.tables import text_table, with_undefined
from saliency_audit.report.words import number

# What the paper's table calls a measure.
PRINTED_MEASURES = {name: name for name in SIMILARITY_NAMES} | {"reverse_mse": "normalized_mse"}
SCALING_LOOKS = {
    "unit": ("#0072b2", "0 to 1"),
    "standardised": ("#d55e00", "standardised"),
    "bytes": ("#009e73", "0 to 255"),
    "released": ("#cc79a7", "as released: standardised, in one order"),
}


def similarity_table(sources: Mapping[str, pd.DataFrame], sign: str) -> pd.DataFrame:
    """Median and standard deviation over the images of every measure, under what is printed.

    Args:
        sources: rows of `ggig_mnist` by where they come from.
        sign: "absolute" or "signed" maps.

    Returns:
        A line per method and source, which form the index; a column of how many images, and one
        per measure. Its cells read `median (standard deviation)`, behind which stands how many
        images have no value, one of the maps being constant, where some have none; a measure that
        no image has is a dash.
    """
    printed = printed_table("table_01")
    methods = dict.fromkeys(name for rows in sources.values() for name in rows["method"].unique())
    lines: dict[tuple[str, str], dict[str, str]] = {}
    for method in methods:
        name = ggig_name(method)
        paper = printed[printed["method"] == method]
        if len(paper):
            values = paper.set_index(["metric", "statistic"])["value"]
            lines[name, "paper"] = {"images": ""} | {
                title: _spread(
                    float(values[PRINTED_MEASURES[measure], "median"]),
                    float(values[PRINTED_MEASURES[measure], "std"]),
                )
                for measure, title in SIMILARITY_NAMES.items()
            }
        for source, rows in sources.items():
            mine = rows[(rows["method"] == method) & (rows["sign"] == sign)]
            lines[name, on_two_lines(source)] = {"images": f"{len(mine):,}"} | {
                title: _cell(median_of(mine[measure]))
                for measure, title in SIMILARITY_NAMES.items()
            }
    return text_table(lines, ["method", "source"])


def _cell(found: Summary) -> str:
    return with_undefined(_spread(found.value, found.deviation), found)


def _spread(median: float, deviation: float) -> str:
    return "—" if np.isnan(median) else f"{number(median)} ({number(deviation)})"


def show_similarities(rows: pd.DataFrame, sign: str = "absolute") -> Figure:
    """Distribution over the images of every measure: a panel per measure, a box per method.

    Args:
        rows: of `ggig_mnist`.
        sign: "absolute" or "signed" maps.

    Returns:
        The figure; boxes hold the middle half of the images, whiskers 90 %, the line the median.
    """
    refuse_empty(rows)
    chosen = rows[rows["sign"] == sign]
    methods = list(dict.fromkeys(chosen["method"]))
    measures = [name for name in SIMILARITY_NAMES if chosen[name].notna().any()]

    def draw(axis: Axes, line: str, measure: str) -> bool:
        draw_boxes(axis, chosen, measure, methods, ggig_name)
        axis.set_title(SIMILARITY_NAMES[measure], fontsize=9)
        return True

    height = 0.28 * len(methods) + 0.6
    figure, axes = panels(["all"], measures, draw, width=2.2, height=height, sharex="col")
    axes[0, 0].invert_yaxis()
    figure.supxlabel("similarity of map and digit (1: equal)", fontsize=9)
    return figure


def show_training(rows: pd.DataFrame, accuracy: float, iterations: int) -> Figure:
    """Test accuracy during training, a line per seed and a colour per scaling of the pixels.

    Args:
        rows: of `ggig_training`.
        accuracy: the stated one, a share.
        iterations: after which it is stated.

    Returns:
        The figure, logarithmic in the steps and in the share of errors; the legend says how many
        seeds a scaling has.
    """
    refuse_empty(rows)
    figure, axis = plt.subplots(figsize=(6.6, 3.6), layout="constrained")
    for scaling, (colour, title) in SCALING_LOOKS.items():
        trainings = rows[rows["scaling"] == scaling].groupby("seed")
        for place, (_, group) in enumerate(trainings):
            ordered = group.sort_values("iterations")
            errors = 1 - ordered["correct"] / ordered["tested"]
            label = None if place else f"{title}, n = {len(trainings)}"
            axis.plot(ordered["iterations"], errors, color=colour, linewidth=1, label=label)
    axis.axhline(1 - accuracy, color="0.4", linestyle="--", linewidth=1)
    axis.axvline(iterations, color="0.4", linestyle="--", linewidth=1)
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_xlabel("training steps", fontsize=9)
    axis.set_ylabel("share of test images misclassified", fontsize=9)
    axis.tick_params(labelsize=8)
    label_outside(figure, columns=2)
    return figure
