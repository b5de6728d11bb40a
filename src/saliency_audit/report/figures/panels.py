"""What the notebooks' figures share."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeVar

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from saliency_audit.report.names import BASE_COLOUR

Line = TypeVar("Line")


def refuse_empty(rows: pd.DataFrame) -> None:
    """Refuse to draw nothing.

    Raises:
        ValueError: no rows.
    """
    if rows.empty:
        raise ValueError(
            "no rows to show: none of the images was classified correctly; raise n_images"
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


def draw_boxes(axis: Axes, values: Mapping[str, Sequence[float]]) -> None:
    """A horizontal box per name, the first at the bottom.

    A box holds the middle half of the values, whiskers 90 %, the line is the median.

    Args:
        axis: of the panel.
        values: finite ones by name.
    """
    axis.boxplot(
        list(values.values()),
        orientation="horizontal",
        whis=(5, 95),
        showfliers=False,
        widths=0.6,
        medianprops={"color": BASE_COLOUR, "linewidth": 1.6},
    )
    axis.set_yticks(range(1, len(values) + 1), list(values))


def label_outside(figure: Figure, axis: Axes, columns: int | None = None) -> None:
    """The legend of one of the panels above all of them, where it covers nothing."""
    symbols, labels = axis.get_legend_handles_labels()
    figure.legend(
        symbols,
        labels,
        loc="outside upper center",
        ncols=columns or len(labels),
        fontsize=8,
        frameon=False,
    )
