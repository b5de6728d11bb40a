"""XM-SPREAD: the tables of distances between aggregated maps, as Figure 2 draws them."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from saliency_audit.ledger.external.tests.xm_spread import dispersion
from saliency_audit.report.figures.panels import refuse_empty
from saliency_audit.report.names import method_name, on_two_lines
from saliency_audit.report.notebook.tables import text_table
from saliency_audit.report.words import three_figures

# Measures of the distance of two maps or sets of maps, as readers call them.
MEASURES = {
    "xmgd": "XMGD",
    "ssim": "1 − SSIM",
    "kl_divergence": "KL",
    "frechet_distance": "Fréchet",
}


def show_matrices(rows: pd.DataFrame) -> Figure:
    """The distances of all pairs of methods under every measure.

    Args:
        rows: of `xmgd_spread`; of several groups of networks the first is drawn.

    Returns:
        The figure: a panel per measure, shaded from 0 to its largest distance, with the numbers;
        above it the coefficient of variation of the six.
    """
    refuse_empty(rows)
    first = rows.iloc[0]
    mine = rows[(rows["model"] == first["model"]) & (rows["images"] == first["images"])]
    mine = mine[mine["draw"] == 0]
    methods = list(dict.fromkeys([*mine["first"], *mine["second"]]))
    measures = [name for name in MEASURES if name in set(mine["method"])]
    figure, axes = plt.subplots(
        1, len(measures), figsize=(3.1 * len(measures), 3.2), squeeze=False, layout="constrained"
    )
    names = [on_two_lines(method_name(name)) for name in methods]
    for axis, measure in zip(axes[0], measures, strict=True):
        part = mine[mine["method"] == measure]
        table = np.zeros((len(methods), len(methods)))
        for one, other, value in part[["first", "second", "distance"]].itertuples(index=False):
            row, column = methods.index(one), methods.index(other)
            table[row, column] = table[column, row] = value
        axis.imshow(table, cmap="Blues", vmin=0)
        for (row, column), value in np.ndenumerate(table):
            dark = value > 0.6 * table.max()
            colour = "white" if dark else "black"
            text = three_figures(value) if value else "0"
            axis.text(column, row, text, ha="center", va="center", fontsize=7, color=colour)
        spread = float(dispersion(part["distance"].to_numpy()[None])[0])
        axis.set_title(f"{MEASURES[measure]}, variation {spread:.2f}", fontsize=9)
        axis.set_xticks(range(len(methods)), names, fontsize=7, rotation=45, ha="right")
        axis.set_yticks(range(len(methods)), names, fontsize=7)
    return figure


def spread_table(sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """How much the six distances vary, and how far each method is from the others.

    Args:
        sources: rows of `xmgd_spread` by where they come from.

    Returns:
        A line per measure and source; a column for the coefficient of variation and one per method
        for its mean distance to the others, as a share of the mean of all.
    """
    lines: dict[tuple[str, ...], dict[str, str]] = {}
    for source, rows in sources.items():
        whole = rows[rows["draw"] == 0]
        for (images, measure), part in whole.groupby(["images", "method"], sort=False):
            values = part["distance"].to_numpy()
            cells = {"variation": f"{float(dispersion(values[None])[0]):.2f}"}
            for method in dict.fromkeys([*part["first"], *part["second"]]):
                with_it = (part["first"] == method) | (part["second"] == method)
                cells[method_name(method)] = f"{values[with_it].mean() / values.mean():.2f}"
            lines[str(images), MEASURES[str(measure)], source] = cells
    return text_table(lines, ["images", "measure", ""])
