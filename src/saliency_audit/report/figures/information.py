"""What the notebooks about information curves share: their axis, and the images that they drop."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from saliency_audit.ledger.external.evidence.curves import (
    COMPLEXITIES,
    PREDICTIONS,
    curves_of,
    measurable,
)
from saliency_audit.ledger.external.evidence.rows import at_steps
from saliency_audit.metrics import InformationCurves
from saliency_audit.report.figures.panels import label_outside, refuse_empty
from saliency_audit.report.names import COMPLEXITY_NAMES, CURVE_NAMES, network

REASONS = {"no_rise": "no rise", "no_information": "no information"}


def label_information(figure: Figure, complexity: str) -> None:
    """What the horizontal axis of information curves is, and the legend.

    Args:
        figure: whose panels are information curves.
        complexity: that their information is measured by.
    """
    said = COMPLEXITY_NAMES[complexity]
    figure.supxlabel(f"information ({said}; 0: start picture, 1: original)", fontsize=9)
    label_outside(figure)


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
