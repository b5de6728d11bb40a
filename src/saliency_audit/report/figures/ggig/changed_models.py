"""What the figures of changed models share: their maps, a line per method with its band."""

from collections.abc import Iterable, Mapping, Sequence
from textwrap import fill
from typing import Any

import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from saliency_audit.attributions import Explainer, saliency
from saliency_audit.attributions.engine import predict
from saliency_audit.ledger.summaries.bands import mean_curve
from saliency_audit.ledger.summaries.means import mean_of
from saliency_audit.report.figures.maps import show_maps
from saliency_audit.report.figures.panels import draw_band
from saliency_audit.report.names import SANITY_LOOKS, SIMILARITY_NAMES, ggig_name, network

# Measures that are shown; the squared error has no lower limit.
SHOWN = ("spearman", "weighted_jaccard", "ssim")
# A method that a figure draws and that is none of the paper's.
OTHER_LOOK = ("#009e73", "v")


def show_changed_maps(
    changed: Iterable[tuple[str, nn.Module]],
    explainers: Mapping[str, Explainer],
    picture: Tensor,
    target: Tensor,
) -> Figure:
    """Maps of a picture as the model behind them changes: a column per model, a row per method.

    Args:
        changed: models `(N, C, H, W)` in [0, 1] to logits, each under its title.
        explainers: methods by what to call them.
        picture: `(C, H, W)`.
        target: the class that is explained, a scalar.
    """
    on = (picture[None], target.reshape(1))
    titles: list[str] = []
    maps: dict[str, list[Tensor]] = {name: [] for name in explainers}
    for title, model in changed:
        score, _ = predict(model, *on)
        titles.append(f"{title}\nscore {float(score[0]):.2f}")
        for name, explain in explainers.items():
            maps[name].append(saliency(explain(model, *on))[0])
    shown = picture[None].expand(len(titles), -1, -1, -1)
    stacked = {name: torch.stack(found) for name, found in maps.items()}
    return show_maps(shown, stacked, titles, size=1.1)


def measures_in(rows: pd.DataFrame) -> list[str]:
    """The shown measures that some map has."""
    return [name for name in SHOWN if rows[name].notna().any()]


def draw_line(
    axis: Axes, rows: pd.DataFrame, along: str, column: str, method: str | None = None
) -> None:
    """Mean over images and draws against a level or stage, with its band over images.

    Args:
        axis: where.
        rows: of one network and method.
        along: the column of the horizontal axis.
        column: what is averaged.
        method: decides the look; without one the line is black and has no label.
    """
    colour, symbol = look_of(method) if method else ("#000000", "")
    label = ggig_name(method) if method else None
    look: dict[str, Any] = {"marker": symbol, "markersize": 3.5, "linewidth": 1.3, "label": label}
    draw_band(axis, mean_curve(rows, along, column), color=colour, **look)


def look_of(method: str) -> tuple[str, str]:
    """Colour and mark of a method's line."""
    return SANITY_LOOKS.get(method, OTHER_LOOK)


def title_of(measure: str) -> str:
    """A measure in print."""
    return SIMILARITY_NAMES[measure]


def network_on_lines(model: str) -> str:
    """A network's name in print, broken for the side of a panel."""
    return fill(network(model), 16)


def in_order(methods: Sequence[str]) -> list[str]:
    """The methods that a figure shows: the paper's and its controls, else all there are."""
    known = [name for name in SANITY_LOOKS if name in methods]
    return known or list(methods)


def undefined_share(rows: pd.DataFrame) -> str:
    """How many maps are constant, so that no similarity is defined: `3 of 200`."""
    found = mean_of(rows["spearman"])
    return f"{found.undefined} of {found.n}" if found.undefined else "0"
