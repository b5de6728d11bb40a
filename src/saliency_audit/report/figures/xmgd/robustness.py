"""XM-NOISE and XM-SIZE: how much distances change by noise, and by the number of maps."""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from saliency_audit.ledger.summaries.means import mean_over_images
from saliency_audit.report.figures.panels import name_columns, refuse_empty, step_ticks
from saliency_audit.report.figures.xmgd.spread import MEASURES
from saliency_audit.report.names import BASE_COLOUR, IDGI_COLOUR, network

COLOURS = {"xmgd": IDGI_COLOUR, "kl_divergence": BASE_COLOUR, "frechet_distance": "#666666"}


def show_noise(rows: pd.DataFrame) -> Figure:
    """Relative change of the distance of two maps when one gets noise.

    Args:
        rows: of `xmgd_noise`.

    Returns:
        The figure: a panel per network; for each kind and level of noise the geometric mean of the
        relative change, with a 95 % interval over images, XMGD beside KL.
    """
    refuse_empty(rows)
    models = list(dict.fromkeys(rows["model"]))
    noises = list(dict.fromkeys(rows["noise"]))
    figure, axes = _panel_per_network(models)
    for axis, model in zip(axes, models, strict=True):
        for shift, measure in zip((-0.12, 0.12), ("xmgd", "kl_divergence"), strict=True):
            for place, noise in enumerate(noises):
                mine = rows[
                    (rows["model"] == model)
                    & (rows["method"] == measure)
                    & (rows["noise"] == noise)
                ].dropna(subset=["log_relative_change"])
                if mine.empty:
                    continue
                found = mean_over_images(
                    mine["log_relative_change"].to_numpy(dtype=float), mine["image"].tolist()
                )
                look: dict[str, Any] = {"color": COLOURS[measure]}
                axis.plot([place + shift] * 2, np.exp([found.low, found.high]), **look)
                label = MEASURES[measure] if place == 0 else None
                axis.plot(
                    place + shift, np.exp(found.value), "o", markersize=5, label=label, **look
                )
        axis.set_yscale("log")
        axis.set_xticks(range(len(noises)), noises, fontsize=7, rotation=45, ha="right")
        axis.tick_params(axis="y", labelsize=8)
    axes[0].set_ylabel("relative change", fontsize=9)
    axes[-1].legend(fontsize=8, frameon=False)
    return figure


def show_sizes(rows: pd.DataFrame) -> Figure:
    """Distances of sets of n maps over those of the largest sets.

    Args:
        rows: of `xmgd_set_size`.

    Returns:
        The figure: a panel per network, a line per measure: the mean over draws, with the middle
        90 % of them as a band. 1 is the distance of the largest sets.
    """
    refuse_empty(rows)
    models = list(dict.fromkeys(rows["model"]))
    figure, axes = _panel_per_network(models)
    for axis, model in zip(axes, models, strict=True):
        for measure, colour in COLOURS.items():
            mine = rows[(rows["model"] == model) & (rows["method"] == measure)]
            ratio = (mine["value"] / mine["reference"]).groupby(mine["size"])
            sizes = list(ratio.groups)
            low, high = ratio.quantile(0.05), ratio.quantile(0.95)
            axis.fill_between(sizes, low, high, color=colour, alpha=0.15, linewidth=0)
            axis.plot(
                sizes, ratio.mean(), "o-", color=colour, label=MEASURES[measure], markersize=4
            )
        step_ticks(axis, rows["size"], base=10)
        axis.axhline(1, color="black", linewidth=0.6)
        axis.set_xlabel("maps in a set", fontsize=9)
        axis.tick_params(labelsize=8)
    axes[0].set_ylabel("distance, of largest sets = 1", fontsize=9)
    axes[-1].legend(fontsize=8, frameon=False)
    return figure


def _panel_per_network(models: Sequence[str]) -> tuple[Figure, Sequence[Axes]]:
    """Panels side by side, named."""
    figure, axes = plt.subplots(
        1,
        len(models),
        figsize=(3.4 * len(models) + 0.6, 3.0),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    name_columns(axes, map(network, models))
    return figure, list(axes[0])
