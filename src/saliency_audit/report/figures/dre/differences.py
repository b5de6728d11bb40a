"""Paired differences of what is measured of maps, for pairs of methods or settings."""

from collections.abc import Mapping

import pandas as pd

from saliency_audit.ledger.summaries.means import mean_with_interval
from saliency_audit.report.names import network, on_two_lines
from saliency_audit.report.notebook.tables import text_table
from saliency_audit.report.words import estimate

MEASURES = {"faithfulness": "M_F", "explainability": "M_E", "background_mass": "outside"}


def difference_table(
    sources: Mapping[str, pd.DataFrame], pairs: Mapping[str, tuple[str, str]], kind: str
) -> pd.DataFrame:
    """Mean paired differences with their 95 % bootstrap intervals over images.

    Args:
        sources: rows with a line per network, method and image, by where they come from.
        pairs: of methods by what their difference is called; the second is subtracted.
        kind: what the names of pairs are, in the table's head.

    Returns:
        A line per network, pair and source, which form the index; a pair whose methods are not
        there has no line. M_F is not scaled; n counts the images that both have.
    """
    lines: dict[tuple[str, str, str], dict[str, str]] = {}
    for source, rows in sources.items():
        for model, group in rows.groupby("model", sort=False):
            values = {str(name): part.set_index("image") for name, part in group.groupby("method")}
            for name, (more, less) in pairs.items():
                if not {more, less} <= values.keys():
                    continue
                images = values[more].index.intersection(values[less].index)
                first, second = values[more].loc[images], values[less].loc[images]
                lines[network(str(model)), name, on_two_lines(source)] = {
                    **{
                        title: estimate(mean_with_interval(first[measure] - second[measure]))
                        for measure, title in MEASURES.items()
                    },
                    "n": str(len(images)),
                }
    return text_table(lines, ["network", kind, "source"])
