"""IDGI-STEPS: scores against the number of steps, and how much they change."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from saliency_audit.ledger import Claim, Comparison, Outcome
from saliency_audit.ledger.external.evidence.ladders import Series, series_of
from saliency_audit.ledger.external.evidence.rows import identified
from saliency_audit.ledger.summaries.step_changes import change_bands
from saliency_audit.report.figures.idgi.comparisons import by_keys
from saliency_audit.report.figures.idgi.printed_scores import printed_pair
from saliency_audit.report.figures.panels import (
    legend_outside,
    name_columns,
    name_rows,
    panels,
    step_ticks,
)
from saliency_audit.report.names import (
    BASE_COLOUR,
    IDGI_COLOUR,
    PATH_NAMES,
    SCORE_NAMES,
    network,
    on_two_lines,
    with_arrow,
)
from saliency_audit.report.notebook.tables import text_table
from saliency_audit.report.words import estimate, mark, number, significant_digits

# The two methods stand a little apart, so that their intervals do not cover each other.
APART = 2**0.07


def show_scores_by_steps(
    rows: pd.DataFrame, parameters: Mapping[str, Any], models: Sequence[str] | None = None
) -> dict[str, Figure]:
    """Scores of base and IDGI against the number of steps, a figure per network.

    Args:
        rows: of `idgi_scores`.
        parameters: those that the ledger declares for `step_sensitivity`.
        models: networks to show; all that have rows if not given.

    Returns:
        Figure by network: a row of panels per score, a column per path. A point is a mean
        insertion score or an area under a median information curve, on the images that every
        number of steps has. Bars are 95 % bootstrap intervals, over images, of the change since
        the fewest steps: the images are the same, so a change is more certain than a score. The
        panels of a score share their scale.

    Raises:
        ValueError: no network has rows of the same images at two numbers of steps.
    """
    if models is not None:
        rows = rows[rows["model"].isin(models)]
    steps = sorted({int(n) for n in rows["steps"].unique()} & set(parameters["steps"]))
    found: dict[str, dict[tuple[str, str], Series]] = {}
    declared = parameters["paths"], steps, parameters["scores"]
    for keys, series in series_of(identified(rows), *declared) if len(steps) > 1 else ():
        found.setdefault(keys["model"], {})[keys["score"], keys["path"]] = series
    if not found:
        raise ValueError(f"rows of the same images at two of {parameters['steps']} steps needed")
    return {model: _figure(model, series, steps) for model, series in found.items()}


def _figure(model: str, found: Mapping[tuple[str, str], Series], steps: list[int]) -> Figure:
    scores = [score for score in SCORE_NAMES if any(score == name for name, _ in found)]
    paths = [path for path in PATH_NAMES if any(path == name for _, name in found)]

    def draw(axis: Axes, score: str, path: str) -> bool:
        series = found.get((score, path))
        if series is not None:
            _draw(axis, series, steps)
        return series is not None

    figure, axes = panels(scores, paths, draw, width=2.5, height=1.8)
    name_rows(axes, (on_two_lines(SCORE_NAMES[score]) for score in scores))
    name_columns(axes, (PATH_NAMES[path] for path in paths))
    figure.supxlabel(
        f"number of steps; bars: 95 % interval of the change from {steps[0]} steps", fontsize=9
    )
    explained = axes[0, 0].get_legend_handles_labels()
    legend_outside(figure, *explained, columns=2, title=network(model), fontsize=9)
    return figure


def _draw(axis: Axes, series: Series, steps: list[int]) -> None:
    looks = (
        ("base", BASE_COLOUR, "s--", 1 / APART),
        ("+IDGI", IDGI_COLOUR, "o-", APART),
    )
    bands = change_bands(series, steps)
    for band, (name, colour, style, shift) in zip(bands, looks, strict=True):
        places = band.places * shift
        axis.vlines(places, band.low, band.high, color=colour, linewidth=1)
        axis.plot(
            places, band.values, style, color=colour, markersize=3.5, linewidth=1.2, label=name
        )
    step_ticks(axis, steps)
    axis.set_title(f"n = {series.n}", fontsize=8)


def change_table(claim: Claim, results: Mapping[str, Outcome]) -> pd.DataFrame:
    """How much more a score changes with IDGI than without, from the fewest steps to the most.

    Args:
        claim: the claim about steps.
        results: outcome of its test by the name of the run.

    Returns:
        A line per network, score and source, which form the index, and a column per path. A cell
        holds lines of HTML: the change of the base → that with IDGI; their difference with its
        95 % interval; whether the comparison holds, and its number of images. The paper prints
        neither interval nor number of images.
    """
    lines: dict[tuple[str, str, str], dict[str, str]] = {}
    for (model, path, score), sources in by_keys(results).items():
        name = on_two_lines(with_arrow(SCORE_NAMES[score], score))
        place, column = (network(model), name), PATH_NAMES[path]
        printed = printed_pair(claim, {"model": model, "path": path, "score": score})
        if printed:
            lines.setdefault((*place, "paper"), {})[column] = _printed_cell(*printed)
        for run, item in sources.items():
            lines.setdefault((*place, on_two_lines(run)), {})[column] = _cell(item)
    columns = [name for name in PATH_NAMES.values() if any(name in line for line in lines.values())]
    return text_table(lines, ["network", "score", "source"], columns=columns)


def _printed_cell(base: float, idgi: float) -> str:
    return f"{number(base)} → {number(idgi)}<br>{number(idgi - base)}"


def _cell(item: Comparison) -> str:
    digits = significant_digits(item.estimate)
    change = f"{number(item.base, digits)} → {number(item.other, digits)}"
    return f"{change}<br>{estimate(item.estimate)}<br>{mark(item)}, n = {item.estimate.n}"
