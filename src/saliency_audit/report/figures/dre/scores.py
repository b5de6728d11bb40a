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
from saliency_audit.study.dre_methods import METHODS, POOL, QUICK, SHARED

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
        The figure, of the images that all methods explain; see `measure_boxes`.
    """
    shown = explained_by_all(rows)
    return measure_boxes(shown[~shown["normalised"]], MEASURES, method_name)


def explained_by_all(rows: pd.DataFrame) -> pd.DataFrame:
    """Those of the rows whose image is explained by all methods that its network has rows of."""
    of_image = rows.groupby(["model", "image"])["method"].transform("nunique")
    return rows[of_image == rows.groupby("model")["method"].transform("nunique")]


def score_table(sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Means over the images, in percent where the paper prints percent.

    Args:
        sources: rows of `dre_scores` by where they come from.

    Returns:
        A line per network, method and source, which form the index; the paper's come first. Means
        are over the images that all methods explain; M_F and M_E have 95 % bootstrap intervals over
        them. M_F stands twice: scaled over the ten methods of each image, as the paper prints it,
        and as it is.
    """
    lines = _printed_lines()
    for source, rows in sources.items():
        shown = explained_by_all(rows)
        for (model, method), group in shown.groupby(["model", "method"], sort=False):
            scaled = group.loc[group["normalised"], "faithfulness"]
            line = network(str(model)), method_name(str(method)), on_two_lines(source)
            lines[line] = {
                "M_F, scaled": estimate(mean_with_interval(100 * scaled)),
                **_means(group[~group["normalised"]]),
            }
    return text_table(lines, ["network", "method", "source"])


def quick_table(sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Means of the methods that take a few passes over all images that they explain.

    Args:
        sources: rows of `dre_scores` by where they come from.

    Returns:
        A line per network, method and source, which form the index, as in `score_table` but for
        the scaled M_F. A network whose quick methods explain no further images has no line.
    """
    lines = {}
    for source, rows in sources.items():
        raw = rows[~rows["normalised"]]
        for model, of_model in raw.groupby("model", sort=False):
            if len(explained_by_all(of_model)) == len(of_model):
                continue
            quick = of_model[of_model["method"].isin(QUICK)]
            for method, group in quick.groupby("method", sort=False):
                line = network(str(model)), method_name(str(method)), on_two_lines(source)
                lines[line] = _means(group)
    return text_table(lines, ["network", "method", "source"])


def _means(rows: pd.DataFrame) -> dict[str, str]:
    """The cells of one method: means over its rows."""
    return {
        "M_F": estimate(mean_with_interval(100 * rows["faithfulness"])),
        "M_E": estimate(mean_with_interval(100 * rows["explainability"])),
        "IoU of boxes": mean_cell(mean_of(rows["box_iou"])),
        "on the object": mean_cell(mean_of(rows["hit"])),
        "outside": mean_cell(mean_of(rows["background_mass"])),
        "total variation": mean_cell(mean_of(rows["total_variation"]), 3),
        "n": str(len(rows)),
    }


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


def background_table(
    sources: Mapping[str, pd.DataFrame], own: Mapping[str, pd.DataFrame]
) -> pd.DataFrame:
    """What DRE's backgrounds change for the methods that search a mask.

    Args:
        sources: rows of `dre_scores` by where they come from.
        own: rows of `dre_backgrounds` likewise, of the same images.

    Returns:
        See `difference_table`: with DRE's backgrounds minus with the method's own.
    """
    raw = {
        source: pd.concat([rows[~rows["normalised"]], own.get(source, rows[:0])])
        for source, rows in sources.items()
    }
    pairs = {method_name(method): (variant, method) for variant, method in SHARED.items()}
    return difference_table(raw, pairs, "method")
