"""Paired comparisons as a picture and as the table paper / recorded / this machine."""

from collections.abc import Mapping, Sequence
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from saliency_audit.ledger import Claim, Comparison, ExternalResult
from saliency_audit.ledger.external.rows import MethodPair, at_steps, method_pairs
from saliency_audit.ledger.statistics import Estimate
from saliency_audit.report.figures.idgi.printed_scores import printed_pair
from saliency_audit.report.figures.panels import panels, refuse_empty
from saliency_audit.report.names import (
    BASE_COLOUR,
    CURVE_NAMES,
    IDGI_COLOUR,
    PATH_NAMES,
    network,
)
from saliency_audit.report.notebook.tables import text_table
from saliency_audit.report.site.comparison_tables import outcome
from saliency_audit.report.words import estimate, number, reported, significant_digits


def show_paired_differences(
    rows: pd.DataFrame, score: str, steps: int | None = None, name: str | None = None
) -> Figure:
    """Per-image difference IDGI − base, sorted: a row of panels per network, a column per path.

    Args:
        rows: one row per map, with the columns model, path, method, steps, image and the score.
        score: name of the score's column.
        steps: number of steps to show; the largest there is if not given or absent.
        name: what to call the score; its own name if not given.

    Returns:
        The figure; above zero are the images on which IDGI scores higher. The panels of a network
        share their scale. The dashed line is the mean.
    """
    refuse_empty(rows)
    chosen, _ = at_steps(rows, steps)
    pairs = {(pair.model, pair.path): pair for pair in method_pairs(chosen, PATH_NAMES)}
    models = list(dict.fromkeys(model for model, _ in pairs))
    paths = [path for path in PATH_NAMES if any(path == found for _, found in pairs)]

    def draw(axis: Axes, model: str, path: str) -> bool:
        pair = pairs.get((model, path))
        if pair is not None:
            _draw_differences(axis, pair, score)
        return pair is not None

    figure, axes = panels(models, paths, draw, width=2.7, height=2.2)
    for axis, model in zip(axes[:, 0], models, strict=True):
        axis.set_ylabel(f"{network(model)}\nIDGI − base", fontsize=9)
    figure.supxlabel(f"images, sorted by difference of {name or score} (%)", fontsize=9)
    return figure


def _draw_differences(axis: Axes, pair: MethodPair, score: str) -> None:
    differences = np.sort((pair.idgi[score] - pair.base[score]).to_numpy(dtype=float))
    share = np.linspace(0, 100, len(differences))
    axis.axhline(0, color="0.4", linewidth=0.8)
    for side, colour in ((differences > 0, IDGI_COLOUR), (differences < 0, BASE_COLOUR)):
        axis.fill_between(share, differences, 0, where=side, alpha=0.4, color=colour, linewidth=0)
    axis.plot(share, differences, color="0.2", linewidth=1)
    axis.axhline(differences.mean(), color="0.2", linestyle="--", linewidth=1)
    axis.set_title(f"{PATH_NAMES[pair.path]}, n = {len(differences)}", fontsize=9)


Sources = dict[str, Comparison]


def by_keys(results: Mapping[str, ExternalResult]) -> dict[tuple[str, ...], Sources]:
    """The comparisons of several runs under their keys: network by network, path by path.

    Args:
        results: outcome of the external test by the name of the run ("recorded", …).
    """
    found: dict[tuple[str, ...], Sources] = {}
    for run, result in results.items():
        for item in result.comparisons:
            found.setdefault(tuple(item.keys.values()), {})[run] = item
    order = list(PATH_NAMES)
    last = list(dict.fromkeys(keys[-1] for keys in found))
    ordered = sorted(found, key=lambda k: (network(k[0]), order.index(k[1]), last.index(k[-1])))
    return {keys: found[keys] for keys in ordered}


def comparison_table(
    claim: Claim, results: Mapping[str, ExternalResult], beside: Sequence[str] = ()
) -> pd.DataFrame:
    """Scores with and without IDGI: what the paper prints, then what our runs found.

    Args:
        claim: about scores by model, path, and score or curve.
        results: outcome of its test by the name of the run.
        beside: names of further estimates of a comparison that get a column each.

    Returns:
        One line per network, path, score and source, which form the index; the difference with its
        95 % interval, the side that the claim states, and whether it holds. The paper's networks
        appear under their printed names; it prints no interval and no number of images.
    """
    lines: dict[tuple[str, str, str, str], dict[str, str]] = {}
    kind = "score"
    for sources in by_keys(results).values():
        first = next(iter(sources.values()))
        keys = first.keys
        kind = "curve" if "curve" in keys else "score"
        named = CURVE_NAMES.get(keys[kind], keys[kind])
        place = (network(keys["model"]), PATH_NAMES[keys["path"]], named)
        printed = printed_pair(claim, keys)
        if printed:
            lines[*place, "paper"] = {**_printed_line(*printed), "claim": first.expected}
        for run, item in sources.items():
            lines[*place, run] = _line(item, beside)
    return text_table(lines, ["network", "path", kind, "source"])


def _printed_line(base: float, idgi: float) -> dict[str, str]:
    return {
        "base": number(base),
        "+IDGI": number(idgi),
        "difference": number(idgi - base),
    }


def _line(item: Comparison, beside: Sequence[str]) -> dict[str, str]:
    digits = significant_digits(item.estimate)
    return {
        "base": number(item.base_mean, digits),
        "+IDGI": number(item.other_mean, digits),
        "difference": estimate(item.estimate),
        "n": str(item.estimate.n),
        "claim": item.expected,
        "holds": mark(item),
        # What is only reported shall be narrow.
        **{
            fill(name, 10): _two_lines(item.extra[name], item)
            for name in beside
            if name in item.extra
        },
    }


def _two_lines(found: Estimate, item: Comparison) -> str:
    """An estimate above its interval, and above n where it is another than the comparison's."""
    return reported(found, item).replace(" [", "<br>[", 1).replace(", n", "<br>n", 1)


def mark(item: Comparison) -> str:
    """Whether a comparison holds, as HTML that does not rely on colour."""
    answer = outcome(item)
    return f'<span class="{CLASSES[answer]}">{answer}</span>'


CLASSES = {"yes": "holds", "no": "fails", "undecided": "undecided"}
