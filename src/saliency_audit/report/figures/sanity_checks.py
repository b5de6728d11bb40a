"""Every method on every sanity check: a picture with the limits, and a table with the costs."""

from collections.abc import Iterator, Sequence
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from saliency_audit.ledger.sanity_checks import SANITY_CHECKS, Answer, Finding, SanityCheck
from saliency_audit.ledger.summaries.costs import in_gradients
from saliency_audit.report.figures.panels import legend_outside, refuse_empty
from saliency_audit.report.names import ggig_name, network, on_two_lines
from saliency_audit.report.notebook.tables import text_table
from saliency_audit.report.words import estimate, number, three_figures
from saliency_audit.study.ggig_methods import METHODS, VARIANTS

PASSES = "passes per map"

# A colour and a mark per finding that has an estimate; what does not apply is drawn hollow.
LOOKS = {
    Finding.PASSES: ("#0072b2", "o"),
    Finding.FAILS: ("#d55e00", "X"),
    Finding.UNDECIDED: ("#888888", "D"),
    Finding.DOES_NOT_APPLY: ("#888888", "o"),
}
# The style sheet adds a mark to these; the other findings stand in plain words.
WORDS = {
    Finding.PASSES: ("yes", "holds"),
    Finding.FAILS: ("no", "fails"),
    Finding.UNDECIDED: ("undecided", "undecided"),
}


def show_sanity(found: Sequence[Answer]) -> Figure:
    """A panel per check, a line per method, a mark with its interval per network.

    Args:
        found: of `ledger.sanity_checks.answers`; those without an estimate are not drawn.

    Returns:
        The figure; dashed is the limit, the shaded side is the one on which a method passes.

    Raises:
        ValueError: no answers.
    """
    refuse_empty(pd.DataFrame(found))
    checks = [check for check in SANITY_CHECKS if any(item.check == check.name for item in found)]
    methods = [name for name in METHODS if any(item.method == name for item in found)]
    figure, axes = plt.subplots(
        1,
        len(checks),
        figsize=(2.3 * len(checks) + 1.6, 0.26 * len(methods) + 1.8),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for axis, check in zip(axes[0], checks, strict=True):
        _draw(axis, check, [item for item in found if item.check == check.name], methods)
    axes[0, 0].set_yticks(range(len(methods)), map(ggig_name, methods))
    axes[0, 0].set_ylim(len(methods) - 0.5, -0.5)
    symbols = [Line2D([], [], markersize=5, **_look(finding)) for finding in LOOKS]
    legend_outside(figure, symbols, list(LOOKS), columns=len(LOOKS), place="lower")
    return figure


def _draw(axis: Axes, check: SanityCheck, found: Sequence[Answer], methods: Sequence[str]) -> None:
    """The panel of one check."""
    models = list(dict.fromkeys(item.model for item in found))
    limit = found[0].limit
    for item in found:
        if item.estimate is None:
            continue
        shift = 0.16 * (models.index(item.model) - (len(models) - 1) / 2)
        height = methods.index(item.method) + shift
        look = _look(item.finding)
        low, high = item.estimate.low, item.estimate.high
        axis.hlines(height, low, high, color=look["color"], linewidth=1.2)
        axis.plot(item.estimate.value, height, markersize=4, **look)
    axis.axvline(limit, color="0.3", linestyle="--", linewidth=1)
    left, right = axis.get_xlim()
    side = (left, limit) if check.passes == "below" else (limit, right)
    axis.axvspan(*side, color="#0072b2", alpha=0.06, linewidth=0)
    axis.set_xlim(left, right)
    axis.set_title(_on_lines(check.title), fontsize=9)
    axis.set_xlabel(check.scale, fontsize=8)
    axis.tick_params(labelsize=8)


def _look(finding: Finding) -> dict[str, Any]:
    colour, symbol = LOOKS[finding]
    face = "none" if finding is Finding.DOES_NOT_APPLY else colour
    return {"color": colour, "marker": symbol, "markerfacecolor": face}


def _on_lines(title: str) -> str:
    words = title.split()
    third = -(-len(words) // 3)
    return "\n".join(" ".join(words[i : i + third]) for i in range(0, len(words), third))


def sanity_table(found: Sequence[Answer], costs: pd.DataFrame | None = None) -> pd.DataFrame:
    """The same in numbers.

    Args:
        found: of `ledger.sanity_checks.answers`.
        costs: rows of `method_cost`, of any network: passes depend on the method's settings.

    Returns:
        A line per network and method, which form the index; the passes per map, where `costs` are
        given, and a column per check. A cell says what was found and gives the estimate with its
        interval; ρ, the similarity of the maps, and its floor; the score of the changed network
        beside 1/C; n, how many images had no value, and how many pairs of maps, where some had
        none. It is a dash where there are no rows.
    """
    lines: dict[tuple[str, str], dict[str, str]] = {}
    order = {name: place for place, name in enumerate(METHODS)}
    for item in sorted(found, key=lambda item: (network(item.model), order[item.method])):
        place = (network(item.model), ggig_name(item.method))
        line = lines.setdefault(place, {} if costs is None else _passes(costs, item.method))
        line[item.check] = _cell(item)
    columns = [] if costs is None else [PASSES]
    columns += [
        check.name for check in SANITY_CHECKS if any(item.check == check.name for item in found)
    ]
    table = text_table(lines, ["network", "method"], columns=columns, missing="—")
    return table.rename(columns=on_two_lines)


def _passes(costs: pd.DataFrame, method: str) -> dict[str, str]:
    """The cell of passes per map; GGIG's variants, which are not counted, cost what it costs."""
    mine = costs[costs["method"] == ("ggig" if method in VARIANTS else method)]
    if mine.empty:
        return {}
    forward, backward = (_span(mine[f"{way}_passes"]) for way in ("forward", "backward"))
    return {PASSES: f"{forward} forward<br>{backward} back"}


def _cell(item: Answer) -> str:
    return "<br>".join(part for part in _cell_lines(item) if part)


def _cell_lines(item: Answer) -> Iterator[str]:
    word, style = WORDS.get(item.finding, (str(item.finding), ""))
    yield f'<span class="{style}">{word}</span>' if style else word
    if item.estimate:
        yield estimate(item.estimate).replace(" [", "<br>[", 1)
    if item.similarity:
        floor = "" if item.floor is None else f", floor {number(item.floor, 2)}"
        yield f"ρ {number(item.similarity.value, 2)}{floor}"
    if item.score:
        score = number(item.score.probability.value, 2)
        yield f"score {score}, 1/C {three_figures(item.score.chance)}"
    yield f"n = {item.n}"
    yield f"{item.undefined} undefined" if item.undefined else ""
    yield f"{item.undefined_pairs:.0%} of pairs undefined" if item.undefined_pairs else ""


def seconds_table(rows: pd.DataFrame) -> pd.DataFrame:
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
            lines[network(model), ggig_name(method)] = {
                "forward passes": _span(mine["forward_passes"]),
                "backward passes": _span(mine["backward_passes"]),
                "time in gradients": three_figures(in_gradients(mine)),
            }
    return text_table(lines, ["network", "method"])


def _span(counts: pd.Series) -> str:
    """`51`, or `51–60` where images differ, as they do for Guided IG."""
    low, high = int(counts.min()), int(counts.max())
    return f"{low:,}" if low == high else f"{low:,}–{high:,}"
