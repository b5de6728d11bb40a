"""GG-PRODUCT: how maps depend on the baseline, and how much of the input is in them."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from saliency_audit.ledger.summaries.means import mean_of, mean_with_interval
from saliency_audit.report.figures.panels import draw_estimate, name_rows, panels, refuse_empty
from saliency_audit.report.names import BASE_COLOUR, ggig_name, network, on_two_lines
from saliency_audit.report.notebook.tables import mean_cell, text_table
from saliency_audit.sanity import DIFFERENCE

# Two baselines, or a baseline and `DIFFERENCE`.
Place = tuple[str, str]


def show_agreement(rows: pd.DataFrame, sign: str = "absolute", limit: float = 0.9) -> Figure:
    """Rank correlation of maps from two baselines: a row of panels per network, a column per pair.

    Args:
        rows: of `ggig_product`.
        sign: "absolute" or "signed" maps.
        limit: what agreement must exceed; a dashed line.

    Returns:
        The figure: a grey dot per image, the mean and its 95 % interval in colour.
    """
    places = [place for place in _places(rows) if place[1] != DIFFERENCE]
    figure, axes = _show(rows, places, sign)
    for axis in axes.flat:
        axis.axvline(limit, color="0.2", linestyle="--", linewidth=1)
    figure.supxlabel("rank correlation of the two maps of an image", fontsize=9)
    return figure


def show_dominance(rows: pd.DataFrame, sign: str = "absolute") -> Figure:
    """Rank correlation of maps and x − x′: a row of panels per network, a column per baseline.

    Args:
        rows: of `ggig_product`.
        sign: "absolute" (of magnitudes) or "signed".

    Returns:
        The figure, drawn as `show_agreement`.
    """
    places = [place for place in _places(rows) if place[1] == DIFFERENCE]
    figure, _ = _show(rows, places, sign)
    said = "|x − x′|" if sign == "absolute" else "x − x′"
    figure.supxlabel(f"rank correlation of the map and {said}", fontsize=9)
    return figure


def _show(rows: pd.DataFrame, places: list[Place], sign: str) -> tuple[Figure, np.ndarray]:
    refuse_empty(rows)
    chosen = rows[rows["sign"] == sign]
    methods = list(dict.fromkeys(chosen["method"]))
    models = list(dict.fromkeys(chosen["model"]))
    titles = {_title(place): place for place in places}

    def draw(axis: Axes, model: str, title: str) -> bool:
        mine = _at(chosen[chosen["model"] == model], titles[title])
        for height, method in enumerate(methods):
            values = mine.loc[mine["method"] == method, "spearman"].dropna()
            if (found := mean_with_interval(values)) is None:
                continue
            axis.plot(values, [height] * len(values), "o", color="0.6", alpha=0.4, markersize=2.5)
            look = {"fmt": "D", "color": BASE_COLOUR, "markersize": 4, "linewidth": 1.4}
            draw_estimate(axis, found, height, **look)
        axis.set_yticks(range(len(methods)), map(ggig_name, methods))
        axis.set_title(title, fontsize=9)
        return True

    figure, axes = panels(models, list(titles), draw, width=2.2, height=0.24 * len(methods) + 0.5)
    name_rows(axes, map(network, models))
    for axis in axes[:, 0]:
        axis.invert_yaxis()
    return figure, axes


def baseline_table(sources: Mapping[str, pd.DataFrame], sign: str = "absolute") -> pd.DataFrame:
    """Mean rank correlation over the images: of two baselines' maps, and of a map and x − x′.

    Args:
        sources: rows of `ggig_product` by where they come from.
        sign: "absolute" or "signed".

    Returns:
        A line per network, method and source, which form the index; a column per pair of baselines
        and per baseline. Behind a mean stands how many images have no value, one of the maps being
        constant, where some have none; a dash where no image has one.
    """
    lines: dict[tuple[str, str, str], dict[str, str]] = {}
    for source, rows in sources.items():
        chosen = rows[rows["sign"] == sign]
        for (model, method), group in chosen.groupby(["model", "method"], sort=False):
            lines[network(str(model)), ggig_name(str(method)), on_two_lines(source)] = {
                _title(place): mean_cell(mean_of(_at(group, place)["spearman"]))
                for place in _places(rows)
            }
    return text_table(lines, ["network", "method", "source"], missing="—")


def _places(rows: pd.DataFrame) -> list[Place]:
    """Every pair of baselines, then every baseline beside the input."""
    baselines = list(dict.fromkeys(rows.loc[rows["second"] == DIFFERENCE, "first"]))
    return [*combinations(baselines, 2), *((name, DIFFERENCE) for name in baselines)]


def _at(rows: pd.DataFrame, place: Place) -> pd.DataFrame:
    first, second = place
    return rows[(rows["first"] == first) & (rows["second"] == second)]


def _title(place: Place) -> str:
    first, second = place
    return f"input − {first}" if second == DIFFERENCE else f"{first} and {second}"
