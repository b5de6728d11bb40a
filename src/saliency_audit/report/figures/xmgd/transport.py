"""XM-MW: violations of what a distance must fulfil, between mixtures of real maps."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from saliency_audit.ledger import Claim
from saliency_audit.report.figures.panels import name_columns, refuse_empty
from saliency_audit.report.names import BASE_COLOUR, IDGI_COLOUR, network, on_two_lines
from saliency_audit.report.notebook.tables import narrow, text_table
from saliency_audit.report.words import three_figures, with_exponent
from saliency_audit.study.experiments.xmgd_transport import PROPERTIES

# Violations of 0, which a logarithmic axis lacks, are drawn here.
LEAST = 1e-18


def show_transport(rows: pd.DataFrame, claim: Claim) -> Figure:
    """Every pair's violation of every property, beside the limit.

    Args:
        rows: of `xmgd_transport`.
        claim: the one that declares the limit and the properties that decide.

    Returns:
        The figure: a panel per network, a line per property, a dot per pair, a bar at the largest;
        those that do not decide are in another colour. Zeros stand at the left end.
    """
    refuse_empty(rows)
    models = list(dict.fromkeys(rows["model"]))
    names = [name for name in PROPERTIES if name in set(rows["property"])]
    deciding = claim.external.parameters["where"]["property"]
    figure, axes = plt.subplots(
        1,
        len(models),
        figsize=(3.9 * len(models) + 1, 0.36 * len(names) + 1.1),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for axis, model in zip(axes[0], models, strict=True):
        mine = rows[rows["model"] == model]
        for place, name in enumerate(names):
            values = mine.loc[mine["property"] == name, "violation"].to_numpy()
            shown = np.maximum(values, LEAST)
            colour = BASE_COLOUR if name in deciding else IDGI_COLOUR
            spread = place + np.linspace(-0.25, 0.25, len(shown))
            axis.plot(shown, spread, ".", color=colour, alpha=0.25, markersize=3)
            axis.plot([shown.max()] * 2, [place - 0.35, place + 0.35], color=colour, linewidth=2)
        axis.axvline(claim.external.parameters["at_most"], color="0.4", linewidth=1)
        axis.set_xscale("log")
        axis.tick_params(labelsize=8)
        axis.set_xlabel("violation, in sides of the picture", fontsize=9)
    axes[0, 0].set_yticks(range(len(names)), names)
    axes[0, 0].invert_yaxis()
    name_columns(axes, map(network, models))
    return figure


def transport_table(sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The largest violation of every property.

    Args:
        sources: rows of `xmgd_transport` by where they come from.

    Returns:
        A line per property, network and source; `distances` is the range of MW₂ over the pairs.
    """
    lines: dict[tuple[str, str, str], dict[str, str]] = {}
    for source, rows in sources.items():
        for (name, model), group in rows.groupby(["property", "model"], sort=False):
            low, high = (three_figures(end) for end in group["distance"].agg(["min", "max"]))
            place = (narrow(PROPERTIES[str(name)], end="\n"), network(str(model)))
            lines[(*place, on_two_lines(source))] = {
                "largest": with_exponent(group["violation"].max()),
                "pairs": f"{len(group)}",
                "distances": f"{low} to {high}",
            }
    return text_table(lines, ["by how much it is not fulfilled", "network", "source"])
