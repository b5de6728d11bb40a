"""Pictures of saliency maps, side by side."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

CLIP_PERCENTILE = 99


def show_maps(
    images: Tensor, maps: dict[str, Tensor], titles: Sequence[str], size: float = 1.5
) -> Figure:
    """Images in the first row, each method's saliency in a row below.

    Args:
        images: `(N, C, H, W)` in [0, 1].
        maps: saliency `(N, H, W)` by method name.
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
        pixels = image.permute(1, 2, 0).cpu().numpy()
        axes[0, column].imshow(pixels.squeeze(), cmap="gray" if image.shape[0] == 1 else None)
        axes[0, column].set_title(title, fontsize=9)
        for row, saliency in enumerate(maps.values(), start=1):
            values = saliency[column].detach().cpu().numpy()
            top = float(np.percentile(values, CLIP_PERCENTILE)) or 1.0
            axes[row, column].imshow(values, cmap="Greys", vmin=0, vmax=top)
    for row, name in enumerate(["input", *maps]):
        axes[row, 0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    for axis in axes.flat:
        axis.set_xticks([])
        axis.set_yticks([])
    return figure
