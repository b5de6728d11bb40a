"""What the classifier's batch normalisation in training mode does to masks and classifier."""

from collections.abc import Mapping

import pandas as pd

from saliency_audit.ledger.summaries.means import mean_over_images
from saliency_audit.report.names import network, on_two_lines
from saliency_audit.report.notebook.tables import text_table
from saliency_audit.report.words import estimate, number

NAMES = {"evaluation": "evaluation mode", "batch": "training mode, as released"}
DIFFERENCE = "difference"
MEASURES = {
    "faithfulness": "M_F",
    "explainability": "M_E",
    "correct_after": "accuracy after training",
}


def batch_norm_table(sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Masks of both kinds, and the classifier's accuracy with the statistics that are left.

    Args:
        sources: rows of `dre_batch_norm` by where they come from.

    Returns:
        A line per network, mode and source, which form the index, and a line for their difference,
        training mode minus evaluation mode of the same training seed and image. In percent, with
        95 % bootstrap intervals over the images; below, the least and the most of the trainings.
    """
    lines: dict[tuple[str, str, str], dict[str, str]] = {}
    for source, rows in sources.items():
        for model, group in rows.groupby("model", sort=False):
            name, run = network(str(model)), on_two_lines(source)
            modes = {
                mode: group[group["batch_norm"] == mode].set_index(["train_seed", "image"])
                for mode in NAMES
            }
            kinds = {NAMES[mode]: found[list(MEASURES)] for mode, found in modes.items()}
            batch, plain = (kinds[NAMES[mode]] for mode in ("batch", "evaluation"))
            kinds[DIFFERENCE] = batch - plain
            for kind, values in kinds.items():
                lines[name, kind, run] = {
                    title: _cell(100 * values[column]) for column, title in MEASURES.items()
                } | {
                    "trainings": str(values.index.get_level_values("train_seed").nunique()),
                    "n": str(values.index.get_level_values("image").nunique()),
                }
    return text_table(lines, ["network", "batch normalisation", "source"])


def _cell(values: pd.Series) -> str:
    """The mean with its interval, and the means of the trainings that lie furthest apart."""
    images = values.index.get_level_values("image").tolist()
    found = mean_over_images(values.to_numpy(), images)
    trainings = values.groupby("train_seed").mean()
    spread = f"{number(trainings.min(), 1)} to {number(trainings.max(), 1)}"
    return f"{estimate(found)}<br>{spread}"
