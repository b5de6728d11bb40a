"""GG-RANDOM: similarity of maps against the re-initialised layers."""

from collections.abc import Iterable, Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from saliency_audit.attributions import Explainer
from saliency_audit.ledger.summaries.means import mean_of
from saliency_audit.models.randomization import Randomisation, cascade
from saliency_audit.report.figures.ggig.changed_models import (
    draw_line,
    in_order,
    measures_in,
    network_on_lines,
    show_changed_maps,
    title_of,
    undefined_share,
)
from saliency_audit.report.figures.panels import label_outside, name_rows, panels, refuse_empty
from saliency_audit.report.names import ggig_name, network, on_two_lines
from saliency_audit.report.notebook.tables import text_table
from saliency_audit.report.words import number

WAY_NAMES = {"cascade": "cascade", "independent": "each alone"}
# More layers than this are counted, not named, along the axis.
NAMED_LAYERS = 8


def show_cascaded_maps(
    model: nn.Module,
    explainers: Mapping[str, Explainer],
    picture: Tensor,
    target: Tensor,
    how: Randomisation,
    most: int = 8,
) -> Figure:
    """Maps of a picture through the cascade: a column for the trained model and for each stage.

    Args:
        model: maps `(N, C, H, W)` in [0, 1] to logits.
        explainers: methods by what to call them.
        picture: `(C, H, W)`.
        target: the class that is explained, a scalar.
        how: how layers are re-initialised.
        most: columns; of more stages some are left out, evenly, never the last.
    """

    def changed() -> Iterable[tuple[str, nn.Module]]:
        yield "trained", model
        total = sum(1 for _ in cascade(model, picture[None], how))
        every = max(1, -(-total // (most - 1)))
        for stage in cascade(model, picture[None], how):
            if (total - stage.number) % every == 0:
                yield f"{stage.number} re-initialised", stage.model

    return show_changed_maps(changed(), explainers, picture, target)


def show_randomization(rows: pd.DataFrame, way: str, sign: str = "absolute") -> Figure:
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
    name_rows(axes, map(network_on_lines, models))
    what = (
        "re-initialised last, from the output down" if way == "cascade" else "re-initialised alone"
    )
    figure.supxlabel(f"layer {what}", fontsize=9)
    label_outside(figure)
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
            name = ggig_name(str(method))
            lines[network(str(model)), name, on_two_lines(source)] = {
                **cells,
                "undefined": undefined_share(mine),
            }
    return text_table(lines, ["network", "method", "source"])


def _cell(rows: pd.DataFrame, measure: str) -> str:
    if not rows[measure].notna().any():
        return ""
    mean = number(mean_of(rows[measure]).value)
    if rows["how"].iloc[0] != "cascade":
        return mean
    last = rows[rows["stage"] == rows["stage"].max()]
    return f"{mean} / {number(mean_of(last[measure]).value)}"
