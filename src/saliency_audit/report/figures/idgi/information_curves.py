"""IDGI-NE and IDGI-MSSSIM: median information curves of two methods with their bands."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from saliency_audit.ledger.external.evidence.curves import (
    COMPLEXITIES,
    STRIDE,
    CurvePair,
    curve_group,
)
from saliency_audit.ledger.external.evidence.rows import at_steps, method_pairs
from saliency_audit.ledger.summaries.bands import median_band
from saliency_audit.report.figures.information import label_information
from saliency_audit.report.figures.panels import draw_band, name_rows, panels, refuse_empty
from saliency_audit.report.names import (
    BASE_COLOUR,
    CURVE_NAMES,
    IDGI_COLOUR,
    PATH_NAMES,
    network,
)


def show_median_curves(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> Figure:
    """Median curves of base and IDGI: a row of panels per network and curve, a column per path.

    Args:
        rows: of `idgi_scores`.
        parameters: those that the ledger declares for `paired_area_improvement`.

    Returns:
        The figure. The bands are pointwise 95 % bootstrap intervals of the median over images; the
        images are those that neither method drops.

    Raises:
        ValueError: no image has such curves.
    """
    refuse_empty(rows)
    pairs = _pairs(rows, parameters)
    lines = list(dict.fromkeys((model, curve) for model, _, curve in pairs))
    paths = [path for path in PATH_NAMES if any(path == found for _, found, _ in pairs)]
    if not pairs:
        raise ValueError(
            f"no image whose {COMPLEXITIES[parameters['complexity']]} could be measured; "
            "information curves need a network of larger pictures, such as shapes_cnn"
        )

    def draw(axis: Axes, line: tuple[str, str], path: str) -> bool:
        model, curve = line
        pair = pairs.get((model, path, curve))
        if pair is not None:
            _draw(axis, pair)
        return pair is not None

    figure, axes = panels(lines, paths, draw, width=2.5, height=2.2, sharey=True)
    name_rows(axes, (f"{network(model)}\n{CURVE_NAMES[curve]}" for model, curve in lines))
    label_information(figure, parameters["complexity"])
    return figure


def _pairs(
    rows: pd.DataFrame, parameters: Mapping[str, Any]
) -> dict[tuple[str, str, str], CurvePair]:
    chosen, _ = at_steps(rows, parameters["steps"])
    groups = [
        curve_group(pair, parameters["curves"], parameters["complexity"])
        for pair in method_pairs(chosen, parameters["paths"])
    ]
    return {
        (group.model, group.compared, pair.keys["curve"]): pair
        for group in groups
        if group is not None
        for pair in group.pairs
    }


def _draw(axis: Axes, pair: CurvePair) -> None:
    axis.set_title(f"{PATH_NAMES[pair.keys['path']]}, n = {int(pair.used.sum())}", fontsize=9)
    if not pair.used.any():
        return
    for name, curves, colour, style in (
        ("base", pair.base, BASE_COLOUR, "--"),
        ("+IDGI", pair.other, IDGI_COLOUR, "-"),
    ):
        values = curves.curves.numpy()[pair.used][:, ::STRIDE]
        band = median_band(curves.grid.numpy()[::STRIDE], values)
        draw_band(axis, band, style, color=colour, linewidth=1.6, label=name)
