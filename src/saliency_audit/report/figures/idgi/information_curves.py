"""Median information curves of two methods with their bands, and the images that they drop."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from saliency_audit.ledger.external.curves import (
    COMPLEXITIES,
    PREDICTIONS,
    STRIDE,
    CurvePair,
    curve_group,
    curves_of,
    measurable,
)
from saliency_audit.ledger.external.rows import at_steps, method_pairs
from saliency_audit.ledger.resampling import Floats, resample_counts, resampled_medians
from saliency_audit.ledger.statistics import LEVEL
from saliency_audit.metrics import InformationCurves
from saliency_audit.report.figures.panels import label_outside, panels, refuse_empty
from saliency_audit.report.names import (
    BASE_COLOUR,
    COMPLEXITY_NAMES,
    CURVE_NAMES,
    IDGI_COLOUR,
    PATH_NAMES,
    network,
)

RESAMPLES = 1000


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
    for axis, (model, curve) in zip(axes[:, 0], lines, strict=True):
        axis.set_ylabel(f"{network(model)}\n{CURVE_NAMES[curve]}", fontsize=9)
    complexity = COMPLEXITY_NAMES[parameters["complexity"]]
    figure.supxlabel(f"information: {complexity}, start picture 0, original 1", fontsize=9)
    label_outside(figure, axes[0, 0])
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
        grid = curves.grid.numpy()[::STRIDE]
        values = curves.curves.numpy()[pair.used][:, ::STRIDE]
        low, high = median_band(values)
        axis.fill_between(grid, low, high, color=colour, alpha=0.2, linewidth=0)
        axis.plot(grid, np.median(values, axis=0), style, color=colour, linewidth=1.6, label=name)


def median_band(values: Floats) -> tuple[Floats, Floats]:
    """Pointwise bootstrap interval of the median over images.

    Args:
        values: `(n, k)`.

    Returns:
        Lower and upper bound, `(k,)` each, at 95 %.
    """
    medians = resampled_medians(values, resample_counts(len(values), RESAMPLES))
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(medians, [tail, 1 - tail], axis=0)
    return low, high


REASONS = {"no_rise": "no rise", "no_information": "no information"}


def dropped_images(sources: Mapping[str, pd.DataFrame], steps: int | None = None) -> pd.DataFrame:
    """How many images each kind of curve drops, and why.

    Start picture and original are the same for every map of an image, and so are the drops.

    Args:
        sources: rows of an experiment with such curves by where they come from ("recorded", "this
            machine").
        steps: number of steps, of rows that have one; the largest there is if not given or absent.

    Returns:
        A line per network, complexity, curve that can be measured, and source, which form the
        index: images, those dropped by reason, those used.

    Raises:
        ValueError: methods or paths that drop different numbers of images.
    """
    lines = [line for name, rows in sources.items() for line in _dropped(name, rows, steps)]
    index = ["network", "complexity", "curve", "source"]
    table = pd.DataFrame(lines).drop_duplicates(ignore_index=True)
    if lines and table.duplicated(index).any():
        raise ValueError("the methods drop different images; are the rows of one set of images?")
    return table.set_index(index).sort_index() if lines else table


def _dropped(source: str, rows: pd.DataFrame, steps: int | None) -> list[dict[str, str | int]]:
    """A line per method; the methods agree where all is well."""
    refuse_empty(rows)
    chosen = at_steps(rows, steps)[0] if "steps" in rows else rows
    return [
        {
            "network": network(str(model)),
            "complexity": COMPLEXITY_NAMES[complexity],
            "curve": CURVE_NAMES[curve],
            "source": source,
            **_drops(curves_of(group[kept], curve, complexity)),
        }
        for (model, _), group in chosen.groupby(["model", "method"], sort=True)
        for complexity in COMPLEXITIES
        if f"ic_{complexity}" in group and (kept := measurable(group, complexity)).any()
        for curve in PREDICTIONS
    ]


def _drops(curves: InformationCurves) -> dict[str, int]:
    counts = {text: curves.dropped[reason] for reason, text in REASONS.items()}
    return {"images": len(curves.used), **counts, "used": int(curves.used.sum())}
