"""IDGI-JPEG in the scale of the released code, with and without the maps in which signs cancel."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.evidence.rows import at_steps
from saliency_audit.ledger.summaries.means import mean_with_interval
from saliency_audit.report.figures.idgi.cost import METHODS
from saliency_audit.report.names import method_name, network
from saliency_audit.report.notebook.tables import text_table
from saliency_audit.report.words import estimate, number

# A map of whose credits less than this is left is one in which signs cancel.
CANCELS = 0.05


def pooled(values: pd.Series) -> float:
    """−ln of the mean squared difference over all images: the study's one number per method.

    Args:
        values: −ln MSE of each image, on maps of one size; those that are not finite are left out.

    Returns:
        The number; NaN without values.
    """
    found = values[np.isfinite(values)]
    # The mean of exp(−value), in a form that neither overflows nor underflows.
    return float(np.log(len(found)) - np.logaddexp.reduce(-found)) if len(found) else np.nan


def released_table(sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Stability of maps divided by their signed sum, per network and method.

    Args:
        sources: rows of the experiment `idgi_jpeg` by what readers call them; those of the most
            steps are shown.

    Returns:
        The mean over images with its interval, one number pooled over them as in the study's code,
        the same without images whose map, or that of the copy, keeps less than 5 % of its credits,
        and how many these are.
    """
    lines = {}
    for name, rows in sources.items():
        shown, _ = at_steps(rows[rows["scale"] == "signed_sum"], None)
        for model, of_model in shown.groupby("model"):
            for method in METHODS:
                if len(mine := of_model[of_model["method"] == method]):
                    lines[name, network(str(model)), method_name(method)] = _line(mine)
    return text_table(lines, ["source", "network", "method"])


def _line(rows: pd.DataFrame) -> dict[str, str]:
    finite = rows[np.isfinite(rows["value"])]
    kept = finite[finite["uncancelled"] >= CANCELS]
    return {
        "mean of −ln MSE": estimate(mean_with_interval(finite["value"])),
        "−ln of the mean MSE": number(pooled(finite["value"]), 2),
        "the same without maps that cancel": number(pooled(kept["value"]), 2) if len(kept) else "—",
        "maps that cancel": f"{len(finite) - len(kept)} of {len(finite)}",
    }
