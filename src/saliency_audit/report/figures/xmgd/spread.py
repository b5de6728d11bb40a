"""XM-SPREAD: the tables of distances between aggregated maps, as Figure 2 draws them."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from saliency_audit.ledger.external.tests.xm_spread import dispersion, distance_table
from saliency_audit.ledger.statistics import Estimate
from saliency_audit.ledger.summaries.resampled import with_resamples
from saliency_audit.report.figures.panels import refuse_empty
from saliency_audit.report.figures.xmgd.distances import draw_distances
from saliency_audit.report.names import method_name
from saliency_audit.report.notebook.tables import text_table
from saliency_audit.report.words import estimate

# Measures of the distance of two maps or sets of maps, as readers call them.
MEASURES = {
    "xmgd": "XMGD",
    "ssim": "1 − SSIM",
    "kl_divergence": "KL",
    "frechet_distance": "Fréchet",
}


def show_matrices(rows: pd.DataFrame) -> Figure:
    """The distances of all pairs of methods under every measure.

    Args:
        rows: of `xmgd_spread`; of several groups of networks the first is drawn.

    Returns:
        The figure: a panel per measure, shaded from 0 to its largest distance, with the numbers and
        their bootstrap intervals over images; above it the coefficient of variation of the six.
    """
    refuse_empty(rows)
    first = rows.iloc[0]
    mine = rows[(rows["model"] == first["model"]) & (rows["images"] == first["images"])]
    methods = list(dict.fromkeys([*mine["first"], *mine["second"]]))
    measures = [name for name in MEASURES if name in set(mine["method"])]
    figure, axes = plt.subplots(
        1, len(measures), figsize=(3.1 * len(measures), 3.2), squeeze=False, layout="constrained"
    )
    for axis, measure in zip(axes[0], measures, strict=True):
        part = mine[mine["method"] == measure]
        draw_distances(axis, part, methods)
        variation = _variation(distance_table(part), int(part["set_size"].max()))
        axis.set_title(f"{MEASURES[measure]}, variation {estimate(variation)}", fontsize=8)
    return figure


def spread_table(sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """How much the six distances vary, and how far each method is from the others.

    Args:
        sources: rows of `xmgd_spread` by where they come from.

    Returns:
        A line per measure and source; a column for the coefficient of variation and one per method
        for its mean distance to the others, as a share of the mean of all; with 95 % bootstrap
        intervals over images.
    """
    lines: dict[tuple[str, ...], dict[str, str]] = {}
    for source, rows in sources.items():
        for (images, measure), part in rows.groupby(["images", "method"], sort=False):
            table = distance_table(part)
            size = int(part["set_size"].max())
            cells = {"variation": estimate(_variation(table, size))}
            for method in dict.fromkeys([*part["first"], *part["second"]]):
                with_it = table[[pair for pair in table.columns if method in pair]]
                share = with_it.mean(axis=1) / table.mean(axis=1)
                cells[method_name(method)] = estimate(with_resamples(share, size))
            lines[str(images), MEASURES[str(measure)], source] = cells
    return text_table(lines, ["images", "measure", ""])


def _variation(table: pd.DataFrame, size: int) -> Estimate:
    """The coefficient of variation of a `distance_table` that rests on so many images."""
    return with_resamples(pd.Series(dispersion(table.to_numpy()), table.index), size)
