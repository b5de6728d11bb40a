"""DRE-FAITH, DRE-EXPL, DRE-PLUS: ten methods and their variants on the same images, in numbers."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from saliency_audit.ledger.summaries.means import mean_of, mean_with_interval
from saliency_audit.report.figures.panels import measure_boxes
from saliency_audit.report.names import method_name, network, on_two_lines
from saliency_audit.report.notebook.tables import mean_cell, text_table
from saliency_audit.report.words import estimate
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
        A line per network, method and source, which form the index. Cells are mean paired
        differences, with DRE's backgrounds minus with the method's own, and their 95 % bootstrap
        intervals over images. M_F is not scaled.
    """
    measures = {"faithfulness": "M_F", "explainability": "M_E", "background_mass": "outside"}
    lines: dict[tuple[str, str, str], dict[str, str]] = {}
    for source, rows in sources.items():
        raw = rows[~rows["normalised"]]
        for model, group in raw.groupby("model", sort=False):
            values = {str(name): part.set_index("image") for name, part in group.groupby("method")}
            for variant, method in SHARED.items():
                if not {variant, method} <= values.keys():
                    continue
                line = network(str(model)), method_name(method), on_two_lines(source)
                lines[line] = {
                    title: estimate(
                        mean_with_interval(values[variant][measure] - values[method][measure])
                    )
                    for measure, title in measures.items()
                }
    return text_table(lines, ["network", "method", "source"])
