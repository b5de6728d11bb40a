"""Similarity of maps against the re-initialised layers, as a figure and as a table."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from saliency_audit.report.figures.ggig.sanity_curves import (
    draw_line,
    in_order,
    measures_in,
    network_on_lines,
    title_of,
    undefined_share,
)
from saliency_audit.report.figures.panels import label_outside, panels, refuse_empty
from saliency_audit.report.names import METHOD_NAMES, network, on_two_lines
from saliency_audit.report.notebook.tables import text_table
from saliency_audit.report.words import number

WAY_NAMES = {"cascade": "cascade", "independent": "each alone"}
# More layers than this are counted, not named, along the axis.
NAMED_LAYERS = 8


def show_stages(rows: pd.DataFrame, way: str, sign: str = "absolute") -> Figure:
    """Similarity to the map of the trained model, stage by stage: a row of panels per network.

    Args:
        rows: of `ggig_randomization`.
        way: "cascade" or "independent".
        sign: "absolute" or "signed" maps.

    Returns:
        The figure: lines are means over images and draws, bands their 95 % bootstrap intervals over
        images.

    Raises:
        ValueError: no rows of this way.
    """
    chosen = rows[(rows["how"] == way) & (rows["sign"] == sign)]
    refuse_empty(chosen)
    methods = in_order(list(chosen["method"].unique()))

    def draw(axis: Axes, model: str, measure: str) -> bool:
        mine = chosen[chosen["model"] == model]
        if not mine[measure].notna().any():
            return False
        axis.set_title(title_of(measure), fontsize=9)
        for method in methods:
            here = mine[mine["method"] == method]
            if here[measure].notna().any():
                draw_line(axis, here, "stage", measure, method)
        _name_layers(axis, mine)
        return True

    models, measures = list(dict.fromkeys(chosen["model"])), measures_in(chosen)
    figure, axes = panels(models, measures, draw, width=2.7, height=2.6, sharex=False)
    for axis, model in zip(axes[:, 0], models, strict=True):
        axis.set_ylabel(network_on_lines(model), fontsize=9)
    what = (
        "re-initialised last, from the output down" if way == "cascade" else "re-initialised alone"
    )
    figure.supxlabel(f"layer {what}", fontsize=9)
    fullest = max(axes.flat, key=lambda axis: len(axis.get_legend_handles_labels()[1]))
    label_outside(figure, fullest)
    return figure


def _name_layers(axis: Axes, rows: pd.DataFrame) -> None:
    layers = rows.drop_duplicates("stage").set_index("stage")["layer"].sort_index()
    if len(layers) <= NAMED_LAYERS:
        names = [name.removeprefix("model.") for name in layers]
        axis.set_xticks(layers.index, names, rotation=40, ha="right")


def stage_table(sources: Mapping[str, pd.DataFrame], sign: str = "absolute") -> pd.DataFrame:
    """Mean similarity over all stages, and after the last.

    Args:
        sources: rows of `ggig_randomization` by where they come from.
        sign: "absolute" or "signed" maps.

    Returns:
        A line per network, method and source, which form the index; a column per way and measure.
        Cells read `mean over the stages`, for the cascade with `after the last` behind a slash. The
        last column counts maps without a similarity, one of the two being constant.
    """
    lines: dict[tuple[str, str, str], dict[str, str]] = {}
    for source, rows in sources.items():
        chosen = rows[rows["sign"] == sign]
        for (model, method), mine in chosen.groupby(["model", "method"], sort=False):
            cells = {
                f"{WAY_NAMES[way]}, {title_of(measure)}": _cell(mine[mine["how"] == way], measure)
                for way in WAY_NAMES
                for measure in measures_in(chosen[chosen["how"] == way])
            }
            name = METHOD_NAMES.get(str(method), str(method))
            lines[network(str(model)), name, on_two_lines(source)] = {
                **cells,
                "undefined": undefined_share(mine),
            }
    return text_table(lines, ["network", "method", "source"])


def _cell(rows: pd.DataFrame, measure: str) -> str:
    if not rows[measure].notna().any():
        return ""
    mean = number(float(rows[measure].mean()))
    if rows["how"].iloc[0] != "cascade":
        return mean
    last = rows[rows["stage"] == rows["stage"].max()]
    return f"{mean} / {number(float(last[measure].mean()))}"
