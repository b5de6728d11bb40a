"""GGIG of fewer points and steps beside the whole climb, which no claim is about."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from saliency_audit.ledger.external.evidence.draws import mean_with_draws
from saliency_audit.ledger.summaries.bands import separate_means
from saliency_audit.ledger.summaries.means import mean_of
from saliency_audit.report.figures.panels import (
    draw_band,
    label_outside,
    name_rows,
    panels,
    refuse_empty,
    step_ticks,
)
from saliency_audit.report.names import SANITY_LOOKS, ggig_name, network, on_two_lines
from saliency_audit.report.notebook.tables import mean_cell, text_table
from saliency_audit.report.words import estimate
from saliency_audit.study.experiment import Experiment
from saliency_audit.study.ggig_methods import climb_of

CLIMB = "ggig"
# Where along its line a method is named; two that may lie close stand apart.
LABEL_AT = {"saliency": 0.6, "edge": 0.6}
# Columns `against` of `ggig_climb_checks`.
CHANGES = {"noise": "noise of 1 σ on the weights", "unrelated": "all layers re-initialised"}
# The column of what does not climb.
ALONE = "no climb"


def climb_settings(experiment: Experiment, **runs: Any) -> str:
    """From how many points GGIG climbs how many steps, in Markdown.

    Args:
        experiment: whose tasks to ask.
        runs: its settings by the name of the run, with _ for spaces.
    """
    said = []
    for run, settings in runs.items():
        tasks = (task.parameters for task in experiment.tasks(settings))
        climbs = {
            network(given["model"]): (
                f"{climb_of(given)['climb_points']} points × {_column(given['ascents'])}"
            )
            for given in tasks
        }
        by_network = ", ".join(f"{name} {climb}" for name, climb in climbs.items())
        said.append(f"{run.replace('_', ' ')}: {by_network}")
    return (
        f"*How far GGIG climbs.* {'; '.join(said)}. The paper: 200 steps on MNIST; its code: 51 "
        "points × 100 steps on ImageNet. What fewer change is "
        "[measured](ggig_climb.html)."
    )


def show_climb(rows: pd.DataFrame, sign: str = "absolute") -> Figure:
    """Rank correlation with the map of the whole climb against the steps: a panel per network.

    Args:
        rows: of `ggig_climb`.
        sign: "absolute" or "signed" maps.

    Returns:
        The figure: a line per number of points, the mean over the images with its 95 % bootstrap
        interval; dashed, the means of other methods' maps, which do not climb.
    """
    refuse_empty(rows)
    chosen = rows[rows["sign"] == sign]
    models = list(dict.fromkeys(chosen["model"]))
    counts = sorted(set(chosen.loc[chosen["method"] == CLIMB, "points"]))
    colours = _colours(counts)

    def draw(axis: Axes, line: Sequence[str], column: str) -> bool:
        if int(column) >= len(line):
            return False
        model = line[int(column)]
        mine = chosen[chosen["model"] == model]
        for points, colour in colours.items():
            climbs = mine[(mine["points"] == points) & (mine["method"] == CLIMB)]
            band = separate_means(climbs, "ascents", "spearman")
            look = {"label": f"{points} points", "markersize": 3}
            draw_band(axis, band, "o-", color=colour, shade=0.15, **look)
        for method in [name for name in SANITY_LOOKS if name in set(mine["method"]) - {CLIMB}]:
            mean = mean_of(mine.loc[mine["method"] == method, "spearman"]).value
            dashed = SANITY_LOOKS[method][0]
            axis.axhline(mean, color=dashed, linestyle="--", linewidth=1.1)
            axis.annotate(
                ggig_name(method),
                (LABEL_AT.get(method, 1), mean),
                xycoords=("axes fraction", "data"),
                xytext=(-2, 1),
                textcoords="offset points",
                ha="right",
                va="bottom",
                fontsize=7,
                color=dashed,
            )
        step_ticks(axis, mine.loc[mine["method"] == CLIMB, "ascents"], base=10)
        axis.set_title(f"{network(model)}, n = {mine['image'].nunique()}", fontsize=9)
        return True

    # Four in a row are too small to read.
    across = len(models) if len(models) < 4 else 2
    lines = [models[first : first + across] for first in range(0, len(models), across)]
    columns = [str(column) for column in range(across)]
    figure, _ = panels(lines, columns, draw, width=3.2, height=2.8, sharex=False)
    figure.supylabel("rank correlation with the whole climb", fontsize=9)
    figure.supxlabel("steps of the climb at each point", fontsize=9)
    label_outside(figure)
    return figure


def _colours(counts: Sequence[int]) -> dict[int, Any]:
    """A shade per number of points, darkest for the first."""
    shades = plt.get_cmap("viridis")
    last = max(1, len(counts) - 1)
    return {points: shades(0.9 * place / last) for place, points in enumerate(counts)}


def climb_table(
    sources: Mapping[str, pd.DataFrame], sign: str = "absolute", measure: str = "spearman"
) -> pd.DataFrame:
    """Likeness to the map of the whole climb.

    Args:
        sources: rows of `ggig_climb` by where they come from.
        sign: "absolute" or "signed".
        measure: of `sanity.MEASURES`.

    Returns:
        A line per network, map and source, which form the index: a number of points on GGIG's line,
        or another method. A column per number of steps; what does not climb has its value in the
        first, "no climb". Means over the images; behind one stands how many images have no value,
        where some have none; a dash where nothing was computed.
    """
    cells: dict[tuple[str, str, str], dict[str, str]] = {}
    counts: set[int] = set()
    for source, rows in sources.items():
        chosen = rows[rows["sign"] == sign]
        for keys, group in chosen.groupby(["model", "method", "points", "ascents"], sort=False):
            model, method = map(str, keys[:2])
            points, steps = group[["points", "ascents"]].iloc[0].astype(int)
            climbs = method == CLIMB
            counts |= {steps} if climbs else set()
            name = f"{points} points" if climbs else ggig_name(method)
            mean = mean_cell(mean_of(group[measure]), 3)
            line = cells.setdefault((network(model), name, on_two_lines(source)), {})
            line[_column(steps) if climbs else ALONE] = mean
    columns = [ALONE, *map(_column, sorted(counts))]
    return text_table(cells, ["network", "map", "source"], columns=columns, missing="—")


def show_climb_checks(rows: pd.DataFrame, sign: str = "absolute") -> Figure:
    """Rank correlation with the trained network's map of the same setting: a panel per change.

    Args:
        rows: of `ggig_climb_checks`.
        sign: "absolute" or "signed" maps.

    Returns:
        The figure: a row of panels per network, a line per number of points, means over images and
        draws.
    """
    refuse_empty(rows)
    chosen = rows[rows["sign"] == sign]
    counts = sorted(set(chosen["points"]))
    colours = _colours(counts)

    def draw(axis: Axes, model: str, against: str) -> bool:
        mine = chosen[(chosen["model"] == model) & (chosen["against"] == against)]
        for points, colour in colours.items():
            means = mine[mine["points"] == points].groupby("ascents")["spearman"].mean()
            label = f"{points} points"
            axis.plot(means.index, means, "o-", color=colour, markersize=3, label=label)
        axis.set_title(CHANGES[against], fontsize=9)
        step_ticks(axis, mine["ascents"], base=10)
        return True

    models = list(dict.fromkeys(chosen["model"]))
    figure, axes = panels(models, list(CHANGES), draw, width=2.9, height=2.6)
    name_rows(axes, map(network, models))
    figure.supxlabel("steps of the climb at each point", fontsize=9)
    label_outside(figure)
    return figure


def climb_checks_table(sources: Mapping[str, pd.DataFrame], sign: str = "absolute") -> pd.DataFrame:
    """Rank correlation under noise minus that on unrelated networks, by setting.

    Args:
        sources: rows of `ggig_climb_checks` by where they come from.
        sign: "absolute" or "signed".

    Returns:
        A line per network, number of points and source, which form the index, a column per number
        of steps: the mean difference with its interval, images and draws both resampled.
    """
    cells: dict[tuple[str, str, str], dict[str, str]] = {}
    counts: set[int] = set()
    for source, rows in sources.items():
        chosen = rows[rows["sign"] == sign]
        for keys, group in chosen.groupby(["model", "points", "ascents"], sort=False):
            points, steps = group[["points", "ascents"]].iloc[0].astype(int)
            counts |= {steps}
            noise, floor = (
                group[group["against"] == change].pivot(
                    index="image", columns="draw", values="spearman"
                )
                for change in CHANGES
            )
            found = mean_with_draws(noise, floor)
            line = cells.setdefault((network(str(keys[0])), f"{points} points", source), {})
            line[_column(steps)] = "—" if found is None else estimate(found)
    columns = list(map(_column, sorted(counts)))
    return text_table(cells, ["network", "map", "source"], columns=columns, missing="—")


def _column(steps: int) -> str:
    return "1 step" if steps == 1 else f"{steps} steps"
