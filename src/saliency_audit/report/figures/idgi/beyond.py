"""IDGI-XCEPTION: mean paired differences with their intervals, all of them in one figure."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from saliency_audit.ledger import Outcome
from saliency_audit.report.figures.idgi.comparisons import by_keys
from saliency_audit.report.figures.panels import draw_estimate, legend_outside
from saliency_audit.report.names import (
    BASE_COLOUR,
    IDGI_COLOUR,
    PATH_NAMES,
    SCORE_NAMES,
    network,
    with_arrow,
)
from saliency_audit.report.notebook.runs import by_scope
from saliency_audit.report.notebook.tables import text_table
from saliency_audit.report.words import estimate, mark, number, outcome, significant_digits

NAMES = {
    **SCORE_NAMES,
    "explainability": "explainability",
    "box_iou": "overlap of the boxes",
    "region_iou": "overlap at the object's area",
}
# Filled circle, open circle, cross: readable without colour.
STYLES: dict[str, dict[str, Any]] = {
    "yes": {"marker": "o", "color": IDGI_COLOUR},
    "undecided": {"marker": "o", "color": "0.45", "markerfacecolor": "white"},
    "no": {"marker": "X", "color": BASE_COLOUR},
}
MEANINGS = {"yes": "holds", "undecided": "undecided", "no": "against the claim"}


def show_effects(results: Mapping[str, Outcome]) -> Figure:
    """Mean difference IDGI − base with its 95 % interval: a panel per score.

    Args:
        results: outcome of a paired test with the keys model, path and score, by name of the run.

    Returns:
        The figure; symbols tell what holds, what is undecided and what contradicts the claim.
    """
    if not any(result.comparisons for result in results.values()):
        raise ValueError("no comparisons to show: no image was classified correctly")
    found = by_keys(results)
    items = {
        (run, *keys): item
        for run in by_scope(results)
        for keys, at in found.items()
        if (item := at.get(run))
    }
    lines = list(dict.fromkeys(keys[:3] for keys in items))
    scores = [score for score in NAMES if any(score == keys[-1] for keys in items)]
    figure, axes = plt.subplots(
        1,
        len(scores),
        figsize=(1.7 * len(scores) + 2.3, 0.26 * len(lines) + 1.3),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for axis, score in zip(axes[0], scores, strict=True):
        for height, line in enumerate(lines):
            if item := items.get((*line, score)):
                look = STYLES[outcome(item)]
                draw_estimate(axis, item.estimate, height, markersize=5, linewidth=1.2, **look)
        for height, (above, below) in enumerate(pairwise(lines)):
            if above[:2] != below[:2]:
                axis.axhline(height + 0.5, color="0.85", linewidth=0.8)
        axis.axvline(0, color="0.4", linewidth=0.8)
        axis.set_title(NAMES[score], fontsize=8.5)
        axis.tick_params(labelsize=8)
        axis.tick_params(axis="x", labelsize=7)
        axis.locator_params(axis="x", nbins=3)
    axes[0, 0].set_yticks(
        range(len(lines)),
        [f"{run}: {network(model)}, {PATH_NAMES[path]}" for run, model, path in lines],
    )
    axes[0, 0].invert_yaxis()
    used = {outcome(item) for item in items.values()}
    shown = [answer for answer in STYLES if answer in used]
    symbols = [plt.Line2D([], [], linestyle="", **STYLES[answer]) for answer in shown]
    names = [MEANINGS[answer] for answer in shown]
    legend_outside(figure, symbols, names, columns=len(shown))
    figure.supxlabel("IDGI − base, mean over images with 95 % interval", fontsize=9)
    return figure


def effect_table(results: Mapping[str, Outcome]) -> pd.DataFrame:
    """The same comparisons as a table.

    Args:
        results: as in `show_effects`.

    Returns:
        One line per network, path, score and run.
    """
    lines = {}
    for (model, path, score), sources in by_keys(results).items():
        for run, item in sources.items():
            digits = significant_digits(item.estimate)
            lines[network(model), PATH_NAMES[path], with_arrow(NAMES[score], score), run] = {
                "difference": estimate(item.estimate),
                "holds": mark(item),
                "n": str(item.estimate.n),
                "base": number(item.base, digits),
                "+IDGI": number(item.other, digits),
            }
    return text_table(lines, ["network", "path", "score", "source"])
