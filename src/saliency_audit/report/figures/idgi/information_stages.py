"""IDGI-NE and IDGI-MSSSIM: what a curve is made of, the pictures of one image."""

from collections.abc import Mapping
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from saliency_audit.ledger.external.evidence.curves import curve_group
from saliency_audit.ledger.external.evidence.rows import at_steps, method_pairs
from saliency_audit.metrics import InformationPoints, information_curves, information_points
from saliency_audit.metrics.information_curve import THRESHOLDS
from saliency_audit.metrics.reveal import (
    Mode,
    Picture,
    fill_hidden,
    random_mask,
    threshold_masks,
)
from saliency_audit.report.figures.panels import refuse_empty
from saliency_audit.report.names import BASE_COLOUR, IDGI_COLOUR, PATH_NAMES

# Shares of revealed pixels whose pictures are shown.
STAGES = (0.02, 0.07, 0.21)


@dataclass(frozen=True)
class Example:
    """An image whose curves can be drawn, and the number of steps of its maps."""

    model: str
    images: str
    image: int
    steps: int


def curve_example(rows: pd.DataFrame, steps: int | None, place: int) -> Example:
    """An image that both curves use, of the last network that has one.

    Args:
        rows: of `idgi_scores`.
        steps: number of steps; the largest there is if not given or absent.
        place: which of those images, in their order; it starts again after the last.

    Raises:
        ValueError: there is none.
    """
    refuse_empty(rows)
    chosen, _ = at_steps(rows, steps)
    for model in sorted(chosen["model"].unique(), reverse=True):
        pair = next(method_pairs(chosen[chosen["model"] == model], PATH_NAMES))
        group = curve_group(pair, ["aic", "sic"], "file_size")
        if group is not None and group.common.any():
            images = group.pairs[0].images[group.common]
            row = pair.base.loc[images[place % len(images)]]
            return Example(model, str(row["images"]), int(row.name), int(row["steps"]))
    raise ValueError(
        "no image that both curves use: take more images, or a network of larger pictures, such "
        "as shapes_cnn"
    )


def show_stages(
    model: nn.Module,
    picture: Tensor,
    maps: Mapping[str, Tensor],
    target: Tensor,
    *,
    seed: int,
    mode: Mode,
) -> Figure:
    """Start picture, three stages and original for two maps, and the curves that follow.

    Args:
        model: maps `(N, C, H, W)` in [0, 1] to logits.
        picture: `(C, H, W)` in [0, 1].
        maps: saliency `(H, W)` by method name, the base first.
        target: the class, a scalar.
        seed: of the random pixels.
        mode: how hidden pixels are restored.

    Returns:
        The figure: a row of pictures per map; below each picture the probability of the class and
        the information, as a share of the way from the start picture to the original; right the
        image's own softmax information curves.
    """
    figure = plt.figure(figsize=(10, 2 * len(maps) + 0.3), layout="constrained")
    # A narrow empty column keeps the curves off the pictures.
    grid = figure.add_gridspec(
        len(maps), len(STAGES) + 4, width_ratios=[*[1] * (len(STAGES) + 2), 0.1, 2]
    )
    whole = figure.add_subplot(grid[:, -1])
    for row, (name, colour) in enumerate(zip(maps, (BASE_COLOUR, IDGI_COLOUR), strict=True)):
        points = information_points(
            model,
            picture[None],
            maps[name][None],
            target[None],
            seeds=[seed],
            mode=mode,
            complexities=("file_size",),
        )
        shown = zip(_titles(), _pictures(picture, maps[name], seed, mode), strict=True)
        for column, (title, stage) in enumerate(shown):
            axis = figure.add_subplot(grid[row, column])
            axis.imshow(stage.squeeze(), cmap="gray" if stage.shape[2] == 1 else None)
            axis.set_xticks([])
            axis.set_yticks([])
            axis.set_title(title if row == 0 else "", fontsize=9)
            axis.set_xlabel(_caption(points, column), fontsize=8)
            if column == 0:
                axis.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
        curves = information_curves(points.file_size, points.probability)
        style = "--" if row == 0 else "-"
        whole.plot(curves.grid, curves.curves[0], style, color=colour, label=name)
    _finish(whole)
    return figure


def _titles() -> list[str]:
    return ["start", *(f"{100 * share:.0f} % revealed" for share in STAGES), "original"]


def _pictures(picture: Tensor, saliency: Tensor, seed: int, mode: Mode) -> list[Picture]:
    original = picture.mul(255).round().byte().permute(1, 2, 0).cpu().numpy()
    height, width, _ = original.shape
    start = random_mask(height, width, seed)
    salient = threshold_masks(saliency.detach().cpu().numpy(), start, STAGES)
    masks = [start, *salient, np.ones_like(start)]
    return [fill_hidden(original, mask, mode) for mask in masks]


def _caption(points: InformationPoints, column: int) -> str:
    """Numbers of the measured stage: the first, a threshold's, or the last."""
    place = [0, *(1 + THRESHOLDS.index(share) for share in STAGES), -1][column]
    size = points.file_size[0]
    information = float((size[place] - size[0]) / (size[-1] - size[0]))
    return f"{float(points.probability[0, place]):.2f} probability\n{information:.2f} information"


def _finish(axis: Axes) -> None:
    axis.set_title("softmax information curve", fontsize=9)
    axis.set_xlabel("information (normalised entropy)", fontsize=8)
    axis.set_ylabel("probability, normalised", fontsize=8)
    axis.set_xlim(0, 1)
    axis.set_ylim(-0.03, 1.03)
    axis.tick_params(labelsize=8)
    axis.legend(fontsize=8, frameon=False, loc="lower right")
