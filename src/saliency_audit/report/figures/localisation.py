"""Pictures of saliency maps with the outline of the object they should point at."""

from collections.abc import Sequence
from itertools import cycle

from matplotlib import patheffects
from matplotlib.figure import Figure
from torch import Tensor

from saliency_audit.report.figures.maps import show_maps
from saliency_audit.report.names import BASE_COLOUR


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
        outline = axis.contour(
            region.float().cpu().numpy(), levels=[0.5], colors=BASE_COLOUR, linewidths=1.4
        )
        outline.set(path_effects=[patheffects.withStroke(linewidth=2.6, foreground="white")])
    return figure
