"""Paired comparisons as a picture and as the table paper / recorded / this machine."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from saliency_audit.ledger import ExternalResult, printed_table
from saliency_audit.models import CLASSIFIERS


def show_paired_differences(rows: pd.DataFrame, score: str) -> Figure:
    """Per-image difference IDGI − base, sorted, one line per model and path, with the mean.

    Args:
        rows: rows of the insertion experiment.
        score: "probability" or "ratio".

    Returns:
        The figure; the shaded part above zero are the images on which IDGI scores higher.
    """
    chosen = rows[rows["score"] == score]
    groups = list(chosen.groupby(["model", "path"], sort=True))
    figure, axes = plt.subplots(
        1, len(groups), figsize=(4.2 * len(groups), 3), squeeze=False, layout="constrained"
    )
    for axis, ((model, path), group) in zip(axes.flat, groups, strict=True):
        wide = group.pivot(index="image", columns="method", values="value")
        differences = np.sort((wide[f"{path}+idgi"] - wide[path]).to_numpy())
        share = np.linspace(0, 100, len(differences))
        axis.axhline(0, color="0.4", linewidth=0.8)
        axis.fill_between(share, differences, 0, where=differences > 0, alpha=0.3, color="C0")
        axis.fill_between(share, differences, 0, where=differences < 0, alpha=0.3, color="C3")
        axis.plot(share, differences, color="0.2", linewidth=1)
        axis.axhline(differences.mean(), color="C0", linestyle="--", linewidth=1)
        axis.set_title(f"{_title(str(model))}, {path}, n = {len(differences)}", fontsize=9)
        axis.set_xlabel("images, sorted (%)")
    axes[0, 0].set_ylabel(f"{path}+idgi − {path}\n({score})")
    return figure


def insertion_table(results: Mapping[str, ExternalResult]) -> pd.DataFrame:
    """Insertion scores with and without IDGI: what the paper prints, then what our runs found.

    Args:
        results: outcome of the external test by the name of the run ("recorded reference", …).

    Returns:
        One line per network, path, score and source; the difference with its 95 % interval. The
        paper's networks appear under their printed names; it prints no interval.
    """
    lines: list[dict[str, str]] = []
    for run, result in results.items():
        for item in result.comparisons:
            keys = {
                "network": _title(item.keys["model"]),
                "path": item.keys["path"],
                "score": item.keys["score"],
            }
            lines += _printed(keys)
            found = item.estimate
            lines.append(
                {
                    **keys,
                    "source": run,
                    "base": f"{item.base_mean:.3f}",
                    "+IDGI": f"{item.other_mean:.3f}",
                    "difference": f"{found.mean:+.3f} [{found.low:.3f}, {found.high:.3f}]",
                    "n": str(found.n),
                }
            )
    table = pd.DataFrame(lines).drop_duplicates()
    return table.sort_values(["network", "path", "score"], kind="stable", ignore_index=True)


def _printed(keys: dict[str, str]) -> list[dict[str, str]]:
    """The line of Table 1 for this network, path and score; none if the paper has no such cell."""
    table = printed_table("idgi", "table_01")
    cells = table[
        (table["metric"] == f"insertion_{keys['score']}") & (table["model"] == keys["network"])
    ].set_index("method")["value"]
    path = keys["path"]
    if path not in cells.index:
        return []
    base, other = cells[path], cells[f"{path}+idgi"]
    return [
        {
            **keys,
            "source": "paper",
            "base": f"{base:.3f}",
            "+IDGI": f"{other:.3f}",
            "difference": f"{other - base:+.3f}",
            "n": "33K–39K",
        }
    ]


def _title(model: str) -> str:
    return CLASSIFIERS[model].title
