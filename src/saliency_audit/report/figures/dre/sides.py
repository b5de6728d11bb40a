"""Accuracy of the classifiers by the side of the pictures: at which side they are explained."""

from collections.abc import Mapping

import pandas as pd

from saliency_audit.ledger.summaries.means import mean_with_interval
from saliency_audit.report.in_print import in_print
from saliency_audit.report.names import network, on_two_lines
from saliency_audit.report.notebook.tables import text_table
from saliency_audit.report.words import estimate


def side_table(sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Correct answers in percent, with 95 % bootstrap intervals over the images.

    Args:
        sources: rows of `dre_sides` by where they come from.

    Returns:
        A line per network, image set, number of images and source, which form the index; a column
        per side, in ascending order.
    """
    lines: dict[tuple[str, str, str, str], dict[str, str]] = {}
    sides = sorted({side for rows in sources.values() for side in rows["side"].tolist()})
    for source, rows in sources.items():
        for (model, images), group in rows.groupby(["model", "images"], sort=False):
            count = group["image"].nunique()
            line = network(str(model)), in_print(str(images)), str(count), on_two_lines(source)
            lines[line] = {}
            for side, at_side in group.groupby("side"):
                found = mean_with_interval(100 * at_side["correct"])
                lines[line][f"{side} px"] = estimate(found).replace(" [", "<br>[")
    columns = [f"{side} px" for side in sides]
    return text_table(lines, ["network", "pictures", "n", "source"], columns=columns, missing="—")
