"""Score and similarity of maps against the noise on the weights, and where they end."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from saliency_audit.report.check_curves import (
    draw_line,
    in_order,
    look_of,
    measures_in,
    network_on_lines,
    title_of,
    undefined_share,
)
from saliency_audit.report.figures import label_outside, panels, refuse_empty
from saliency_audit.report.names import METHOD_NAMES, network, on_two_lines
from saliency_audit.report.words import number

SCORE = "probability"


def show_perturbation(rows: pd.DataFrame, sign: str = "absolute") -> Figure:
    """Score and similarity against the noise: a row of panels per network.

    Args:
        rows: of `ggig_sigma`.
        sign: "absolute" or "signed" maps.

    Returns:
        The figure: lines are means over images and draws, bands their 95 % bootstrap intervals over
        images. Dashed are the limits: 1/C for the score, for the similarity of each method that to
        its maps on unrelated models.
    """
    refuse_empty(rows)
    chosen = rows[rows["sign"] == sign]
    noise, unrelated = (chosen[chosen["against"] == kind] for kind in ("noise", "unrelated"))
    methods = in_order(list(chosen["method"].unique()))
    columns = [SCORE, *measures_in(noise)]

    def draw(axis: Axes, model: str, column: str) -> bool:
        mine = noise[noise["model"] == model]
        if not mine[column].notna().any():
            return False
        axis.set_title("class score" if column == SCORE else title_of(column), fontsize=9)
        if column == SCORE:
            once = mine.drop_duplicates(["image", "level", "draw"])
            draw_line(axis, once, "level", SCORE)
            axis.axhline(1 / mine["classes"].iloc[0], color="0.4", linestyle="--", linewidth=1)
            return True
        for method in methods:
            here = mine[mine["method"] == method]
            if here[column].notna().any():
                draw_line(axis, here, "level", column, method)
                floor = _of(unrelated, model, method)[column].mean()
                axis.axhline(floor, linestyle="--", linewidth=0.9, color=look_of(method)[0])
        return True

    models = list(dict.fromkeys(noise["model"]))
    figure, axes = panels(models, columns, draw, width=2.3, height=2.3)
    for axis, model in zip(axes[:, 0], models, strict=True):
        axis.set_ylabel(network_on_lines(model), fontsize=9)
    figure.supxlabel("noise on the weights, in their standard deviations", fontsize=9)
    _label(figure, axes)
    return figure


def _label(figure: Figure, axes: np.ndarray) -> None:
    """One legend, of the panel that has most methods."""
    fullest = max(axes.flat, key=lambda axis: len(axis.get_legend_handles_labels()[1]))
    label_outside(figure, fullest)


def limit_table(
    sources: Mapping[str, pd.DataFrame], margin: float, sign: str = "absolute"
) -> pd.DataFrame:
    """Where each curve reaches its limit, what is left at the last level, and the limit itself.

    Args:
        sources: rows of `ggig_sigma` by where they come from.
        margin: how near is reached.
        sign: "absolute" or "signed" maps.

    Returns:
        A line per network, method and source, which form the index, and one per network for the
        score; a column per measure. Cells are HTML: the level from which on the mean stays within
        the margin above the limit, "—" if there is none, and below it "last mean / limit". The last
        column counts maps without a similarity, one of the two being constant.
    """
    lines: dict[tuple[str, str, str], dict[str, str]] = {}
    for source, rows in sources.items():
        chosen = rows[rows["sign"] == sign]
        noise, unrelated = (chosen[chosen["against"] == kind] for kind in ("noise", "unrelated"))
        for model, group in noise.groupby("model", sort=False):
            once = group.drop_duplicates(["image", "level", "draw"])
            chance = 1 / int(once["classes"].iloc[0])
            line = {"class score": _cell(once, SCORE, chance, margin)}
            lines[network(str(model)), "class score", on_two_lines(source)] = line
            for method in dict.fromkeys(group["method"]):
                mine = group[group["method"] == method]
                far = _of(unrelated, str(model), method)
                cells = {
                    title_of(measure): _cell(mine, measure, float(far[measure].mean()), margin)
                    for measure in measures_in(noise)
                }
                name = METHOD_NAMES.get(method, method)
                lines[network(str(model)), name, on_two_lines(source)] = {
                    **cells,
                    "undefined": undefined_share(mine),
                }
    index = pd.MultiIndex.from_tuples(list(lines), names=["network", "method", "source"])
    return pd.DataFrame(list(lines.values()), index=index).fillna("")


def reached(means: pd.Series, limit: float, margin: float) -> float | None:
    """The level from which on a curve stays at most `margin` above its limit; None if it does not.

    Args:
        means: by level.
        limit: of the curve.
        margin: how near is reached.
    """
    above = means.sort_index()
    later = above[above > limit + margin].index
    inside = above.index if later.empty else above.index[above.index > later.max()]
    return float(inside[0]) if len(inside) else None


def _cell(rows: pd.DataFrame, column: str, limit: float, margin: float) -> str:
    if not rows[column].notna().any():
        return ""
    means = rows.groupby("level")[column].mean()
    level = reached(means, limit, margin)
    found = "—" if level is None else f"{level:g} σ"
    return f"{found}<br>{number(float(means.iloc[-1]))} / {number(limit)}"


def _of(rows: pd.DataFrame, model: str, method: str) -> pd.DataFrame:
    return rows[(rows["model"] == model) & (rows["method"] == method)]
