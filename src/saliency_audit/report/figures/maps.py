"""Pictures of saliency maps, side by side, with or without the outline of the object."""

from collections.abc import Sequence
from itertools import cycle

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from saliency_audit.report.names import BASE_COLOUR

CLIP_PERCENTILE = 99


def show_maps(
    images: Tensor, maps: dict[str, Tensor], titles: Sequence[str], size: float = 1.5
) -> Figure:
    """Images in the first row, each method's saliency in a row below.

    Args:
        images: `(N, C, H, W)` in [0, 1].
        maps: saliency `(N, H, W)` by method name, or further pictures `(N, C, H, W)` in [0, 1].
        titles: one per image.
        size: inches a side of each picture.

    Returns:
        The figure: a column per image. Each map runs from 0 to its own 99th percentile (white to
        dark), so maps can be compared in shape, not in magnitude.
    """
    figure, axes = plt.subplots(
        1 + len(maps),
        len(images),
        figsize=(size * len(images) + 0.6, size * (1 + len(maps)) + 0.3),
        squeeze=False,
        layout="constrained",
    )
    for column, (image, title) in enumerate(zip(images, titles, strict=True)):
        draw_picture(axes[0, column], image)
        axes[0, column].set_title(title, fontsize=9)
        for row, drawn in enumerate(maps.values(), start=1):
            draw = draw_map if drawn.ndim == 3 else draw_picture
            draw(axes[row, column], drawn[column])
    for row, name in enumerate(["input", *maps]):
        axes[row, 0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    for axis in axes.flat:
        axis.set_xticks([])
        axis.set_yticks([])
    return figure


def show_regions(
    pictures: Tensor, regions: Tensor, maps: dict[str, Tensor], titles: Sequence[str]
) -> Figure:
    """Pictures in the first row, each method's saliency below, the object outlined in all.

    Args:
        pictures: `(N, C, H, W)` in [0, 1].
        regions: `(N, H, W)` bool, the object's mask or its filled box.
        maps: saliency `(N, H, W)` by method name.
        titles: one per picture.

    Returns:
        The figure: a column per picture; maps are scaled as in `show_maps`.
    """
    figure = show_maps(pictures, maps, titles)
    # The panels stand row by row, so the regions repeat with every row.
    for axis, region in zip(figure.axes, cycle(regions), strict=False):
        outline(axis, region)
    return figure


def outline(axis: Axes, region: Tensor) -> None:
    """The outline of a region `(H, W)` bool."""
    line = axis.contour(
        region.float().cpu().numpy(), levels=[0.5], colors=BASE_COLOUR, linewidths=1.4
    )
    line.set(path_effects=[patheffects.withStroke(linewidth=2.6, foreground="white")])


def draw_picture(axis: Axes, picture: Tensor) -> None:
    """A picture `(C, H, W)`."""
    pixels = picture.permute(1, 2, 0).cpu().numpy()
    axis.imshow(pixels.squeeze(), cmap="gray" if picture.shape[0] == 1 else None)


def draw_map(axis: Axes, saliency: Tensor) -> None:
    """A map `(H, W)` from 0 to its 99th percentile."""
    values = saliency.detach().cpu().numpy()
    top = float(np.percentile(values, CLIP_PERCENTILE)) or 1.0
    axis.imshow(values, cmap="Greys", vmin=0, vmax=top)
