"""DRE-PDF: densities of the controller's output for normal scores, and drawn scores under them."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from saliency_audit.attributions import control
from saliency_audit.attributions.controlled_scores import ControlledScores, normal_scores
from saliency_audit.ledger.summaries.means import mean_of
from saliency_audit.report.figures.panels import refuse_empty
from saliency_audit.report.names import BASE_COLOUR, IDGI_COLOUR, on_two_lines
from saliency_audit.report.notebook.tables import text_table
from saliency_audit.report.words import number
from saliency_audit.study import score_maps

Setting = tuple[float, float]

#: The panels of Figure 5. The text names the η of (a), and of (b) to (d) that h grows.
FIGURE_5: Mapping[str, Sequence[Setting]] = {
    "(a) h = 1": [(eta, 1.0) for eta in (0.5, 1.0, 1.5, 2.0, 2.5)],
    "(b) η = 0.5": [(0.5, h) for h in (1.0, 1.5, 2.5, 5.0)],
    "(c) η = 2.5": [(2.5, h) for h in (1.0, 1.5, 2.5, 5.0)],
    "(d) η = 1.5": [(1.5, h) for h in (1.0, 1.5, 2.5, 5.0)],
}
# Where densities are drawn: denser towards 0 and 1, where they rise and fall steeply.
GRID = np.sort(
    np.concatenate([np.linspace(0.002, 0.998, 800), 1 / (1 + np.exp(-np.linspace(-16, 16, 1600)))])
)
# Densities of right-skewed scores grow without use near 0.
HIGHEST = 4.5
MEASURES = ("above_half", "middle_third", "upper_third", "pearson_skewness")


def show_densities(own: Sequence[Setting] = ()) -> Figure:
    """The panels of the paper's Figure 5 in closed form.

    Args:
        own: settings (η, h) to draw in black in every panel.
    """
    figure, axes = plt.subplots(2, 2, figsize=(8.4, 5.4), sharex=True, layout="constrained")
    for axis, (title, settings) in zip(axes.flat, FIGURE_5.items(), strict=True):
        varied = "η" if title.startswith("(a)") else "h"
        colours = plt.get_cmap("viridis")(np.linspace(0, 0.85, len(settings)))
        for colour, (eta, h) in zip(colours, settings, strict=True):
            label = f"{varied} = {eta if varied == 'η' else h:g}"
            axis.plot(GRID, _output(eta, h).density(GRID), color=colour, label=label)
        for eta, h in own:
            own_label = f"own: η = {eta:g}, h = {h:g}"
            axis.plot(GRID, _output(eta, h).density(GRID), "--", color="black", label=own_label)
        axis.set_title(title, fontsize=9)
        axis.set_ylim(0, HIGHEST)
        axis.tick_params(labelsize=8)
        axis.legend(fontsize=8, frameon=False, loc="upper center", ncols=3)
    figure.supxlabel("score z after the controller", fontsize=9)
    figure.supylabel("density p(z)", fontsize=9)
    return figure


def show_drawn_scores(settings: Sequence[Setting], maps: int, side: int, seed: int) -> Figure:
    """Histograms of drawn normal maps after the real module, under the closed form.

    Args:
        settings: pairs (η, h), a panel each.
        maps: how many to draw and pool.
        side: pixels per side of a map.
        seed: of the draw.
    """
    drawn = score_maps.normal().maps(maps, side, seed)
    columns = min(len(settings), 5)
    rows = -(-len(settings) // columns)
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(1.9 * columns + 0.6, 2.1 * rows + 0.5),
        squeeze=False,
        sharex=True,
        layout="constrained",
    )
    for axis in axes.flat[len(settings) :]:
        axis.set_axis_off()
    for axis, (eta, h) in zip(axes.flat, settings, strict=False):
        _draw_histogram(axis, control(drawn, eta, h).numpy().ravel(), _output(eta, h))
        axis.set_title(f"η = {eta:g}, h = {h:g}", fontsize=9)
        axis.tick_params(labelsize=8)
    axes[0, 0].legend(fontsize=8, frameon=False)
    figure.supxlabel("score z after the controller", fontsize=9)
    figure.supylabel("density", fontsize=9)
    return figure


def _draw_histogram(axis: Axes, scores: np.ndarray, output: ControlledScores) -> None:
    axis.hist(
        scores, bins=60, range=(0, 1), density=True, color=IDGI_COLOUR, alpha=0.35, label="drawn"
    )
    axis.plot(GRID, output.density(GRID), color=BASE_COLOUR, linewidth=1.3, label="Eq. 8")
    axis.set_ylim(0, HIGHEST)


def _output(eta: float, h: float) -> ControlledScores:
    return ControlledScores(normal_scores(), eta, h)


def shape_table(sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Shares, skewness, modes and divergence of the output, in closed form and drawn.

    Args:
        sources: rows of `dre_density` by where they come from.

    Returns:
        A line per setting and source, "closed form" the first, which form the index. Cells of drawn
        scores are means over the draws. The divergence is from the uniform distribution.

    Raises:
        ValueError: no rows.
    """
    refuse_empty(pd.concat(sources.values()))
    lines: dict[tuple[str, str], dict[str, str]] = {}
    for rows in sources.values():
        for eta, h in rows[["eta", "h"]].drop_duplicates().itertuples(index=False):
            lines[f"η = {eta:g}\nh = {h:g}", CLOSED] = _exact(_output(eta, h))
    for source, rows in sources.items():
        for (eta, h), group in rows.groupby(["eta", "h"], sort=False):
            means = (number(mean_of(group[name]).value, 4) for name in MEASURES)
            place = (f"η = {eta:g}\nh = {h:g}", on_two_lines(source))
            lines[place] = dict(zip(HEADINGS, means, strict=True))
    columns = [*HEADINGS, "modes at", "KL to uniform"]
    return text_table(lines, ["controller", "source"], columns=columns)


CLOSED = "closed\nform"
HEADINGS = ("above 1/2", "1/3 to 2/3", "above 2/3", "skewness")


def _exact(output: ControlledScores) -> dict[str, str]:
    third = 1 / 3
    values = (
        output.share_between(0.5, 1),
        output.share_between(third, 2 * third),
        output.share_between(2 * third, 1),
        output.skewness,
    )
    return dict(zip(HEADINGS, (number(value, 4) for value in values), strict=True)) | {
        "modes at": "<br>".join(number(mode, 3) for mode in output.modes),
        "KL to uniform": number(output.divergence_from_uniform, 3),
    }
