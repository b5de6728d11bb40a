"""IDGI-ILLUS: paths, projection points and what is linear, drawn from a real score."""

from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from saliency_audit.report.names import PATH_NAMES
from saliency_audit.study.experiments.idgi_illustration import Landscape

STRAIGHT = "ig"
GRID = 200


@dataclass(frozen=True)
class _Style:
    """Colour (Okabe and Ito) and symbol of a path; the symbol alone tells it, too."""

    colour: str
    symbol: str


STYLES = {
    "ig": _Style("#0072b2", "o"),
    "gig": _Style("#d55e00", "s"),
    "blurig": _Style("#009e73", "^"),
}


def show_paths(rows: pd.DataFrame) -> Figure:
    """The score's level lines, the paths across them and the projection point of every step.

    Args:
        rows: rows of the experiment `idgi_illustration`.

    Returns:
        The figure: a panel per path. Filled symbols are the points of the path; from each a line
        leads along the gradient to a cross, its projection point, which lies on the level of the
        next point.
    """
    names = [path for path in PATH_NAMES if path in set(rows["path"])]
    figure, axes = plt.subplots(
        1,
        len(names),
        figsize=(3.2 * len(names) + 0.6, 3.1),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="compressed",
    )
    limits = [_limits(rows[[name, f"projected_{name}"]]) for name in ("x1", "x2")]
    for axis, name in zip(axes[0], names, strict=True):
        levels = _draw_levels(axis, *limits)
        _draw_path(axis, rows[rows["path"] == name].sort_values("point"), STYLES[name])
        axis.set_title(PATH_NAMES[name], fontsize=9)
        axis.set_xlabel("x₁", fontsize=9)
        axis.tick_params(labelsize=8)
        axis.set_aspect("equal")
    axes[0, 0].set_ylabel("x₂", fontsize=9)
    axes[0, 0].legend(fontsize=7, loc="lower right")
    bar = figure.colorbar(levels, ax=axes, pad=0.02)
    bar.set_label("score f", fontsize=9)
    bar.ax.tick_params(labelsize=8)
    return figure


def _limits(values: pd.DataFrame) -> tuple[float, float]:
    low, high = float(values.min().min()), float(values.max().max())
    margin = 0.06 * (high - low)
    return low - margin, high + margin


def _draw_levels(
    axis: Axes, first: tuple[float, float], second: tuple[float, float]
) -> plt.cm.ScalarMappable:
    x1, x2 = np.meshgrid(np.linspace(*first, GRID), np.linspace(*second, GRID))
    scores = landscape_scores(x1, x2)
    filled = axis.contourf(x1, x2, scores, levels=np.linspace(0, 1, 11), cmap="Greys", alpha=0.55)
    axis.contour(x1, x2, scores, levels=np.linspace(0, 1, 11), colors="0.45", linewidths=0.5)
    return filled


def landscape_scores(x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    """The picture's score at any points.

    Args:
        x1: first coordinates.
        x2: second coordinates, of the same shape.

    Returns:
        Probability of the first class, of the same shape.
    """
    points = torch.from_numpy(np.stack([x1.ravel(), x2.ravel()], axis=1))
    with torch.no_grad():
        scores = Landscape()(points.reshape(-1, 1, 1, 2)).softmax(dim=1)[:, 0]
    return np.asarray(scores.numpy().reshape(x1.shape))


def _draw_path(axis: Axes, points: pd.DataFrame, style: _Style) -> None:
    steps = points.dropna(subset=["projected_x1"])
    # A column per step: its line from the point to its projection.
    axis.plot(
        steps[["x1", "projected_x1"]].to_numpy().T,
        steps[["x2", "projected_x2"]].to_numpy().T,
        color=style.colour,
        linewidth=0.8,
    )
    axis.plot(
        points["x1"],
        points["x2"],
        f"{style.symbol}-",
        color=style.colour,
        markersize=4.5,
        linewidth=1.4,
        label="path",
    )
    axis.plot(
        points["projected_x1"],
        points["projected_x2"],
        "x",
        color="black",
        markersize=5,
        label="projection",
    )


def show_straight_path(rows: pd.DataFrame) -> Figure:
    """Along the straight path: x against α, f against α, f against x₁.

    Args:
        rows: rows of the experiment `idgi_illustration`.

    Returns:
        The figure: dashed is the best straight line. The points of x lie on theirs, those of the
        score do not; every x has one score.
    """
    straight = rows[rows["path"] == STRAIGHT].sort_values("point")
    figure, axes = plt.subplots(1, 3, figsize=(9, 2.8), layout="constrained")
    for name, symbol, colour in (("x1", "o", "#0072b2"), ("x2", "s", "#d55e00")):
        _draw_against(axes[0], straight["alpha"], straight[name], symbol, colour, _NAMES[name])
    axes[0].legend(fontsize=8)
    for axis, across in zip(axes[1:], ("alpha", "x1"), strict=True):
        _draw_against(axis, straight[across], straight["score"], "o", "black", "f")
    for axis, across, up in zip(axes, ("α", "α", "x₁"), ("x", "f(x(α))", "f(x)"), strict=True):
        axis.set_xlabel(across, fontsize=9)
        axis.set_ylabel(up, fontsize=9)
        axis.tick_params(labelsize=8)
    axes[0].set_title("x against α: straight", fontsize=9)
    axes[1].set_title("f against α: not straight", fontsize=9)
    axes[2].set_title("f against x₁: not straight", fontsize=9)
    return figure


_NAMES = {"x1": "x₁", "x2": "x₂"}


def _draw_against(
    axis: Axes, across: pd.Series, up: pd.Series, symbol: str, colour: str, label: str
) -> None:
    line = np.polynomial.Polynomial.fit(across, up, deg=1)
    axis.plot(across, line(across.to_numpy()), "--", color="0.5", linewidth=1)
    axis.plot(across, up, symbol, color=colour, markersize=4, label=label)
