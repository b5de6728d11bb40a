"""GG-BACKGROUND on cut-outs: shares for the class that is seen, and which class that is."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from saliency_audit.ledger.summaries.means import mean_of
from saliency_audit.report.figures.ggig.background import show_shares
from saliency_audit.report.names import network
from saliency_audit.report.notebook.tables import mean_cell, text_table


def show_seen(rows: pd.DataFrame, background: str, squares: int) -> Figure:
    """`show_shares` of the maps of the class that the network predicts before the background.

    Args:
        rows: of `ggig_cutouts`.
        background: which one.
        squares: along a side, 0 where the background has none.
    """
    return show_shares(rows[rows["asked"] == "seen"], background, squares)


def seen_table(sources: Mapping[str, pd.DataFrame], background: str, squares: int) -> pd.DataFrame:
    """On how many images the network predicts one class before both backgrounds.

    Args:
        sources: rows of `ggig_cutouts` by where they come from.
        background: which one.
        squares: along a side, 0 where the background has none.

    Returns:
        A line per network and source: how many images keep their class, and the mean probability,
        before this background, of the class that is predicted there and of the one that is
        predicted before the picture's own background.
    """
    lines = {}
    for source, rows in sources.items():
        chosen = rows[(rows["background"] == background) & (rows["squares"] == squares)]
        for model, mine in chosen.groupby("model", sort=False):
            once = mine.drop_duplicates(["image", "asked"]).set_index("asked")
            seen, own = once.loc["seen"], once.loc["own"]
            kept = int(seen["kept"].astype(bool).sum())
            lines[network(str(model)), source] = {
                "class kept": f"{kept} of {len(seen)}",
                "probability of the class seen there": mean_cell(mean_of(seen["probability"])),
                "of the class seen before": mean_cell(mean_of(own["probability"])),
            }
    return text_table(lines, ["network", "source"])
