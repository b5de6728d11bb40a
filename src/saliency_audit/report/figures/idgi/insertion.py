"""IDGI-INS: the difference that IDGI makes to a score, image by image."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from saliency_audit.ledger.external.evidence.rows import MethodPair, at_steps, method_pairs
from saliency_audit.report.figures.panels import name_rows, panels, refuse_empty
from saliency_audit.report.names import BASE_COLOUR, IDGI_COLOUR, PATH_NAMES, network


def show_paired_differences(
    rows: pd.DataFrame, score: str, steps: int | None = None, name: str | None = None
) -> Figure:
    """Per-image difference IDGI − base, sorted: a row of panels per network, a column per path.

    Args:
        rows: one row per map, with the columns model, path, method, steps, image and the score.
        score: name of the score's column.
        steps: number of steps to show; the largest there is if not given or absent.
        name: what to call the score; its own name if not given.

    Returns:
        The figure; above zero are the images on which IDGI scores higher. The panels of a network
        share their scale. The dashed line is the mean.
    """
    refuse_empty(rows)
    chosen, _ = at_steps(rows, steps)
    pairs = {(pair.model, pair.path): pair for pair in method_pairs(chosen, PATH_NAMES)}
    models = list(dict.fromkeys(model for model, _ in pairs))
    paths = [path for path in PATH_NAMES if any(path == found for _, found in pairs)]

    def draw(axis: Axes, model: str, path: str) -> bool:
        pair = pairs.get((model, path))
        if pair is not None:
            _draw_differences(axis, pair, score)
        return pair is not None

    figure, axes = panels(models, paths, draw, width=2.7, height=2.2)
    name_rows(axes, (f"{network(model)}\nIDGI − base" for model in models))
    figure.supxlabel(f"images, sorted by their difference in {name or score} (%)", fontsize=9)
    return figure


def _draw_differences(axis: Axes, pair: MethodPair, score: str) -> None:
    differences = np.sort((pair.idgi[score] - pair.base[score]).to_numpy(dtype=float))
    share = np.linspace(0, 100, len(differences))
    axis.axhline(0, color="0.4", linewidth=0.8)
    for side, colour in ((differences > 0, IDGI_COLOUR), (differences < 0, BASE_COLOUR)):
        axis.fill_between(share, differences, 0, where=side, alpha=0.4, color=colour, linewidth=0)
    axis.plot(share, differences, color="0.2", linewidth=1)
    axis.axhline(differences.mean(), color="0.2", linestyle="--", linewidth=1)
    axis.set_title(f"{PATH_NAMES[pair.path]}, n = {len(differences)}", fontsize=9)
