"""GG-SPARSE: the most salient pixels, drawn over the picture and measured."""

from collections.abc import Mapping

import pandas as pd
import torch
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from torch import Tensor

from saliency_audit.ledger.summaries.means import mean_of
from saliency_audit.report.figures.panels import measure_boxes
from saliency_audit.report.names import (
    IDGI_COLOUR,
    TOP_PIXEL_NAMES,
    ggig_name,
    network,
    on_two_lines,
    with_arrow,
)
from saliency_audit.report.notebook.tables import mean_cell, text_table

# Grey pictures run from here to white, so that the marked pixels stand out in dark places, too.
PALE = 0.35


def over_grey(pictures: Tensor, pixels: Tensor) -> Tensor:
    """Pale grey pictures with the marked pixels in blue: `(N, 3, H, W)` in [0, 1].

    Args:
        pictures: `(N, C, H, W)` in [0, 1].
        pixels: `(N, H, W)` bool.
    """
    grey = PALE + (1 - PALE) * pictures.mean(dim=1, keepdim=True).expand(-1, 3, -1, -1)
    colour = torch.tensor(to_rgb(IDGI_COLOUR)).to(grey)[None, :, None, None]
    return torch.where(pixels[:, None].to(grey.device), colour, grey)


def show_measures(rows: pd.DataFrame, share: float) -> Figure:
    """What is measured on the top pixels: a row of panels per network, a column per measure.

    Args:
        rows: of `ggig_sparse`.
        share: of the pixels.

    Returns:
        The figure; see `measure_boxes`.
    """
    return measure_boxes(rows[rows["share"] == share], TOP_PIXEL_NAMES, ggig_name)


def measure_table(sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Means over the images of every measure.

    Args:
        sources: rows of `ggig_sparse` by where they come from.

    Returns:
        A line per network, share, method and source, which form the index; a column per measure.
        Behind a mean stands how many images have no value, where some have none: a constant map has
        no top pixels.
    """
    lines: dict[tuple[str, str, str, str], dict[str, str]] = {}
    for source, rows in sources.items():
        for (model, share, method), group in rows.groupby(["model", "share", "method"], sort=False):
            line = (
                network(str(model)),
                f"top {float(str(share)):.0%}",
                ggig_name(str(method)),
                on_two_lines(source),
            )
            lines[line] = {
                with_arrow(title, name): mean_cell(
                    mean_of(group[name]), 1 if name == "connected_components" else 2
                )
                for name, title in TOP_PIXEL_NAMES.items()
            }
    return text_table(lines, ["network", "share", "method", "source"])
