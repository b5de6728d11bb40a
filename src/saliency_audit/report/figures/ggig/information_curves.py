"""GG-PIC: information curves of several methods in one panel, and their areas."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from saliency_audit.ledger.external.evidence.curves import COMPLEXITIES
from saliency_audit.ledger.statistics import Estimate
from saliency_audit.ledger.summaries.method_areas import method_curves
from saliency_audit.metrics.information_curve import Aggregate
from saliency_audit.report.figures.ggig.printed import printed_table
from saliency_audit.report.figures.information import label_information
from saliency_audit.report.figures.panels import (
    draw_estimate,
    legend_outside,
    name_rows,
    panels,
    refuse_empty,
)
from saliency_audit.report.names import CURVE_NAMES, ggig_name, network
from saliency_audit.report.notebook.tables import text_table
from saliency_audit.report.words import number

# A colour and a line per method, so that neither alone carries the meaning (Okabe and Ito).
LOOKS: dict[str, dict[str, Any]] = {
    "ggig": {"color": "#0072b2", "linestyle": "-", "linewidth": 2},
    "ig_without_product": {"color": "#cc79a7", "linestyle": "--", "linewidth": 1.6},
    "saliency": {"color": "#e69f00", "linestyle": ":", "linewidth": 2},
    "edge": {"color": "#009e73", "linestyle": "-.", "linewidth": 1.6},
    "random": {"color": "#888888", "linestyle": "-", "linewidth": 1},
}
# A symbol and a colour per network or printed column.
MARKS = (
    *(("s", "#000000"), ("D", "#0072b2"), ("o", "#d55e00"), ("^", "#009e73")),
    *(("v", "#cc79a7"), ("P", "#e69f00"), ("X", "#56b4e9"), ("*", "#888888")),
)
OTHER: dict[str, Aggregate] = {"median": "mean", "mean": "median"}


def show_method_curves(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> Figure:
    """A line per method: a row of panels per network, a column per curve.

    Args:
        rows: of `ggig_information_curves`.
        parameters: those that the ledger declares for `area_order`.

    Returns:
        The figure: the median (or mean, as declared) over the images that no method drops.

    Raises:
        ValueError: no image has such curves.
    """
    refuse_empty(rows)
    complexity = parameters["complexity"]
    curves = method_curves(rows, parameters["curves"], complexity)
    found = {(item.model, item.curve): item for item in curves}
    if not found:
        raise ValueError(f"no image whose {COMPLEXITIES[complexity]} could be measured")
    models = list(dict.fromkeys(model for model, _ in found))

    def draw(axis: Axes, model: str, curve: str) -> bool:
        item = found[model, curve]
        axis.set_title(f"{CURVE_NAMES[curve]}, n = {item.n}", fontsize=9)
        for method in item.methods if item.n else ():
            middle = item.middle(method, parameters["aggregate"][curve])
            axis.plot(*middle, label=ggig_name(method), **LOOKS.get(method, {}))
        return True

    figure, axes = panels(models, parameters["curves"], draw, width=3.4, height=2.5, sharey=True)
    name_rows(axes, map(network, models))
    label_information(figure, complexity)
    return figure


def show_areas(sources: Mapping[str, pd.DataFrame], parameters: Mapping[str, Any]) -> Figure:
    """Areas by method, the printed ones first: a panel per curve, a symbol per network.

    Args:
        sources: rows of `ggig_information_curves` by where they come from.
        parameters: those that the ledger declares for `area_order`.

    Returns:
        The figure; ours with 95 % intervals from resampled images. The paper prints none.
    """
    methods, curves = list(parameters["methods"]), list(parameters["curves"])
    series = _printed(methods, curves)
    for source, rows in sources.items():
        for item in method_curves(rows, curves, parameters["complexity"]):
            areas = series.setdefault(f"{source}: {network(item.model)}", {}) if item.n else {}
            for method in methods:
                if method in item.methods and item.n:
                    aggregate = parameters["aggregate"][item.curve]
                    areas[item.curve, method] = item.estimated_area(method, aggregate)

    def draw(axis: Axes, line: str, curve: str) -> bool:
        for place, areas in enumerate(series.values()):
            symbol, colour = MARKS[place % len(MARKS)]
            shift = (place - (len(series) - 1) / 2) * 0.7 / len(series)
            for height, method in enumerate(methods):
                if (curve, method) in areas:
                    look = {"fmt": symbol, "color": colour, "markersize": 5, "linewidth": 1.2}
                    draw_estimate(axis, areas[curve, method], height + shift, **look)
        axis.set_yticks(range(len(methods)), map(ggig_name, methods))
        axis.set_title(CURVE_NAMES[curve], fontsize=9)
        return True

    height = 0.14 * len(series) * len(methods) + 0.6
    figure, axes = panels(["areas"], curves, draw, width=3.4, height=height)
    axes[0, 0].invert_yaxis()
    figure.supxlabel("area under the curve", fontsize=9)
    symbols = [
        Line2D([], [], linestyle="", marker=marker, color=colour)
        for _, (marker, colour) in zip(series, MARKS, strict=False)
    ]
    legend_outside(figure, symbols, list(series), columns=2)
    return figure


def area_table(sources: Mapping[str, pd.DataFrame], parameters: Mapping[str, Any]) -> pd.DataFrame:
    """Areas of every method: what the paper prints, then what our runs found.

    Args:
        sources: rows of `ggig_information_curves` by where they come from.
        parameters: those that the ledger declares for `area_order`.

    Returns:
        A line per network, source and method, which form the index. Columns: the declared areas;
        those under the other kind of curve (mean for median, median for mean); those by the other
        complexity. The paper prints one of each curve.
    """
    methods, curves = list(parameters["methods"]), list(parameters["curves"])
    lines: dict[tuple[str, str, str], dict[str, str]] = {}
    for name, areas in _printed(methods, curves).items():
        where = name.removeprefix(PAPER)
        for curve, method in areas:
            line = lines.setdefault((where, "paper", ggig_name(method)), {})
            line[CURVE_NAMES[curve]] = number(areas[curve, method].value)
    for source, rows in sources.items():
        for column, curve, complexity, aggregate in _columns(parameters):
            for item in method_curves(rows, [curve], complexity):
                for method in item.methods:
                    key = (network(item.model), source, ggig_name(method))
                    lines.setdefault(key, {})[column] = number(item.area(method, aggregate))
    return text_table(lines, ["network", "source", "method"])


def _columns(parameters: Mapping[str, Any]) -> list[tuple[str, str, str, Aggregate]]:
    """Title, curve, complexity and aggregate of every column."""
    declared: Mapping[str, Aggregate] = parameters["aggregate"]
    complexity, curves = parameters["complexity"], parameters["curves"]
    names = {curve: CURVE_NAMES[curve] for curve in curves}
    return [
        *((names[curve], curve, complexity, declared[curve]) for curve in curves),
        *(
            (f"{names[curve]}, {OTHER[declared[curve]]}", curve, complexity, OTHER[declared[curve]])
            for curve in curves
        ),
        *(
            (f"{names[curve]}, compressed", curve, parameters["also"], declared[curve])
            for curve in curves
            if "also" in parameters
        ),
    ]


PAPER = "paper: "


def _printed(
    methods: Sequence[str], curves: Sequence[str]
) -> dict[str, dict[tuple[str, str], Estimate]]:
    """Printed areas by network, without an interval."""
    table = printed_table("table_02")
    found: dict[str, dict[tuple[str, str], Estimate]] = {}
    for cell in table.to_dict("records"):
        if cell["method"] in methods and cell["metric"] in curves:
            value = float(cell["value"])
            areas = found.setdefault(f"{PAPER}{cell['model']}", {})
            areas[cell["metric"], cell["method"]] = Estimate(value, value, value, 0)
    return found
