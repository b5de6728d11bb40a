"""A table of distances between methods' mean maps, as Figures 2 and 3 of the paper draw it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from saliency_audit.ledger.summaries.resampled import with_resamples
from saliency_audit.report.names import method_name, on_two_lines
from saliency_audit.report.words import three_figures


def draw_distances(axis: Axes, rows: pd.DataFrame, methods: Sequence[str]) -> None:
    """Distances with their bootstrap intervals over images, shaded from 0 to the largest.

    Args:
        axis: of the panel.
        rows: of one measure and one set of networks: columns first, second, draw, set_size and
            distance.
        methods: in the order of lines and columns.
    """
    size = len(methods)
    values = np.zeros((size, size))
    texts = [["0"] * size for _ in methods]
    for (first, second), part in rows.groupby(["first", "second"]):
        found = with_resamples(part.set_index("draw")["distance"], int(part["set_size"].max()))
        places = methods.index(str(first)), methods.index(str(second))
        text = three_figures(found.value)
        if found.low < found.high:
            text += f"\n[{three_figures(found.low)},\n{three_figures(found.high)}]"
        for row, column in (places, places[::-1]):
            values[row, column], texts[row][column] = found.value, text
    axis.imshow(values, cmap="Blues", vmin=0)
    for (row, column), value in np.ndenumerate(values):
        colour = "white" if value > 0.6 * values.max() else "black"
        axis.text(
            column, row, texts[row][column], ha="center", va="center", fontsize=5.5, color=colour
        )
    names = [on_two_lines(method_name(name)) for name in methods]
    axis.set_xticks(range(size), names, fontsize=6)
    axis.set_yticks(range(size), names, fontsize=6)
