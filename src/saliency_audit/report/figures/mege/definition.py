"""MR-DEF and MR-AUC: the two definitions of ReCo, on recorded distances and by simulation."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from saliency_audit.ledger.external.evidence.folds import fold_rows
from saliency_audit.ledger.summaries.folds import share_of_different
from saliency_audit.ledger.summaries.reco_imbalance import SHARES, simulated_reco
from saliency_audit.report.figures.panels import draw_band, label_outside, refuse_empty
from saliency_audit.report.names import BASE_COLOUR, IDGI_COLOUR, METHOD_LOOKS, METHOD_NAMES
from saliency_audit.study.explanations import METHODS


def show_definitions(rows: pd.DataFrame) -> Figure:
    """ReCo as printed against ReCo as balanced accuracy, and their distance by |S≠| / |S|.

    Returns:
        The figure: a point per method and series of predictors.
    """
    refuse_empty(rows)
    groups = fold_rows("show_definitions", rows)
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.6), layout="constrained")
    for method in METHODS:
        chosen = [group for key, group in groups.items() if key.method == method]
        colour, symbol = METHOD_LOOKS[method]
        printed, balanced = (
            [group.value(name) for group in chosen] for name in ("reco_printed", "reco_balanced")
        )
        shares = [share_of_different(group) for group in chosen]
        look = {"color": colour, "marker": symbol, "s": 22, "label": METHOD_NAMES[method]}
        left.scatter(balanced, printed, **look)
        right.scatter(shares, np.array(printed) - np.array(balanced), **look)
    left.axline((0, 0), slope=1, color="0.5", linewidth=1)
    left.set_xlabel("ReCo, balanced", fontsize=9)
    left.set_ylabel("ReCo, as printed", fontsize=9)
    right.axhline(0, color="0.5", linewidth=1)
    right.set_xlabel("share of S≠ among all distances", fontsize=9)
    right.set_ylabel("printed − balanced", fontsize=9)
    for axis in (left, right):
        axis.tick_params(labelsize=8)
    label_outside(figure, columns=4)
    return figure


def show_imbalance(size: int = 1000, draws: int = 200, seed: int = 0) -> Figure:
    """ReCo of two samples of one distribution, against the share of S≠: it should be near 0.

    Args:
        size: distances in both sets together.
        draws: simulations per share.
        seed: of the simulations.

    Returns:
        The figure: median and middle 90 % of both definitions; distances are Beta(2, 4).
    """
    figure, axis = plt.subplots(figsize=(6, 3.4), layout="constrained")
    looks = {"printed": (BASE_COLOUR, "s-"), "balanced": (IDGI_COLOUR, "o-")}
    for definition, band in simulated_reco(size, draws, seed).items():
        colour, style = looks[definition]
        draw_band(axis, band, style, color=colour, markersize=4, label=definition)
    axis.set_xscale("log")
    axis.set_xticks(SHARES, [f"{share:.0%}" for share in SHARES])
    axis.minorticks_off()
    axis.set_ylim(bottom=min(0, axis.get_ylim()[0]))
    axis.set_xlabel("share of S≠ among all distances", fontsize=9)
    axis.set_ylabel("ReCo of equal distributions", fontsize=9)
    axis.tick_params(labelsize=8)
    axis.legend(fontsize=8, frameon=False)
    return figure
