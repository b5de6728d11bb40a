"""IDGI-THM and IDGI-TAYLOR: completeness, and the error of the projection points."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from saliency_audit.ledger import Comparison, Outcome
from saliency_audit.ledger.summaries.bands import Band, spread_band
from saliency_audit.report.figures.panels import (
    draw_band,
    label_outside,
    panels,
    refuse_empty,
    step_ticks,
)
from saliency_audit.report.names import BASE_COLOUR, IDGI_COLOUR, PATH_NAMES, network
from saliency_audit.report.notebook.runs import by_scope
from saliency_audit.report.notebook.tables import text_table
from saliency_audit.report.words import estimate, mark, number, with_exponent

# What float32 cannot tell from zero, on a logarithmic axis.
SMALLEST = 1e-10
# The middle 80 % of the images.
BAND = (0.1, 0.9)
INDEX = ["network", "path", "source"]


def show_completeness(rows: pd.DataFrame, tolerance: float) -> Figure:
    """Absolute completeness error of both rules against the number of steps, on log–log axes.

    Args:
        rows: rows of the experiment `idgi_theorem`.
        tolerance: the error that the claim's test allows the IDGI rule; drawn as a line.

    Returns:
        The figure: a row of panels per network, a column per path. Lines are means over images;
        the bands reach from the image with the smallest error to the one with the largest.
    """

    def draw(axis: Axes, chosen: pd.DataFrame, path: str) -> None:
        for method, label, colour, symbol in (
            (path, "plain rule", BASE_COLOUR, "s"),
            (f"{path}+idgi", "IDGI rule", IDGI_COLOUR, "o"),
        ):
            errors = _errors(chosen[chosen["method"] == method], "completeness_error")
            _draw(axis, errors, (0, 1), label, colour, symbol)
        axis.axhline(tolerance, color="0.3", linestyle="--", linewidth=1, label="allowed for IDGI")

    figure = _panels(rows, draw)
    label_outside(figure)
    figure.supylabel("|sum of the map − change of the score|", fontsize=9)
    return figure


def show_taylor_error(rows: pd.DataFrame) -> Figure:
    """Mean error of the projection points' scores against the number of steps, on log–log axes.

    Args:
        rows: rows of the experiment `idgi_theorem`; those of the IDGI rule are shown.

    Returns:
        The figure: a row of panels per network, a column per path. Bands are the middle 80 % of
        the images. The grey guides fall with slopes −1 and −2 from the error at the fewest steps.
    """

    def draw(axis: Axes, chosen: pd.DataFrame, path: str) -> None:
        errors = _errors(chosen[chosen["method"] == f"{path}+idgi"], "taylor_error")
        _draw(axis, errors, BAND, "mean over images", IDGI_COLOUR, "o")
        steps = errors.columns.to_numpy(dtype=float)
        for slope, style in ((-1, ":"), (-2, "--")):
            guide = errors.mean().iloc[0] * (steps / steps[0]) ** slope
            axis.plot(steps, guide, style, color="0.45", linewidth=1, label=f"slope −{-slope}")

    figure = _panels(rows, draw)
    label_outside(figure)
    figure.supylabel("mean |f(projection point) − f(next point)|", fontsize=9)
    return figure


def _panels(rows: pd.DataFrame, draw: Callable[[Axes, pd.DataFrame, str], None]) -> Figure:
    refuse_empty(rows)
    models = sorted(rows["model"].unique(), key=network)
    paths = [path for path in PATH_NAMES if path in set(rows["path"])]

    def fill(axis: Axes, model: str, path: str) -> bool:
        chosen = rows[(rows["model"] == model) & (rows["path"] == path)]
        if chosen.empty:
            return False
        axis.set_yscale("log")
        draw(axis, chosen, path)
        step_ticks(axis, chosen["steps"])
        images = chosen["image"].nunique()
        axis.set_title(f"{network(model)}\n{PATH_NAMES[path]}, n = {images}", fontsize=9)
        return True

    figure, _ = panels(models, paths, fill, width=2.6, height=2.3, sharey=True)
    figure.supxlabel("number of steps", fontsize=9)
    return figure


def _errors(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Absolute errors, image × number of steps."""
    return rows.pivot(index="image", columns="steps", values=column).astype(float).abs()


def _draw(
    axis: Axes,
    errors: pd.DataFrame,
    shares: tuple[float, float],
    label: str,
    colour: str,
    symbol: str,
) -> None:
    found = spread_band(errors, shares)
    ends = (found.values, found.low, found.high)
    shown = Band(found.places, *(np.maximum(end, SMALLEST) for end in ends))
    draw_band(axis, shown, f"{symbol}-", color=colour, markersize=4, linewidth=1.2, label=label)


def completeness_table(results: Mapping[str, Outcome]) -> pd.DataFrame:
    """Completeness errors of both rules by network, path and run.

    Args:
        results: outcome of the test `completeness` by the name of the run.

    Returns:
        One line per network, path and run. "holds" is about the IDGI rule; the slope of the plain
        rule, with its 95 % interval and its own answer, is asked on the straight path alone.
    """
    lines = {}
    for (model, path), sources in _by_pair(results, "rule").items():
        for run, rules in sources.items():
            line: dict[str, str] = {}
            lines[network(model), PATH_NAMES[path], run] = line
            if exact := rules.get("IDGI"):
                line |= {
                    "IDGI, largest": with_exponent(exact.estimate.value),
                    "holds": mark(exact),
                    "plain, mean": number(exact.base, 4),
                }
            if falling := rules.get("plain"):
                line |= {
                    "plain, slope": estimate(falling.estimate),
                    "below 0": mark(falling),
                }
            found = next(iter(rules.values()))
            line["n"] = str(found.estimate.n)
    return text_table(lines, INDEX)


def taylor_table(results: Mapping[str, Outcome]) -> pd.DataFrame:
    """Errors of the projection points and their log–log slopes by network, path and run.

    Args:
        results: outcome of the test `taylor_order` by the name of the run.

    Returns:
        One line per network, path and run: error at the fewest and at the most steps, slope with
        its 95 % interval, share of the images whose error at the most steps is above the floor.
    """
    lines = {}
    for (model, path), sources in _by_pair(results, "question").items():
        for run, questions in sources.items():
            slope, approximate = questions["slope"], questions["approximate"]
            lines[network(model), PATH_NAMES[path], run] = {
                "slope": estimate(slope.estimate),
                "below 0": mark(slope),
                "images with an error": f"{approximate.other:.0%}",
                "more than half": mark(approximate),
                "error, fewest steps": number(slope.base, 4),
                "error, most steps": number(slope.other, 4),
                "n": str(slope.estimate.n),
            }
    return text_table(lines, INDEX)


def _by_pair(
    results: Mapping[str, Outcome], kind: str
) -> dict[tuple[str, str], dict[str, dict[str, Comparison]]]:
    """Comparisons by network and path, then by run, then by the kind of the question."""
    found: dict[tuple[str, str], dict[str, dict[str, Comparison]]] = {}
    for run, result in by_scope(results).items():
        for item in result.comparisons:
            sources = found.setdefault((item.keys["model"], item.keys["path"]), {})
            sources.setdefault(run, {})[item.keys[kind]] = item
    order = list(PATH_NAMES)
    return {
        pair: found[pair]
        for pair in sorted(found, key=lambda pair: (network(pair[0]), order.index(pair[1])))
    }
