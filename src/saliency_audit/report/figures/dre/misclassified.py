"""DRE-MISS: where the maps of wrongly and correctly classified images lie."""

from collections.abc import Mapping

import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from saliency_audit.datasets.shapes import CLASSES
from saliency_audit.ledger.external.evidence.derived import (
    MEAN_OF_THE_TEN,
    SHARE_OF_THE_BOX,
    beside_the_box,
)
from saliency_audit.ledger.summaries.means import mean_of, mean_with_interval
from saliency_audit.report.figures.dre.pictures import draw_strip
from saliency_audit.report.figures.maps import show_regions
from saliency_audit.report.figures.panels import (
    draw_estimate,
    label_outside,
    name_rows,
    panels,
    refuse_empty,
)
from saliency_audit.report.names import BASE_COLOUR, IDGI_COLOUR, method_name, network, on_two_lines
from saliency_audit.report.notebook.tables import mean_cell, text_table
from saliency_audit.report.words import estimate
from saliency_audit.study.selection import Selection

MEASURES = {"hit": "on the object", "explainability": "M_E"}
# A colour and a mark, and how far from the middle of its line.
KINDS = {"wrongly": (BASE_COLOUR, "o", -0.16), "correctly": (IDGI_COLOUR, "s", 0.16)}
NAMES = {MEAN_OF_THE_TEN: "mean of the methods"}


def show_mistakes(
    chosen: Selection, masks: Tensor, maps: dict[str, Tensor], scores: Mapping[str, Tensor]
) -> Figure:
    """Pictures with what they are taken for, the maps of that class below, the object outlined.

    Args:
        chosen: wrongly classified images.
        masks: `(N, H, W)` bool, their objects.
        maps: `(N, H, W)` ≥ 0 by method.
        scores: M_F `(N,)` of each of them.

    Returns:
        The figure; see `show_regions`, and `draw_strip` for what stands under a map. Shapes have
        names, other classes numbers.
    """
    shapes = chosen.source.name in ("shapes", "more_shapes")
    titles = [
        f"{CLASSES[true]}\nas {CLASSES[taken]}" if shapes else f"class {true}\nas {taken}"
        for true, taken in zip(chosen.labels.tolist(), chosen.targets.tolist(), strict=True)
    ]
    figure = show_regions(chosen.pictures, masks, maps, titles)
    values = torch.stack([scores[method] for method in maps])
    lowest, highest = values.amin(dim=0).tolist(), values.amax(dim=0).tolist()
    below = iter(figure.axes[len(titles) :])  # row by row, without that of the pictures
    for row in values.tolist():
        for score, *span in zip(row, lowest, highest, strict=True):
            draw_strip(next(below), score, (span[0], span[1]))
    return figure


def show_hits(rows: pd.DataFrame) -> Figure:
    """How often the most salient pixel lies on the object, and M_E: a row of panels per network.

    Args:
        rows: of `dre_misclassified`.

    Returns:
        The figure: means over the images with their 95 % bootstrap intervals, wrongly and correctly
        classified images apart. A dashed line is the mean share of the picture that the object of
        these images covers: about what a map without any regard for it would get.
    """
    refuse_empty(rows)
    whole = beside_the_box(rows)
    models = list(dict.fromkeys(rows["model"]))
    methods = [name for name in dict.fromkeys(whole["method"]) if name != SHARE_OF_THE_BOX]

    def draw(axis: Axes, model: str, measure: str) -> bool:
        mine = whole[whole["model"] == model]
        for kind, (colour, mark, shift) in KINDS.items():
            of_kind = mine[mine["classified"] == kind]
            here = {str(name): part[measure] for name, part in of_kind.groupby("method")}
            look = {"color": colour, "fmt": mark, "markersize": 4, "linewidth": 1.2}
            for place, method in enumerate(methods):
                found = mean_with_interval(here[method]) if method in here else None
                if found is not None:
                    named = f"{kind} classified" if not place else None
                    draw_estimate(axis, found, place + shift, label=named, **look)
            chance = mean_of(here.get(SHARE_OF_THE_BOX, pd.Series(dtype=float))).value
            axis.axvline(chance, color=colour, linestyle="--", linewidth=1)
        axis.set_yticks(range(len(methods)), [_named(method) for method in methods])
        axis.set_xlim(-0.03, 1.03)
        if model == models[0]:
            axis.set_title(MEASURES[measure], fontsize=9)
        return True

    height = 0.3 * len(methods) + 0.4
    figure, axes = panels(models, list(MEASURES), draw, width=3.2, height=height)
    name_rows(axes, map(network, models))
    for axis in axes[:, 0]:
        axis.invert_yaxis()
    label_outside(figure)
    return figure


def hit_table(sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Every method against chance, on wrongly and on correctly classified images.

    Args:
        sources: rows of `dre_misclassified` by where they come from.

    Returns:
        A line per network, method and source, which form the index. "Above chance" is the mean
        paired difference to the share of the picture that the object covers, with its 95 %
        bootstrap interval over the images.
    """
    lines: dict[tuple[str, str, str], dict[str, str]] = {}
    for source, rows in sources.items():
        groups = beside_the_box(rows).groupby(["model", "classified"], sort=False)
        for (model, kind), group in groups:
            hits, scores = (
                group.pivot(index="image", columns="method", values=value) for value in MEASURES
            )
            for method in dict.fromkeys(group["method"]):
                above = mean_with_interval(hits[method] - hits[SHARE_OF_THE_BOX])
                line = network(str(model)), _named(str(method)), on_two_lines(source)
                lines[line] = lines.get(line, {}) | {
                    f"{kind}: on the object": mean_cell(mean_of(hits[method])),
                    f"{kind}: above chance": "" if method == SHARE_OF_THE_BOX else estimate(above),
                    f"{kind}: M_E": mean_cell(mean_of(scores[method])),
                }
    columns = [
        f"{kind}: {what}" for kind in KINDS for what in ("on the object", "above chance", "M_E")
    ]
    return text_table(lines, ["network", "method", "source"], columns=columns)


def _named(method: str) -> str:
    return NAMES.get(method) or method_name(method)
