"""DRE-COST: passes and milliseconds of every method, beside the numbers of the paper's Table 2."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from saliency_audit.ledger import Claim
from saliency_audit.ledger.external.tests.dre_cost import MapCost, map_costs
from saliency_audit.ledger.statistics import Estimate
from saliency_audit.report.figures.panels import label_outside, name_rows, refuse_empty
from saliency_audit.report.names import BASE_COLOUR, IDGI_COLOUR, method_name, network
from saliency_audit.report.notebook.tables import text_table
from saliency_audit.report.words import number, three_figures

# Counts begin at 0, which a logarithmic axis lacks; below 1 it is linear.
LINEAR_BELOW = 1
# The end of the axis, with room for the words beside a point.
MOST = 20000


def show_cost(rows: pd.DataFrame, claim: Claim) -> Figure:
    """Passes per map beside the printed numbers, and milliseconds per image.

    Args:
        rows: of `dre_cost`.
        claim: the one that declares the printed numbers.

    Returns:
        The figure: a row of panels per network, methods in the order of the rows from the top. On
        the left passes through the classifier, forward and back; a bar is the printed number, and
        words say what was counted otherwise. On the right a dot per timed repeat, the mean over the
        images, and a bar at their median.
    """
    refuse_empty(rows)
    costs = list(map_costs(rows))
    models = list(dict.fromkeys(cost.model for cost in costs))
    methods = list(dict.fromkeys(cost.method for cost in costs))
    figure, axes = plt.subplots(
        len(models),
        2,
        figsize=(8.2, (0.25 * len(methods) + 0.3) * len(models) + 0.9),
        sharex="col",
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for (passes, times), model in zip(axes, models, strict=True):
        mine = [cost for cost in costs if cost.model == model]
        _draw_passes(passes, mine, methods, claim.external.parameters["equal"])
        _draw_times(times, rows[rows["model"] == model], mine, methods)
        times.set_title(f"on {', '.join(sorted(set(rows['device'])))}", fontsize=8)
        for axis in (passes, times):
            axis.tick_params(labelsize=8)
            axis.grid(axis="x", color="0.9", linewidth=0.6)
            axis.set_axisbelow(True)
    name_rows(axes, map(network, models))
    axes[0, 0].set_yticks(range(len(methods)), [method_name(name) for name in methods])
    axes[0, 0].invert_yaxis()
    axes[-1, 0].set_xscale("symlog", linthresh=LINEAR_BELOW, linscale=0.4)
    axes[-1, 0].set_xticks([0, 1, 10, 100, 1000], ["0", "1", "10", "100", "1000"])
    axes[-1, 0].set_xlim(-0.5, MOST)
    axes[-1, 0].set_xlabel("passes through the classifier per map", fontsize=9)
    axes[-1, 1].set_xscale("log")
    axes[-1, 1].xaxis.set_major_formatter("{x:g}")
    axes[-1, 1].set_xlabel("milliseconds per image", fontsize=9)
    label_outside(figure)
    return figure


def _draw_passes(
    axis: Axes, costs: Sequence[MapCost], methods: Sequence[str], printed: Mapping[str, int]
) -> None:
    height = {name: place for place, name in enumerate(methods)}
    numbers = [(printed[cost.method], cost.method) for cost in costs if cost.method in printed]
    axis.plot(
        [value for value, _ in numbers],
        [height[name] for _, name in numbers],
        linestyle="none",
        marker="|",
        markersize=15,
        markeredgewidth=2.2,
        color="0.45",
        label="printed in Table 2",
    )
    heights = [height[cost.method] for cost in costs]
    axis.plot(
        [cost.forward.value for cost in costs],
        heights,
        "o",
        color=BASE_COLOUR,
        markersize=5.5,
        label="forward, counted",
    )
    axis.plot(
        [cost.backward.value for cost in costs],
        heights,
        "D",
        color=IDGI_COLOUR,
        markerfacecolor="none",
        markersize=8,
        label="back, counted",
    )
    for cost in costs:
        if cost.forward.value != (value := printed.get(cost.method)):
            words = _count(cost.forward) + (f", not {value}" if value else "")
            axis.annotate(
                words,
                (cost.forward.value, height[cost.method]),
                xytext=(8, 0),
                textcoords="offset points",
                verticalalignment="center",
                fontsize=8,
            )


def _draw_times(
    axis: Axes, rows: pd.DataFrame, costs: Sequence[MapCost], methods: Sequence[str]
) -> None:
    times = 1000 * rows.groupby(["method", "repeat"])["seconds"].mean()
    for cost in costs:
        place = methods.index(cost.method)
        found = times[cost.method]
        axis.plot(found, [place] * len(found), "o", color=BASE_COLOUR, alpha=0.6, markersize=4)
        middle = [cost.milliseconds.value] * 2
        axis.plot(middle, [place - 0.3, place + 0.3], color=BASE_COLOUR, linewidth=2.5)


def cost_table(sources: Mapping[str, pd.DataFrame], claim: Claim) -> pd.DataFrame:
    """Every method's passes, steps and milliseconds, beside the printed number.

    Args:
        sources: rows of `dre_cost` by where they come from.
        claim: the one that declares the printed numbers.

    Returns:
        A line per source, network and method. "counted / printed" is the number of forward passes
        as a multiple of the printed one; milliseconds with their 95 % interval over the repeats.
    """
    printed: Mapping[str, int] = claim.external.parameters["equal"]
    lines: dict[tuple[str, str, str], dict[str, str]] = {}
    for source, rows in sources.items():
        for cost in map_costs(rows):
            line = {
                "forward": _count(cost.forward),
                "back": _count(cost.backward),
                "generator": _count(cost.generator),
                "iterations": _count(cost.iterations),
                "milliseconds": _milliseconds(cost.milliseconds),
            }
            if cost.method in printed:
                value = printed[cost.method]
                ratio = three_figures(cost.forward.value / value)
                line = {"Table 2": f"{value}", **line, "counted / printed": ratio}
            lines[source, network(cost.model), method_name(cost.method)] = line
    columns = ["Table 2", "forward", "counted / printed", "back", "generator", "iterations"]
    return text_table(
        lines, ["source", "network", "method"], columns=[*columns, "milliseconds"], missing="—"
    )


def _count(found: Estimate) -> str:
    """`300`, or `299–301` where images differ."""
    low, high = (number(end, 0) for end in (found.low, found.high))
    return low if low == high else f"{low}–{high}"


def _milliseconds(found: Estimate) -> str:
    value, low, high = map(three_figures, (found.value, found.low, found.high))
    return f"{value}<br>[{low}, {high}]"
