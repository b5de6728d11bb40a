"""DRE-FAITH: how M_F as the paper scales it depends on the methods that it is scaled over."""

import pandas as pd
import torch

from saliency_audit.ledger.summaries.means import mean_with_interval
from saliency_audit.metrics import normalised_over_methods
from saliency_audit.report.names import method_name, network
from saliency_audit.report.notebook.tables import text_table
from saliency_audit.report.words import estimate, number
from saliency_audit.study.dre_methods import POOL

GRADIENTS = ("saliency", "smoothgrad", "ig")


def pool_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean M_F in percent, scaled per image to [0, 1] over pools of methods.

    Args:
        rows: of `dre_scores`.

    Returns:
        A line per network and method, which form the index. Of each: the mean over all ten, the
        mean without the three gradient methods, with 95 % bootstrap intervals over images, and how
        far the mean moves at most if one other method is left out, and which. A network with
        other methods than the paper's ten has no line.
    """
    lines: dict[tuple[str, str], dict[str, str]] = {}
    for model, group in rows[~rows["normalised"]].groupby("model", sort=False):
        values = group.pivot_table(index="image", columns="method", values="faithfulness")
        if not set(POOL) <= set(values):
            continue
        values = values[list(POOL)].dropna()
        whole, few = _scaled(values), _scaled(values.drop(columns=list(GRADIENTS)))
        moved = pd.DataFrame(
            {out: (_scaled(values.drop(columns=out)) - whole).mean() for out in POOL}
        )
        for method in POOL:
            out = str(moved.loc[method].abs().idxmax())
            most = number(float(moved[out][method]), 1)
            lines[network(str(model)), method_name(method)] = {
                "all ten": estimate(mean_with_interval(whole[method])),
                "without the gradients": estimate(mean_with_interval(few[method]))
                if method in few
                else "",
                "one left out": f"{most} without {method_name(out)}",
            }
    return text_table(lines, ["network", "method"])


def _scaled(values: pd.DataFrame) -> pd.DataFrame:
    """Each image's values from 0 to 100 over the columns."""
    found = normalised_over_methods(torch.from_numpy(values.to_numpy().T.copy()))
    return pd.DataFrame(100 * found.numpy().T, index=values.index, columns=values.columns)
