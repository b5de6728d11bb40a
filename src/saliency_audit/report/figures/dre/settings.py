"""DRE-CTRL, DRE-ADHOC: estimators with other controllers, constraints and heads, in numbers."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure

from saliency_audit.ledger.external.evidence.derived import mean_over_seeds
from saliency_audit.ledger.summaries.means import mean_of
from saliency_audit.report.figures.dre.differences import difference_table
from saliency_audit.report.figures.panels import measure_boxes
from saliency_audit.report.names import SETTING_NAMES, method_name, network, on_two_lines
from saliency_audit.report.notebook.tables import mean_cell, text_table

MEASURES = {
    "faithfulness": "M_F",
    "explainability": "M_E",
    "background_mass": "outside the object",
    "map_area": "area",
    "total_variation": "total variation",
    "pearson_skewness": "skewness",
}
# What a difference is of: (with, without).
PARTS = {
    "all of it: DRE, not MGnet": ("dre", "mgnet"),
    "controller, not sigmoid; constraints": ("dre_tuned", "mgnet"),
    "controller, not sigmoid; no constraints": ("dre", "sigmoid"),
    "no constraints; controller": ("dre", "dre_tuned"),
    "sigmoid without constraints, not MGnet": ("sigmoid", "mgnet"),
    "sigmoid, not two channels; constraints": ("mgnet", "two_channels"),
    "sigmoid, not two channels; no constraints": ("sigmoid", "two_channels_plain"),
    "constraints; two channels": ("two_channels", "two_channels_plain"),
    "controller, not x²": ("dre", "square"),
    "filter trained in the second stage too": ("filter_further", "dre"),
    "released recipe": ("released", "dre"),
    "batch statistics while training": ("batch_statistics", "dre"),
}


def setting_name(setting: str) -> str:
    """A setting's name in print."""
    return SETTING_NAMES.get(setting) or method_name(setting)


def show_settings(rows: pd.DataFrame, settings: Sequence[str]) -> Figure:
    """What is measured of the maps of some settings, mean over the trainings.

    Args:
        rows: of `dre_settings`.
        settings: those to show, from the top.

    Returns:
        The figure; see `measure_boxes`.
    """
    means = mean_over_seeds(rows)
    ordered = [means[means["method"] == name] for name in settings]
    return measure_boxes(pd.concat(ordered, ignore_index=True), MEASURES, setting_name)


def setting_table(sources: Mapping[str, pd.DataFrame], settings: Sequence[str]) -> pd.DataFrame:
    """Means over the images and the trainings.

    Args:
        sources: rows of `dre_settings` by where they come from.
        settings: those to list.

    Returns:
        A line per network, setting and source, which form the index; M_F and M_E in percent.
    """
    lines: dict[tuple[str, str, str], dict[str, str]] = {}
    for source, rows in sources.items():
        for model, group in mean_over_seeds(rows).groupby("model", sort=False):
            for name in settings:
                found = group[group["method"] == name]
                if found.empty:
                    continue
                line = network(str(model)), setting_name(name), on_two_lines(source)
                lines[line] = {
                    "M_F": mean_cell(mean_of(100 * found["faithfulness"]), 1),
                    "M_E": mean_cell(mean_of(100 * found["explainability"]), 1),
                    "outside": mean_cell(mean_of(found["background_mass"])),
                    "area": mean_cell(mean_of(found["map_area"])),
                    "total variation": mean_cell(mean_of(found["total_variation"]), 3),
                    "skewness": mean_cell(mean_of(found["pearson_skewness"])),
                }
    return text_table(lines, ["network", "setting", "source"])


def part_table(sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """What each part that DRE and MGnet differ in contributes.

    Args:
        sources: rows of `dre_settings` by where they come from.

    Returns:
        See `difference_table`; the value of an image is the mean of the trainings.
    """
    means = {source: mean_over_seeds(rows) for source, rows in sources.items()}
    return difference_table(means, PARTS, "part")
