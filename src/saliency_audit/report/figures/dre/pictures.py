"""Maps of DRE and its competitors beside each other, each on its M_F; whose pictures they are."""

from collections.abc import Mapping
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from torch import Tensor

from saliency_audit.datasets import open_images, photographs, read_batch
from saliency_audit.datasets.images import UNLABELLED
from saliency_audit.report.figures.maps import draw_map, draw_picture, outline
from saliency_audit.report.figures.panels import refuse_empty
from saliency_audit.report.names import class_name, method_name
from saliency_audit.report.notebook.tables import text_table
from saliency_audit.study.experiments.dre_pictures import NO_OBJECT, PHOTOGRAPHS, VALUES

# Pale enough at its end for dark figures to be read.
STRIP = LinearSegmentedColormap.from_list("strip", ["#ffffff", "#7fb0dd"])
SIZE = 1.15
# Letters of a line above a picture of that size.
WIDTH = 16


def show_pictures(rows: pd.DataFrame, images: str | None = None) -> Figure:
    """A column per picture, a row per method; under each map its M_F.

    Args:
        rows: of `dre_pictures`, of one network.
        images: the image set to show, if the rows are of several.

    Returns:
        The figure. Over a picture stands the class that is explained, with its probability, and
        before it the picture's own if that is known and another. Maps run from 0 to their own 99th
        percentile. Under each is its M_F; see `draw_strip`.
    """
    if images is not None:
        rows = rows[rows["images"] == images]
    refuse_empty(rows)
    indices = [int(index) for index in rows["image"].drop_duplicates()]
    methods = list(rows["method"].drop_duplicates())
    (images,) = rows["images"].unique()
    (model,) = rows["model"].unique()
    source = open_images(images)
    pictures = read_batch(source, indices).images
    figure, axes = plt.subplots(
        1 + len(methods),
        len(indices),
        figsize=(SIZE * len(indices) + 1.7, (SIZE + 0.22) * (1 + len(methods))),
        squeeze=False,
        layout="constrained",
    )
    for column, (index, picture) in enumerate(zip(indices, pictures, strict=True)):
        of_picture = rows[rows["image"] == index]
        draw_picture(axes[0, column], picture)
        about = of_picture.iloc[0]
        answer, true = int(about["target"]), source.labels[index]
        lines = [class_name(model, answer), f"{100 * about['confidence']:.0f} %"]
        if true not in (answer, UNLABELLED):
            lines = [class_name(model, true), f"as {lines[0]}", lines[1]]
        title = "\n".join(fill(line, WIDTH) for line in lines)
        axes[0, column].set_title(title, fontsize=8)
        if about["object"] != NO_OBJECT:
            cells = _grid(of_picture, methods[0], "object")
            outline(axes[0, column], _enlarged(cells, picture) > 0.5)
        scores = of_picture.groupby("method")["faithfulness"].first()
        span = scores.min(), scores.max()
        for row, method in enumerate(methods, start=1):
            draw_map(axes[row, column], _grid(of_picture, method, "value"))
            draw_strip(axes[row, column], scores[method], span)
    for row, name in enumerate(["picture", *map(method_name, methods)]):
        axes[row, 0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    for axis in axes.flat:
        axis.set_xticks([])
        axis.set_yticks([])
    return figure


def credit_table(sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Which photographs are shown, and whose they are.

    Args:
        sources: rows of `dre_pictures` by where they come from.

    Returns:
        A line per picture of the set `photographs`, in the order of the rows; what it shows is the
        index.
    """
    lines: dict[tuple[str], dict[str, str]] = {}
    for rows in sources.values():
        of_set = rows[rows["images"] == PHOTOGRAPHS].drop_duplicates(["model", "image"])
        for row in of_set.to_dict("records"):
            photograph = photographs.PHOTOGRAPHS[row["image_name"]]
            lines[(photograph.shows,)] = {
                "explained as": class_name(row["model"], row["target"]),
                "credit": photograph.credit,
                "licence": photograph.licence,
                "ships with": photograph.package,
            }
    return text_table(lines, ["photograph"])


def _grid(rows: pd.DataFrame, method: str, column: str) -> Tensor:
    """A column of the rows of one picture and method as `(cells, cells)` in [0, 1]."""
    cells = rows[rows["method"] == method].pivot(index="row", columns="column", values=column)
    return torch.from_numpy(cells.to_numpy(dtype=np.float32, copy=True)) / VALUES


def _enlarged(grid: Tensor, picture: Tensor) -> Tensor:
    size = tuple(picture.shape[1:])
    return torch.nn.functional.interpolate(grid[None, None], size=size, mode="bilinear")[0, 0]


def draw_strip(axis: Axes, score: float, span: tuple[float, float]) -> None:
    """100 M_F under a map, on a strip: white at the lowest of the picture's maps, blue at the best.

    Args:
        axis: of the map.
        score: its M_F.
        span: the lowest and the highest M_F of the picture's maps.
    """
    low, high = span
    share = (score - low) / (high - low) if high > low else 0.5
    axis.set_xlabel(
        f"{100 * score:.0f}",
        fontsize=8,
        labelpad=2,
        bbox={"facecolor": STRIP(share), "edgecolor": "none", "boxstyle": "square,pad=0.15"},
    )
