"""MeGe, ReCo and μF of cross-trained predictors as figures."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from saliency_audit.ledger.external.fold_families import estimate_of
from saliency_audit.ledger.external.fold_rows import (
    FoldRows,
    Key,
    degradations,
    fold_rows,
    levels_of,
    sound,
)
from saliency_audit.ledger.statistics import Estimate, jackknife
from saliency_audit.report.figures.panels import label_outside, panels, refuse_empty
from saliency_audit.report.names import (
    METHOD_LOOKS,
    METHOD_NAMES,
    STABILITY_NAMES,
    predictor,
    predictor_on_two_lines,
)
from saliency_audit.study.explanations import CONTROL, METHODS

RESAMPLES = 1000
KINDS = {"weights": "noise on weights", "labels": "labels switched"}
BINS = 50
EQUAL_COLOUR, DIFFERENT_COLOUR = "#0072b2", "#d55e00"


def score_of(group: FoldRows, score: str) -> Estimate:
    """MeGe, ReCo or μF of one method with its 95 % bootstrap interval over images."""
    return estimate_of(*group.drawn(score, RESAMPLES), group.n(score))


def over_folds(group: FoldRows, score: str) -> Estimate:
    """The same with its 95 % jackknife interval over the folds, a predictor and its images each."""
    return jackknife(group.value(score), group.without_fold(score))


def show_levels(rows: pd.DataFrame, score: str) -> Figure:
    """A score against the level of degradation: a row of panels per predictor, a column per kind.

    Args:
        rows: of `mege_stability`.
        score: "mege", "reco", "reco_printed" or "mu_fidelity".

    Returns:
        The figure; bars are 95 % bootstrap intervals over images.

    Raises:
        ValueError: no predictor was degraded.
    """
    refuse_empty(rows)
    groups = fold_rows("show_levels", rows)
    lines = [pair for pair in sound(groups) if degradations(groups, *pair)]
    if not lines:
        raise ValueError("no rows of degraded predictors; name some in `degraded`")
    kinds = degradations(groups, *lines[0])
    levels = sorted({key.level for key in groups})
    methods = (*METHODS, CONTROL)

    def draw(axis: Axes, line: tuple[str, str], kind: str) -> bool:
        for place, method in enumerate(methods):
            at = levels_of(groups, *line, kind, method, levels)
            if not at:
                continue
            found = [score_of(group, score) for group in at.values()]
            # Methods stand a little apart, so that their intervals do not cover each other.
            places = np.array(list(at)) + 0.35 * (place - len(methods) / 2)
            colour, symbol = METHOD_LOOKS[method]
            axis.vlines(
                places, [e.low for e in found], [e.high for e in found], color=colour, linewidth=1
            )
            axis.plot(
                places,
                [e.value for e in found],
                f"{symbol}-",
                color=colour,
                markersize=4,
                linewidth=1,
                label=METHOD_NAMES[method],
            )
        axis.set_xticks(levels)
        return True

    figure, axes = panels(lines, kinds, draw, width=4.4, height=3.0)
    for axis, kind in zip(axes[0], kinds, strict=True):
        axis.set_title(KINDS[kind], fontsize=9)
    for axis, line in zip(axes[:, 0], lines, strict=True):
        axis.set_ylabel(f"{predictor_on_two_lines(*line)}\n{STABILITY_NAMES[score]}", fontsize=9)
    figure.supxlabel("level (%)", fontsize=9)
    label_outside(figure, axes[0, 0], columns=4)
    return figure


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
    for axis, column in zip(axes[0], columns, strict=True):
        axis.set_title(
            f"{predictor_on_two_lines(*columns[column])}\n{axis.get_title()}", fontsize=8
        )
    figure.supxlabel("distance between two explanations, 1 − |Spearman|", fontsize=9)
    label_outside(figure, axes[0, 0])
    return figure
