"""What the notebooks' figures share: panels, boxes, estimates, names beside and above."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, TypeVar

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from saliency_audit.ledger.statistics import Estimate
from saliency_audit.ledger.summaries.bands import Band
from saliency_audit.report.names import BASE_COLOUR, method_name, network

Line = TypeVar("Line")
# Fewer values are shown one by one: quartiles of three say nothing that the three do not.
FEWEST_OF_A_BOX = 5


def refuse_empty(rows: pd.DataFrame) -> None:
    """Refuse to draw nothing.

    Raises:
        ValueError: no rows.
    """
    if rows.empty:
        raise ValueError(
            "no rows to show: no image was classified as the experiment asks; raise n_images"
        )


def panels(
    lines: Sequence[Line],
    paths: Sequence[str],
    draw: Callable[[Axes, Line, str], bool],
    *,
    width: float,
    height: float,
    sharex: bool | Literal["col"] = True,
    sharey: bool | Literal["row"] = "row",
) -> tuple[Figure, np.ndarray]:
    """A row of panels per line, a column per path.

    Args:
        lines: what the rows of panels are about.
        paths: the columns.
        draw: fills one panel; False where there is nothing to draw, which leaves a gap.
        width: of a panel, in inches.
        height: of a panel, in inches.
        sharex: whether all panels share their horizontal scale, or those of a column.
        sharey: whether all panels share their vertical scale, or those of a row.

    Returns:
        The figure and its axes `(lines, paths)`.
    """
    figure, axes = plt.subplots(
        len(lines),
        len(paths),
        figsize=(width * len(paths) + 0.6, height * len(lines) + 0.5),
        sharex=sharex,
        sharey=sharey,
        squeeze=False,
        layout="constrained",
    )
    for row, line in zip(axes, lines, strict=True):
        for axis, path in zip(row, paths, strict=True):
            axis.tick_params(labelsize=8)
            if not draw(axis, line, path):
                axis.set_axis_off()
    return figure, axes


def name_rows(axes: np.ndarray, names: Iterable[str]) -> None:
    """A name beside every row of panels."""
    for axis, name in zip(axes[:, 0], names, strict=True):
        axis.set_ylabel(name, fontsize=9)


def name_columns(axes: np.ndarray, names: Iterable[str], fontsize: float = 9) -> None:
    """A name above every column of panels, over the title that its first panel may have."""
    for axis, name in zip(axes[0], names, strict=True):
        axis.set_title("\n".join(filter(None, (name, axis.get_title()))), fontsize=fontsize)


def draw_boxes(
    axis: Axes,
    rows: pd.DataFrame,
    column: str,
    methods: Sequence[str],
    named: Callable[[str], str] = method_name,
) -> None:
    """A horizontal box per method, the first at the bottom; dots where there are few values.

    A box holds the middle half of the values, whiskers 90 %, the line is the median.

    Args:
        axis: of the panel.
        rows: with the columns method and `column`; those without a value are left out.
        column: of the values.
        methods: those to draw.
        named: from a method to its name in print.
    """
    values = [rows.loc[rows["method"] == method, column].dropna() for method in methods]
    few = [0 < len(found) < FEWEST_OF_A_BOX for found in values]
    axis.boxplot(
        [found[:0] if dots else found for found, dots in zip(values, few, strict=True)],
        orientation="horizontal",
        whis=(5, 95),
        showfliers=False,
        widths=0.6,
        medianprops={"color": BASE_COLOUR, "linewidth": 1.6},
    )
    for place, (found, dots) in enumerate(zip(values, few, strict=True), start=1):
        if dots:
            axis.plot(found, [place] * len(found), "o", color=BASE_COLOUR, markersize=4)
    axis.set_yticks(range(1, len(methods) + 1), [named(method) for method in methods])


def measure_boxes(
    rows: pd.DataFrame, measures: Mapping[str, str], named: Callable[[str], str]
) -> Figure:
    """Several measures of several methods: a row of panels per network, a column per measure.

    Args:
        rows: columns model, method and the measures.
        measures: columns, with their titles.
        named: from a method to its name in print.

    Returns:
        The figure; boxes as in `draw_boxes`, the first method at the top.
    """
    refuse_empty(rows)
    models = list(dict.fromkeys(rows["model"]))
    methods = list(dict.fromkeys(rows["method"]))

    def draw(axis: Axes, model: str, measure: str) -> bool:
        draw_boxes(axis, rows[rows["model"] == model], measure, methods, named)
        if model == models[0]:
            axis.set_title(measures[measure], fontsize=9)
        return True

    height = 0.24 * len(methods) + 0.3
    figure, axes = panels(models, list(measures), draw, width=1.7, height=height, sharex="col")
    name_rows(axes, map(network, models))
    for axis in axes[:, 0]:
        axis.invert_yaxis()
    return figure


def draw_estimate(axis: Axes, found: Estimate, height: float, **look: Any) -> None:
    """An estimate with its interval, lying at a height."""
    reach = [[max(0.0, found.value - found.low)], [max(0.0, found.high - found.value)]]
    axis.errorbar(found.value, height, xerr=reach, **look)


def draw_band(
    axis: Axes, band: Band, style: str = "-", *, color: Any, shade: float = 0.2, **look: Any
) -> None:
    """A curve above its band."""
    axis.fill_between(band.places, band.low, band.high, color=color, alpha=shade, linewidth=0)
    axis.plot(band.places, band.values, style, color=color, **look)


def step_ticks(axis: Axes, steps: Iterable[int], base: int = 2) -> None:
    """A logarithmic axis from left to right with a tick per number of steps."""
    places = sorted(set(steps))
    axis.set_xscale("log", base=base)
    axis.set_xticks(places, [str(place) for place in places])
    axis.minorticks_off()


def label_outside(figure: Figure, columns: int | None = None) -> None:
    """The legend of the panel that has most to explain, above all panels."""
    found = [axis.get_legend_handles_labels() for axis in figure.axes]
    symbols, labels = max(found, key=lambda entry: len(entry[1]))
    legend_outside(figure, symbols, labels, columns=columns or len(labels))


def legend_outside(
    figure: Figure,
    symbols: Sequence[Artist],
    labels: Sequence[str],
    *,
    columns: int,
    place: str = "upper",
    **more: Any,
) -> None:
    """A legend above ("upper") or below ("lower") all panels, where it covers nothing."""
    given = {"loc": f"outside {place} center", "fontsize": 8, "frameon": False, **more}
    figure.legend(symbols, labels, ncols=columns, **given)
