"""DRE-FAITH: how M_F as the paper scales it depends on the methods that it is scaled over."""

from collections.abc import Mapping

import pandas as pd
import torch

from saliency_audit.ledger.summaries.means import mean_with_interval
from saliency_audit.metrics import normalised_over_methods
from saliency_audit.report.names import method_name, network
from saliency_audit.report.notebook.tables import text_table
from saliency_audit.report.words import estimate
from saliency_audit.study.dre_methods import METHODS

GRADIENTS = ("saliency", "smoothgrad", "ig")
# What is left out of the pool, by what the column is called.
LEFT_OUT: Mapping[str, tuple[str, ...]] = {
    "all ten": (),
    "without the three gradient methods": GRADIENTS,
    "without MGnet": ("mgnet",),
    "without XPert": ("xpert",),
    "without DRE": ("dre",),
}


def pool_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean M_F in percent, scaled per image to [0, 1] over pools of methods.

    Args:
        rows: of `dre_scores`.

    Returns:
        A line per network and method, which form the index, and a column per pool, with 95 %
        bootstrap intervals over images. A method that is not in a pool has no value there; a
        network with other methods than the paper's ten has no line.
    """
    lines: dict[tuple[str, str], dict[str, str]] = {}
    for model, group in rows[~rows["normalised"]].groupby("model", sort=False):
        values = group.pivot_table(index="image", columns="method", values="faithfulness")
        if not set(METHODS) <= set(values):
            continue
        values = values[list(METHODS)].dropna()
        for title, left_out in LEFT_OUT.items():
            scaled = _scaled(values.drop(columns=list(left_out)))
            for method in METHODS:
                cell = (
                    estimate(mean_with_interval(100 * scaled[method])) if method in scaled else ""
                )
                lines.setdefault((network(str(model)), method_name(method)), {})[title] = cell
    return text_table(lines, ["network", "method"])


def _scaled(values: pd.DataFrame) -> pd.DataFrame:
    """Each image's values from 0 to 1 over the columns."""
    found = normalised_over_methods(torch.from_numpy(values.to_numpy().T.copy()))
    return pd.DataFrame(found.numpy().T, index=values.index, columns=values.columns)
