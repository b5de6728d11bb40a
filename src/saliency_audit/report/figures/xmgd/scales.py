"""XM-SCALE: distances level by level, over receptive fields and between sharp and smooth maps."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from saliency_audit.ledger.external.tests.xm_scale import LEVELS, sharpness
from saliency_audit.ledger.summaries.means import mean_over_images
from saliency_audit.report.figures.panels import refuse_empty
from saliency_audit.report.names import BASE_COLOUR, IDGI_COLOUR, network, on_two_lines
from saliency_audit.report.notebook.tables import text_table
from saliency_audit.report.words import estimate_below

COLOURS = dict(zip(LEVELS, (IDGI_COLOUR, BASE_COLOUR), strict=True))
KINDS = ("sharp", "smooth")


def show_scales(rows: pd.DataFrame) -> Figure:
    """Distances with one level and with three.

    Args:
        rows: of `xmgd_scales`.

    Returns:
        The figure: a row of panels per kind of filters. On the left, the mean distance of every two
        networks over the gap of their receptive fields, with a 95 % interval over the images; on
        the right, that between sharp and between smooth maps, by methods of one network. Where
        there is one network, the left is left out.
    """
    refuse_empty(rows)
    windows = list(dict.fromkeys(rows["window"]))
    draws = {"methods": _by_sharpness, "networks": _over_fields}
    kinds = [kind for kind in ("networks", "methods") if kind in set(rows["pair"])]
    figure, axes = plt.subplots(
        len(windows),
        len(kinds),
        figsize=(3.9 * len(kinds) + 0.4, 2.5 * len(windows) + 0.4),
        sharex="col",
        sharey="col",
        squeeze=False,
        layout="constrained",
    )
    for panels, window in zip(axes, windows, strict=True):
        mine = _with_distances(rows[rows["window"] == window])
        for axis, kind in zip(panels, kinds, strict=True):
            draws[kind](axis, mine)
            axis.set_title(f"two {kind}, {window} filters", fontsize=9)
            axis.tick_params(labelsize=8)
            axis.set_ylim(bottom=0)
        panels[0].set_ylabel("distance", fontsize=9)
    if "networks" in kinds:
        axes[-1, 0].set_xlabel("gap of receptive fields, in pixels", fontsize=9)
    axes[0, -1].legend(fontsize=8, frameon=False)
    return figure


def _with_distances(rows: pd.DataFrame) -> pd.DataFrame:
    terms = np.stack(rows["terms"].to_list())
    return rows.assign(**{name: measure(terms) for name, measure in LEVELS.items()})


def _over_fields(axis: Axes, rows: pd.DataFrame) -> None:
    between = rows[rows["pair"] == "networks"]
    gaps = (between["receptive_field"] - between["other_receptive_field"]).abs()
    for name, colour in COLOURS.items():
        places, values = [], []
        pairs = between.assign(gap=gaps).groupby(["model", "other_model"], sort=False)
        for (model, other), group in pairs:
            found = mean_over_images(group[name].to_numpy(), group["image"].tolist())
            place = float(group["gap"].iloc[0])
            axis.plot([place] * 2, [found.low, found.high], color=colour, linewidth=1.5)
            places.append(place)
            values.append(found.value)
            if name == next(iter(COLOURS)):
                label = f"{network(str(model))}\n{network(str(other))}"
                axis.annotate(
                    label,
                    (place, found.high),
                    xytext=(0, 4),
                    textcoords="offset points",
                    ha="center",
                    fontsize=6.5,
                )
        axis.plot(places, values, "o", color=colour, markersize=5, label=name)
        if len(set(places)) > 1:
            line = np.polynomial.Polynomial.fit(places, values, 1)
            ends = np.array([min(places), max(places)])
            axis.plot(ends, line(ends), color=colour, linewidth=0.8, linestyle="--")
    axis.margins(x=0.2, y=0.25)


def _by_sharpness(axis: Axes, rows: pd.DataFrame) -> None:
    kinds = sharpness(rows)
    within = rows["pair"] == "methods"
    for shift, (name, colour) in zip((-0.1, 0.1), COLOURS.items(), strict=True):
        for place, kind in enumerate(KINDS):
            group = rows[within & (kinds == kind)]
            if group.empty:
                continue
            found = mean_over_images(group[name].to_numpy(), group["image"].tolist())
            named = name if place == 0 else None
            axis.plot([place + shift] * 2, [found.low, found.high], color=colour, linewidth=1.5)
            axis.plot(place + shift, found.value, "o", color=colour, markersize=5, label=named)
    axis.set_xticks(range(len(KINDS)), [f"between {kind} maps" for kind in KINDS])
    axis.margins(x=0.3, y=0.25)


def term_table(sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Mean terms of the levels: what each filter contributes.

    Args:
        sources: rows of `xmgd_scales` by where they come from.

    Returns:
        A line per pair of networks, or per kind of maps of one network's methods, and source; a
        column per kind of filters and level, with 95 % intervals over the images, in thousandths of
        the squared side of the picture.
    """
    lines: dict[tuple[str, str, str], dict[str, str]] = {}
    for source, rows in sources.items():
        kinds = sharpness(rows)
        for (model, other), group in rows[rows["pair"] == "networks"].groupby(
            ["model", "other_model"], sort=False
        ):
            fields = (group["receptive_field"].iloc[0], group["other_receptive_field"].iloc[0])
            label = f"{network(str(model))} ({fields[0]}),\n{network(str(other))} ({fields[1]})"
            lines["networks (receptive field)", label, on_two_lines(source)] = _terms(group)
        for kind in KINDS:
            group = rows[(rows["pair"] == "methods") & (kinds == kind)]
            if len(group):
                lines["methods", f"{kind} maps", on_two_lines(source)] = _terms(group)
    return text_table(lines, ["pairs of", "which", "source"])


def _terms(rows: pd.DataFrame) -> dict[str, str]:
    found: dict[str, str] = {}
    windows: Sequence[str] = list(dict.fromkeys(rows["window"]))
    for window in windows:
        mine = rows[rows["window"] == window]
        terms = 1000 * np.stack(mine["terms"].to_list())
        for level in range(terms.shape[1]):
            title = (
                "without a filter" if level == 0 else f"{window}, {2 * level + 1}×{2 * level + 1}"
            )
            cell = estimate_below(mean_over_images(terms[:, level], mine["image"].tolist()))
            found.setdefault(title, cell)
    return found
