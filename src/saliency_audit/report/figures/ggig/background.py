"""Shares of the saliency outside the object before other backgrounds, and the class there."""

from collections.abc import Callable, Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from saliency_audit.ledger.summaries.means import mean_of
from saliency_audit.report.figures.panels import draw_boxes, panels, refuse_empty
from saliency_audit.report.names import ggig_name, network, on_two_lines
from saliency_audit.report.notebook.tables import mean_cell, text_table
from saliency_audit.report.words import number

BACKGROUND_NAMES = {"none": "original"}
AREA = "share of the area"


def show_shares(rows: pd.DataFrame, background: str, squares: int) -> Figure:
    """Share of the saliency outside the object: a panel per network, a box per method.

    Args:
        rows: of `ggig_background`.
        background: which one.
        squares: along a side, 0 where the background has none.

    Returns:
        The figure; boxes as in `draw_boxes`, the dashed line is the mean share of the area that is
        background, about which a map without any regard for the object lies.
    """
    chosen = rows[(rows["background"] == background) & (rows["squares"] == squares)]
    refuse_empty(chosen)
    models = list(dict.fromkeys(chosen["model"]))
    methods = list(dict.fromkeys(chosen["method"]))

    def draw(axis: Axes, line: str, model: str) -> bool:
        mine = chosen[chosen["model"] == model]
        axis.axvline(_area(mine), color="0.3", linestyle="--", linewidth=1)
        draw_boxes(axis, mine, "outside", methods, ggig_name)
        axis.set_title(f"{network(model)}, n = {mine['image'].nunique()}", fontsize=9)
        return True

    height = 0.24 * len(methods) + 0.6
    width = max(2.2, 4 / len(models))
    figure, axes = panels(["all"], models, draw, width=width, height=height)
    axes[0, 0].set_xlim(0, 1)
    axes[0, 0].invert_yaxis()
    figure.supxlabel("share of the saliency outside the object", fontsize=9)
    return figure


def _area(rows: pd.DataFrame) -> float:
    """Mean over the images of the share of the area that is background."""
    return mean_of(rows.groupby("image")["area_outside"].first()).value


def share_table(sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Mean share outside the object of every method, background by background.

    Args:
        sources: rows of `ggig_background` by where they come from.

    Returns:
        A line per network, method and source, which form the index, below a line with the
        background's share of the area; a column per background. Behind a mean stands how many
        images have no share, the map being 0 everywhere, where some have none.
    """

    def cells(rows: pd.DataFrame) -> dict[str, str]:
        found = {AREA: number(_area(rows), 2)}
        for method in dict.fromkeys(rows["method"]):
            shares = rows.loc[rows["method"] == method, "outside"]
            found[ggig_name(method)] = mean_cell(mean_of(shares))
        return found

    return _by_background(sources, cells, ["network", "method", "source"])


def kept_table(sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """How many images keep their class before another background, and how probable it still is.

    Args:
        sources: rows of `ggig_background` by where they come from.

    Returns:
        Two lines per network and source, a column per background: the images that keep their
        class, and the mean probability of the class.
    """

    def cells(rows: pd.DataFrame) -> dict[str, str]:
        images = rows.drop_duplicates("image")
        kept = int(images["still_right"].astype(bool).sum())
        probability = mean_cell(mean_of(images["probability"]))
        return {"class kept": f"{kept} of {len(images)}", "its probability": probability}

    return _by_background(sources, cells, ["network", "images", "source"])


def _by_background(
    sources: Mapping[str, pd.DataFrame],
    cells: Callable[[pd.DataFrame], dict[str, str]],
    levels: list[str],
) -> pd.DataFrame:
    """Cells by name, of the rows of every network, source and background."""
    lines: dict[tuple[str, str, str], dict[str, str]] = {}
    for source, rows in sources.items():
        groups = rows.groupby(["model", "background", "squares"], sort=False)
        for (model, background, squares), group in groups:
            for name, cell in cells(group).items():
                line = (network(str(model)), name, on_two_lines(source))
                lines.setdefault(line, {})[_title(str(background), int(str(squares)))] = cell
    return text_table(lines, levels, missing="—")


def _title(background: str, squares: int) -> str:
    name = BACKGROUND_NAMES.get(background, background)
    return f"{name}, {squares}" if squares else name
