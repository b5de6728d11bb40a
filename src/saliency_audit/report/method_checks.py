"""Every method on every sanity check: a picture with the limits, and a table with the costs."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from saliency_audit.ledger.method_checks import CHECKS, Answer
from saliency_audit.report.figures import refuse_empty
from saliency_audit.report.names import METHOD_NAMES, network, on_two_lines
from saliency_audit.report.words import estimate, three_figures
from saliency_audit.study.checked_methods import METHODS

# Passes, fails, undecided: a colour and a mark each.
LOOKS = {True: ("#0072b2", "o"), False: ("#d55e00", "X"), None: ("#888888", "D")}
WORDS = {True: ("yes", "holds"), False: ("no", "fails"), None: ("undecided", "undecided")}
LABELS = {True: "passes", False: "fails", None: "undecided"}


def show_checks(found: Sequence[Answer]) -> Figure:
    """A panel per check, a line per method, a mark with its interval per network.

    Args:
        found: of `ledger.method_checks.answers`.

    Returns:
        The figure; dashed is the limit, the shaded side is the one on which a method passes.

    Raises:
        ValueError: no answers.
    """
    refuse_empty(pd.DataFrame(found))
    checks = [check for check in CHECKS if any(item.check == check.name for item in found)]
    methods = [name for name in METHODS if any(item.method == name for item in found)]
    figure, axes = plt.subplots(
        1,
        len(checks),
        figsize=(2.3 * len(checks) + 1.6, 0.26 * len(methods) + 1.6),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for axis, check in zip(axes[0], checks, strict=True):
        mine = [item for item in found if item.check == check.name and item.estimate]
        models = list(dict.fromkeys(item.model for item in mine))
        for item in mine:
            shift = 0.16 * (models.index(item.model) - (len(models) - 1) / 2)
            height = methods.index(item.method) + shift
            colour, symbol = LOOKS[item.passes]
            assert item.estimate is not None
            axis.hlines(height, item.estimate.low, item.estimate.high, color=colour, linewidth=1.2)
            axis.plot(item.estimate.mean, height, symbol, color=colour, markersize=4)
        axis.axvline(check.limit, color="0.3", linestyle="--", linewidth=1)
        left, right = axis.get_xlim()
        side = (left, check.limit) if check.passes == "below" else (check.limit, right)
        axis.axvspan(*side, color="#0072b2", alpha=0.06, linewidth=0)
        axis.set_xlim(left, right)
        axis.set_title(_on_lines(check.title), fontsize=9)
        axis.tick_params(labelsize=8)
    axes[0, 0].set_yticks(range(len(methods)), [METHOD_NAMES.get(m, m) for m in methods])
    axes[0, 0].set_ylim(len(methods) - 0.5, -0.5)
    figure.legend(
        [Line2D([], [], color=colour, marker=symbol) for colour, symbol in LOOKS.values()],
        LABELS.values(),
        loc="outside lower center",
        ncols=3,
        fontsize=8,
        frameon=False,
    )
    return figure


def _on_lines(title: str) -> str:
    words = title.split()
    third = -(-len(words) // 3)
    return "\n".join(" ".join(words[i : i + third]) for i in range(0, len(words), third))


def check_table(found: Sequence[Answer]) -> pd.DataFrame:
    """The same in numbers.

    Args:
        found: of `ledger.method_checks.answers`.

    Returns:
        A line per network and method, which form the index; a column per check. A cell says whether
        the method passes and gives the mean over the images with its interval, n, and how many
        images had no value; it is a dash where the check does not apply or was not run.
    """
    lines: dict[tuple[str, str], dict[str, str]] = {}
    order = {name: place for place, name in enumerate(METHODS)}
    for item in sorted(found, key=lambda item: (network(item.model), order[item.method])):
        place = (network(item.model), METHOD_NAMES.get(item.method, item.method))
        lines.setdefault(place, {})[item.check] = _cell(item)
    columns = [check.name for check in CHECKS if any(item.check == check.name for item in found)]
    index = pd.MultiIndex.from_tuples(list(lines), names=["network", "method"])
    table = pd.DataFrame(list(lines.values()), index=index, columns=columns)
    return table.fillna("—").rename(columns=on_two_lines)


def _cell(item: Answer) -> str:
    lost = f"<br>{item.undefined} undefined" if item.undefined else ""
    if item.estimate is None:
        return f"—{lost}"
    word, style = WORDS[item.passes]
    shown = estimate(item.estimate).replace(" [", "<br>[", 1)
    return f'<span class="{style}">{word}</span><br>{shown}<br>n = {item.estimate.n}{lost}'


def cost_table(rows: pd.DataFrame) -> pd.DataFrame:
    """What a map costs.

    Args:
        rows: of `method_cost`.

    Returns:
        A line per network and method; pictures that go forward and backward through the network for
        one map, and the median time over the images in units of one gradient of the same image.
    """
    lines = {}
    for model in rows["model"].unique():
        for method in METHODS:
            mine = rows[(rows["model"] == model) & (rows["method"] == method)]
            if mine.empty:
                continue
            share = (mine["seconds"] / mine["gradient_seconds"]).to_numpy(dtype=float)
            lines[network(model), METHOD_NAMES.get(method, method)] = {
                "forward passes": _span(mine["forward_passes"]),
                "backward passes": _span(mine["backward_passes"]),
                "time in gradients": three_figures(float(np.median(share))),
            }
    index = pd.MultiIndex.from_tuples(list(lines), names=["network", "method"])
    return pd.DataFrame(list(lines.values()), index=index)


def _span(counts: pd.Series) -> str:
    """`51`, or `51–60` where images differ, as they do for Guided IG."""
    low, high = int(counts.min()), int(counts.max())
    return f"{low:,}" if low == high else f"{low:,}–{high:,}"
