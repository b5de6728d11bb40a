"""MR-HIST and MR-PROD: distances of predictors that are both right, or only one of them."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from saliency_audit.ledger.external.evidence.folds import Key, fold_rows, sound
from saliency_audit.report.figures.panels import label_outside, name_columns, panels, refuse_empty
from saliency_audit.report.names import METHOD_NAMES, predictor, predictor_on_two_lines
from saliency_audit.study.explanations import METHODS

BINS = 50
EQUAL_COLOUR, DIFFERENT_COLOUR = "#0072b2", "#d55e00"


def show_histograms(rows: pd.DataFrame, methods: Sequence[str] = METHODS) -> Figure:
    """S= and S≠ of sound predictors: a row of panels per method, a column per predictor.

    Returns:
        The figure; histograms of 50 bins on [0, 1], each of area 1. Dashed: mean of S=.
    """
    refuse_empty(rows)
    groups = fold_rows("show_histograms", rows)
    columns = {predictor(*pair): pair for pair in sound(groups)}

    def draw(axis: Axes, method: str, column: str) -> bool:
        group = groups.get(Key(*columns[column], "none", 0, method))
        if group is None:
            return False
        for values, colour, label, filled in (
            (group.sets.equal, EQUAL_COLOUR, "S=: both right", True),
            (group.sets.different, DIFFERENT_COLOUR, "S≠: one right", False),
        ):
            if values.size:
                axis.hist(
                    values,
                    bins=BINS,
                    range=(0, 1),
                    density=True,
                    histtype="stepfilled" if filled else "step",
                    alpha=0.45 if filled else 1,
                    color=colour,
                    linewidth=1.4,
                    label=label,
                )
        if group.sets.equal.size:
            axis.axvline(group.sets.equal.mean(), color=EQUAL_COLOUR, linestyle="--", linewidth=1)
        axis.set_yticks([])
        sizes = f"|S=| {group.sets.equal.size}, |S≠| {group.sets.different.size}"
        axis.set_title(sizes, fontsize=8)
        return True

    shown = [method for method in methods if any(key.method == method for key in groups)]
    figure, axes = panels(shown, list(columns), draw, width=2.9, height=1.25, sharey=False)
    for axis, method in zip(axes[:, 0], shown, strict=True):
        axis.set_ylabel(METHOD_NAMES[method], fontsize=8, rotation=0, ha="right", va="center")
    name_columns(axes, (predictor_on_two_lines(*pair) for pair in columns.values()), fontsize=8)
    figure.supxlabel("distance between two explanations, 1 − |Spearman|", fontsize=9)
    label_outside(figure)
    return figure
