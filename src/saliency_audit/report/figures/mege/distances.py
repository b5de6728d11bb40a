"""MR-DIST: six candidate distances under shift and noise."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from saliency_audit.ledger.summaries.bands import spread_band
from saliency_audit.ledger.summaries.costs import distance_summaries
from saliency_audit.metrics.similarity import DISTANCES
from saliency_audit.report.figures.panels import draw_band, refuse_empty
from saliency_audit.report.names import BASE_COLOUR, IDGI_COLOUR
from saliency_audit.report.notebook.tables import text_table
from saliency_audit.report.words import percent

DISTANCE_NAMES = {
    "spearman": "1 − |Spearman|",
    "dice": "1 − Dice",
    "ssim": "1 − SSIM",
    "wasserstein1": "1-Wasserstein",
    "l1": "ℓ1",
    "l2": "ℓ2",
}
LOOKS = {"disc": (IDGI_COLOUR, "-"), "blob": (BASE_COLOUR, "--")}


def show_distances(rows: pd.DataFrame, part: str) -> Figure:
    """The six distances under shift or noise, each divided by its largest value.

    Args:
        rows: of `mege_distances`.
        part: "shift" or "noise".

    Returns:
        A panel per distance, a line per shape; bands are the middle 90 % of the draws.

    Raises:
        ValueError: no rows of this part.
    """
    chosen = rows[rows["part"] == part]
    refuse_empty(chosen)
    names = [name for name in DISTANCES if (chosen["distance"] == name).any()]
    figure, axes = plt.subplots(2, 3, figsize=(8.4, 4.4), sharex=True, layout="constrained")
    for axis, name in zip(axes.flat, names, strict=False):
        group = chosen[chosen["distance"] == name]
        for shape, (colour, style) in LOOKS.items():
            mine = group[group["shape"] == shape]
            if mine.empty:
                continue
            table = mine.pivot(index="draw", columns="level", values="value")
            band = spread_band(table / np.abs(table.to_numpy()).max(), (0.05, 0.95))
            draw_band(axis, band, style, color=colour, linewidth=1.6, label=shape)
        axis.set_title(DISTANCE_NAMES[name], fontsize=9)
        axis.tick_params(labelsize=8)
    axes[0, 0].legend(fontsize=8, frameon=False)
    labels = {"shift": "shift, as a share of the largest", "noise": "σ of the noise"}
    figure.supxlabel(labels[part], fontsize=9)
    figure.supylabel("distance / largest", fontsize=9)
    return figure


def variation_table(sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Per distance and source: variation under noise and at the smallest area, and the time.

    Args:
        sources: rows of `mege_distances` by where they come from.
    """
    lines = {}
    for source, rows in sources.items():
        for found in distance_summaries(rows):
            lines[DISTANCE_NAMES[found.distance], source] = {
                "variation under noise": percent(found.under_noise),
                f"at {found.smallest:.0%} area": percent(found.at_smallest),
                "one distance": f"{1000 * found.seconds:.2f} ms",
            }
    return text_table(lines, ["distance", "source"])
