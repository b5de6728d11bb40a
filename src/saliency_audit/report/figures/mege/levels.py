"""MR-SANITY and MR-FIDELITY: MeGe, ReCo and μF against the level of degradation."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from saliency_audit.ledger.external.evidence.folds import (
    degradations,
    fold_rows,
    levels_of,
    sound,
)
from saliency_audit.ledger.summaries.folds import score_of
from saliency_audit.report.figures.mege.scores import score_cell
from saliency_audit.report.figures.panels import (
    label_outside,
    name_columns,
    name_rows,
    panels,
    refuse_empty,
)
from saliency_audit.report.names import (
    METHOD_LOOKS,
    METHOD_NAMES,
    STABILITY_NAMES,
    on_two_lines,
    predictor,
    predictor_on_two_lines,
)
from saliency_audit.report.notebook.tables import text_table
from saliency_audit.study.explanations import CONTROL, METHODS

KINDS = {"weights": "noise on weights", "labels": "labels switched"}


def show_levels(rows: pd.DataFrame, score: str) -> Figure:
    """A score against the level of degradation: a row of panels per predictor, a column per kind.

    Args:
        rows: of `mege_stability`.
        score: "mege", "reco_balanced", "reco_printed" or "mu_fidelity".

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
    name_columns(axes, (KINDS[kind] for kind in kinds))
    said = STABILITY_NAMES[score]
    name_rows(axes, (f"{predictor_on_two_lines(*line)}\n{said}" for line in lines))
    figure.supxlabel("level (%)", fontsize=9)
    label_outside(figure, columns=4)
    return figure


def level_table(sources: Mapping[str, pd.DataFrame], score: str) -> pd.DataFrame:
    """One score at every level of degradation, method by method.

    Args:
        sources: rows of `mege_stability` by where they come from.
        score: of `STABILITY_NAMES`.

    Returns:
        A line per predictor and kind of degradation, method and source, which form the index; a
        column per level. Cells as in `score_table`; empty where there is no such series.
    """
    lines: dict[tuple[str, str, str], dict[str, str]] = {}
    for source, rows in sources.items():
        groups = fold_rows("level_table", rows)
        levels = sorted({key.level for key in groups})
        for pair in sound(groups):
            for kind in degradations(groups, *pair):
                for method in (*METHODS, CONTROL):
                    found = levels_of(groups, *pair, kind, method, levels)
                    place = f"{predictor(*pair)}: {KINDS[kind]}", METHOD_NAMES[method]
                    lines[*place, on_two_lines(source)] = {
                        f"{level} %": score_cell(group, score) for level, group in found.items()
                    }
    table = text_table(lines, ["predictor", "method", "source"])
    return table.sort_index(axis=1, key=lambda names: names.str.removesuffix(" %").astype(int))
