"""DRE-MONO: scores of maps after the controller and after x², and M_F of estimators with either."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from saliency_audit.attributions import standardise
from saliency_audit.ledger.external.evidence.derived import mean_over_seeds
from saliency_audit.ledger.summaries.means import mean_with_interval
from saliency_audit.metrics import spearman
from saliency_audit.metrics.ranks import average_ranks
from saliency_audit.report.figures.panels import panels, refuse_empty
from saliency_audit.report.names import BASE_COLOUR, IDGI_COLOUR, network, on_two_lines
from saliency_audit.report.notebook.tables import text_table
from saliency_audit.report.words import estimate, number
from saliency_audit.study.experiments.dre_monotony import mappings
from saliency_audit.study.mapped_scores import OF_GENERATOR
from saliency_audit.study.order_measures import upsampled
from saliency_audit.study.score_maps import DRAWN, normal
from saliency_audit.study.trained_mappings import HEADS as SHOWN

MEASURES = {
    "spearman": "rank correlation",
    "spearman_upsampled": "after upsampling",
    "top_quarter": "top quarter kept",
}
# Intervals below this come from neighbours that float32 makes equal.
NOTHING = 1e-6


def smooth_map(side: int, seed: int) -> Tensor:
    """A map with an object in it: a bright blob and a dark one over low-frequency normal scores.

    Returns:
        `(1, 1, side, side)`.
    """
    coarse = normal().maps(1, 7, seed)
    noise = torch.nn.functional.interpolate(coarse, size=(side, side), mode="bicubic")
    places = torch.linspace(-1, 1, side)
    rows, columns = places[:, None], places[None]
    bright = torch.exp(-((rows + 0.3) ** 2 + (columns - 0.3) ** 2) / 0.1)
    dark = torch.exp(-((rows - 0.4) ** 2 + (columns + 0.4) ** 2) / 0.1)
    return 0.4 * noise + 3 * bright - 3 * dark


def show_orders(eta: float, h: float, side: int = 56, seed: int = 0) -> Figure:
    """What the paper's Figure 4 is about, on one map: the scores, and their ranks after a mapping.

    Args:
        eta: of the controller.
        h: of the controller.
        side: pixels per side of the map.
        seed: of the map.

    Returns:
        First row: the map, after the controller, and after x² of its standardised scores. Second:
        the two mappings as curves, and the ranks after against the ranks before.
    """
    map_ = smooth_map(side, seed)
    both = {name: mappings(eta, h)[name](map_) for name in SHOWN}
    figure, axes = plt.subplots(2, 3, figsize=(8.4, 5.6), layout="constrained")
    named = {"scores x": map_, **both}
    titles = ("scores x", f"controller, η = {eta:g}, h = {h:g}", "x², standardised")
    for axis, title, values in zip(axes[0], titles, named.values(), strict=True):
        axis.imshow(upsampled(values, [4 * side] * 2)[0].numpy(), cmap="Greys")
        axis.set_title(title, fontsize=9)
        axis.set_xticks([])
        axis.set_yticks([])
    y, order = (found.numpy() for found in standardise(map_).ravel().sort())
    for axis, (name, values), colour in zip(
        axes[1, 1:], both.items(), (IDGI_COLOUR, BASE_COLOUR), strict=True
    ):
        scaled = (values.ravel() / values.max()).numpy()[order]
        axes[1, 0].plot(y, scaled, color=colour, label="controller" if name != "square" else "x²")
        axis.scatter(*(_ranks(each) for each in (map_, values)), s=1, color=colour)
        correlation = float(spearman(map_[:, 0], values[:, 0]))
        axis.set_title(f"rank correlation {number(correlation, 3)}", fontsize=9)
        axis.set_xlabel("rank before", fontsize=8)
        axis.set_ylabel("rank after", fontsize=8)
    axes[1, 0].set_xlabel("standardised score y", fontsize=8)
    axes[1, 0].set_ylabel("after the mapping / largest", fontsize=8)
    axes[1, 0].legend(fontsize=8, frameon=False)
    for axis in axes[1]:
        axis.tick_params(labelsize=8)
    return figure


def _ranks(values: Tensor) -> np.ndarray:
    return np.asarray(average_ranks(values.reshape(1, -1))[0])


def order_table(sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """What is left of the order of scores, per distribution and mapping.

    Args:
        sources: rows of `dre_monotony` by where they come from.

    Returns:
        A line per distribution, mapping and source, which form the index; scores that a generator
        gives for photographs stand under its network. Cells are means over the
        maps with 95 % bootstrap intervals in the digits that they support.

    Raises:
        ValueError: no rows.
    """
    refuse_empty(pd.concat(sources.values()))
    lines = {}
    for source, every in sources.items():
        rows = every[(every["model"] == DRAWN) | (every["distribution"] == OF_GENERATOR)]
        groups = rows.groupby(["model", "distribution", "method"], sort=False)
        for (model, distribution, method), group in groups:
            drawn = model == DRAWN
            name = str(distribution) if drawn else f"{distribution}, {network(str(model))}"
            lines[name, on_two_lines(str(method)), on_two_lines(source)] = {
                **{title: _mean(group[name]) for name, title in MEASURES.items()},
                "maps": str(len(group)),
            }
    return text_table(lines, ["distribution", "mapping", "source"])


def _mean(values: pd.Series) -> str:
    found = mean_with_interval(values)
    if found is None:
        return "—"
    if found.high - found.low < NOTHING:
        return number(np.round(found.value, 6), 3)
    return f"{number(found.value, 3)}<br>[{number(found.low, 3)}, {number(found.high, 3)}]"


def show_trained(rows: pd.DataFrame) -> Figure:
    """M_F of the same images with estimators of both mappings, mean over the trainings.

    Args:
        rows: of `dre_monotony`.

    Returns:
        A panel per network with a point per image; above the diagonal, the controller is more
        faithful.

    Raises:
        ValueError: no rows of trained estimators.
    """
    trained = _trained(rows)
    refuse_empty(trained)

    def draw(axis: Axes, line: str, model: str) -> bool:
        values = [_values(trained, model, name, "faithfulness") for name in reversed(SHOWN)]
        reach = [min(map(min, values)), 1.0]
        axis.plot(reach, reach, color="#888888", linewidth=0.8)
        axis.scatter(values[0], values[1], s=12, color=IDGI_COLOUR, alpha=0.6, linewidth=0)
        axis.set_aspect("equal")
        axis.set_title(network(model), fontsize=9)
        return True

    models = list(trained["model"].unique())
    figure, _ = panels([""], models, draw, width=3.4, height=3.2, sharex=False, sharey=False)
    figure.supxlabel("M_F, trained with x²", fontsize=9)
    figure.supylabel("M_F, trained with the controller", fontsize=9)
    return figure


def trained_table(sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """M_F of estimators trained with either mapping, and what is left of their scores' order.

    Args:
        sources: rows of `dre_monotony` by where they come from.

    Returns:
        A line per network, mapping and source, which form the index, and one for the difference of
        the mappings. The value of an image is the mean of its trainings; cells are means over the
        images with 95 % bootstrap intervals over images.
    """
    measures = {"faithfulness": "M_F", **MEASURES}
    lines: dict[tuple[str, str, str], dict[str, str]] = {}
    for source, rows in sources.items():
        trained = _trained(rows)
        for model in trained["model"].unique():
            for column, title in measures.items():
                first, second = (_values(trained, model, name, column) for name in SHOWN)
                named = (first, second, first - second)
                for name, values in zip((*SHOWN, "difference"), named, strict=True):
                    place = (network(model), name, on_two_lines(source))
                    lines.setdefault(place, {})[title] = _fine(values)
    return text_table(lines, ["network", "mapping", "source"])


def _fine(values: pd.Series) -> str:
    found = mean_with_interval(values)
    exact = found is not None and found.high - found.low < NOTHING
    return _mean(values) if exact else estimate(found)


def _trained(rows: pd.DataFrame) -> pd.DataFrame:
    of_training = (rows["model"] != DRAWN) & (rows["distribution"] != OF_GENERATOR)
    return mean_over_seeds(rows[of_training])


def _values(rows: pd.DataFrame, model: str, method: str, column: str) -> pd.Series:
    mine = rows[(rows["model"] == model) & (rows["method"] == method)]
    return mine.set_index("map")[column].sort_index()
