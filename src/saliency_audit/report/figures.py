"""What the notebooks' figures share."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure


def refuse_empty(rows: pd.DataFrame) -> None:
    """Refuse to draw nothing.

    Raises:
        ValueError: no rows.
    """
    if rows.empty:
        raise ValueError(
            "no rows to show: none of the images was classified correctly; raise n_images"
        )


def label_outside(figure: Figure, axis: Axes) -> None:
    """The legend of one of the panels above all of them, where it covers nothing."""
    symbols, labels = axis.get_legend_handles_labels()
    figure.legend(
        symbols,
        labels,
        loc="outside upper center",
        ncols=len(labels),
        fontsize=8,
        frameon=False,
    )
