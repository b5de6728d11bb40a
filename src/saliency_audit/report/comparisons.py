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
    """Insertion scores base → IDGI as printed, and as each of our runs found them.

    Args:
        results: outcome of the external test by the name of the run ("recorded reference", …).

    Returns:
        One line per model, path and score; per run the two means, the mean difference with its
        95 % interval and n. The papers' networks appear under their printed names.
    """
    printed = printed_table("idgi", "table_01").set_index(["metric", "model", "method"])["value"]
    lines: dict[tuple[str, str, str], dict[str, str]] = {}
    for run, result in results.items():
        for item in result.comparisons:
            model, path, score = item.keys["model"], item.keys["path"], item.keys["score"]
            line = lines.setdefault((_title(model), path, score), {})
            line["paper (ImageNet val, 128 steps)"] = _printed(printed, _title(model), path, score)
            estimate = item.estimate
            line[run] = (
                f"{item.base_mean:.3f} → {item.other_mean:.3f}; {estimate.mean:+.3f} "
                f"[{estimate.low:+.3f}, {estimate.high:+.3f}], n = {estimate.n}"
            )
    table = pd.DataFrame.from_dict(lines, orient="index").fillna("—")
    table.index = pd.MultiIndex.from_tuples(table.index, names=["model", "path", "score"])
    return table


def _printed(printed: pd.Series, model: str, path: str, score: str) -> str:
    metric = f"insertion_{score}"
    if (metric, model, path) not in printed.index:
        return "not in the paper"
    base, other = printed[metric, model, path], printed[metric, model, f"{path}+idgi"]
    return f"{base:.3f} → {other:.3f}; {other - base:+.3f}"


def _title(model: str) -> str:
    return CLASSIFIERS[model].title
