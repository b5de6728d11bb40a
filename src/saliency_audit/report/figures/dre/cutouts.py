"""Seven methods on all cut-outs, whose masks are exact, and on shapes likewise."""

from collections.abc import Mapping

import pandas as pd

from saliency_audit.ledger.summaries.means import mean_of, mean_with_interval
from saliency_audit.report.names import method_name, network, on_two_lines
from saliency_audit.report.notebook.tables import mean_cell, text_table
from saliency_audit.report.words import estimate

# The network is sure of an answer above this probability.
SURE = 0.5
CHANCE = "no order at all"


def cutout_table(sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """How well maps find the object, mean over the images.

    Args:
        sources: rows of `dre_cutouts` by where they come from.

    Returns:
        A line per network, method and source, which form the index; M_E in percent with 95 %
        bootstrap intervals over all images, and over those that the network is sure of. The last
        line of a network is the object's share of the picture.
    """
    lines: dict[tuple[str, str, str], dict[str, str]] = {}
    for source, rows in sources.items():
        for model, of_model in rows.groupby("model", sort=False):
            name, run = network(str(model)), on_two_lines(source)
            for method, group in of_model.groupby("method", sort=False):
                lines[name, method_name(str(method)), run] = {
                    **_of_objects(group, "explainability"),
                    "on the object": mean_cell(mean_of(group["hit"])),
                    "outside": mean_cell(mean_of(group["background_mass"])),
                    "area": mean_cell(mean_of(group["map_area"])),
                    "total variation": mean_cell(mean_of(group["total_variation"]), 3),
                }
            lines[name, CHANCE, run] = _of_objects(of_model.drop_duplicates("image"), "area")
    return text_table(lines, ["network", "method", "source"], missing="—")


def _of_objects(rows: pd.DataFrame, column: str) -> dict[str, str]:
    sure = rows[rows["confidence"] > SURE]
    return {
        "M_E": estimate(mean_with_interval(100 * rows[column])),
        "n": str(len(rows)),
        "M_E, sure": estimate(mean_with_interval(100 * sure[column])),
        "n, sure": str(len(sure)),
    }
