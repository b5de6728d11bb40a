"""DRE-FAITH, DRE-EXPL, DRE-PLUS: ten methods and their variants on the same images, in numbers."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from saliency_audit.ledger import printed_tables
from saliency_audit.ledger.summaries.means import mean_of, mean_with_interval
from saliency_audit.report.figures.dre.differences import difference_table
from saliency_audit.report.figures.panels import measure_boxes
from saliency_audit.report.names import method_name, network, on_two_lines
from saliency_audit.report.notebook.tables import mean_cell, text_table
from saliency_audit.report.words import estimate, number
from saliency_audit.study.dre_methods import METHODS, POOL, SHARED

MEASURES = {
    "faithfulness": "M_F",
    "explainability": "M_E",
    "background_mass": "outside the object",
    "total_variation": "total variation",
}

# What the paper's tables average over.
PRINTED = "ResNet50, VGG19, GoogLeNet"


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
        A line per network, method and source, which form the index; the paper's come first. M_F and
        M_E have 95 % bootstrap intervals over images. M_F stands twice: scaled over the ten
        methods of each image, as the paper prints it, and as it is.
    """
    lines = _printed_lines()
    for source, rows in sources.items():
        for (model, method), group in rows.groupby(["model", "method"], sort=False):
            raw = group[~group["normalised"]]
            scaled = group.loc[group["normalised"], "faithfulness"]
            line = network(str(model)), method_name(str(method)), on_two_lines(source)
            lines[line] = {
                "M_F, scaled": estimate(mean_with_interval(100 * scaled)),
                "M_F": estimate(mean_with_interval(100 * raw["faithfulness"])),
                "M_E": estimate(mean_with_interval(100 * raw["explainability"])),
                "on the object": mean_cell(mean_of(raw["hit"])),
                "outside": mean_cell(mean_of(raw["background_mass"])),
                "total variation": mean_cell(mean_of(raw["total_variation"]), 3),
                "n": str(len(raw)),
            }
    return text_table(lines, ["network", "method", "source"])


def _printed_lines() -> dict[tuple[str, str, str], dict[str, str]]:
    """The means over three networks that Tables 3 and 4 print for ImageNet."""
    values = {}
    for title, table in (("M_F, scaled", "table_03"), ("M_E", "table_04")):
        printed = printed_tables("dre", table)
        means = printed[(printed["dataset"] == "imagenet") & (printed["model"] == "mean")]
        values[title] = means.set_index("method")["value"]
    return {
        (PRINTED, method_name(name), "paper"): {
            title: number(float(found[method]), 1) for title, found in values.items()
        }
        for method, name in zip(METHODS, POOL, strict=True)
    }


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
