"""DRE-FAITH, DRE-EXPL, DRE-PLUS: ten methods and their variants on the same images, in numbers."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from saliency_audit.ledger.summaries.means import mean_of
from saliency_audit.report.figures.dre.differences import difference_table
from saliency_audit.report.figures.panels import measure_boxes
from saliency_audit.report.names import method_name, network, on_two_lines
from saliency_audit.report.notebook.tables import mean_cell, text_table
from saliency_audit.study.dre_methods import SHARED

MEASURES = {
    "faithfulness": "M_F",
    "explainability": "M_E",
    "background_mass": "outside the object",
    "total_variation": "total variation",
}


def show_scores(rows: pd.DataFrame) -> Figure:
    """What is measured of each method: a row of panels per network, a column per measure.

    Args:
        rows: of `dre_scores`; M_F as it is, not normalised.

    Returns:
        The figure; see `measure_boxes`.
    """
    return measure_boxes(rows[~rows["normalised"]], MEASURES, method_name)


def score_table(sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Means over the images, in percent where the paper prints percent.

    Args:
        sources: rows of `dre_scores` by where they come from.

    Returns:
        A line per network, method and source, which form the index. M_F stands twice: scaled over
        the ten methods of each image, as the paper prints it, and as it is.
    """
    lines: dict[tuple[str, str, str], dict[str, str]] = {}
    for source, rows in sources.items():
        for (model, method), group in rows.groupby(["model", "method"], sort=False):
            raw = group[~group["normalised"]]
            scaled = group.loc[group["normalised"], "faithfulness"]
            line = network(str(model)), method_name(str(method)), on_two_lines(source)
            lines[line] = {
                "M_F, scaled": mean_cell(mean_of(100 * scaled), 1) if len(scaled) else "—",
                "M_F": mean_cell(mean_of(100 * raw["faithfulness"]), 1),
                "M_E": mean_cell(mean_of(100 * raw["explainability"]), 1),
                "on the object": mean_cell(mean_of(raw["hit"])),
                "outside": mean_cell(mean_of(raw["background_mass"])),
                "total variation": mean_cell(mean_of(raw["total_variation"]), 3),
            }
    return text_table(lines, ["network", "method", "source"])


def background_table(sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """What DRE's backgrounds change for the methods that search a mask.

    Args:
        sources: rows of `dre_scores` by where they come from.

    Returns:
        See `difference_table`: with DRE's backgrounds minus with the method's own.
    """
    raw = {source: rows[~rows["normalised"]] for source, rows in sources.items()}
    pairs = {method_name(method): (variant, method) for variant, method in SHARED.items()}
    return difference_table(raw, pairs, "method")
