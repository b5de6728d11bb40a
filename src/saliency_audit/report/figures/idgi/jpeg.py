"""IDGI-JPEG: maps before and after compression, as pictures, as a figure and as tables."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from saliency_audit.attributions import saliency
from saliency_audit.ledger import Comparison, Outcome, printed_table
from saliency_audit.ledger.external.evidence.rows import at_steps
from saliency_audit.ledger.summaries.means import mean_with_interval
from saliency_audit.metrics import jpeg_stability
from saliency_audit.metrics.jpeg import Scale
from saliency_audit.report.figures.maps import CLIP_PERCENTILE
from saliency_audit.report.figures.panels import draw_estimate, label_outside, refuse_empty
from saliency_audit.report.names import BASE_COLOUR, IDGI_COLOUR, PATH_NAMES, method_name, network
from saliency_audit.report.notebook.runs import by_scope
from saliency_audit.report.notebook.tables import text_table
from saliency_audit.report.words import estimate, mark, number, significant_digits

SCALE_NAMES: dict[Scale, str] = {
    "raw": "maps as they are",
    "unit_norm": "maps divided by their norm",
}
PRINTED_NETWORK = "InceptionV3"
# What the claim's test calls the difference of maps divided by their norm, which decides nothing.
NORM = "maps divided by their norm"

_RAW, _FREE = SCALE_NAMES.values()
_COLUMNS = pd.MultiIndex.from_tuples(
    [
        (_RAW, "difference"),
        (_RAW, "holds"),
        (_FREE, "difference"),
        ("", "n"),
        (_RAW, "from → to"),
    ]
)

Pair = tuple[Tensor, Tensor]
Cells = dict[tuple[str, str], str]


def show_compressed(picture: Tensor, copy: Tensor, maps: Mapping[str, Pair]) -> Figure:
    """A picture, its JPEG copy and the difference; beside them the same of each method's maps.

    Args:
        picture: `(1, C, H, W)` in [0, 1].
        copy: the same after compression.
        maps: attribution maps `(1, C, H, W)` of the picture and of the copy, by method name.

    Returns:
        The figure: a column for the pictures and one per method. A column has one scale: the maps'
        is from 0 to the 99th percentile of the upper one, and their differences are drawn on it,
        too. A difference as dark as its maps means that the two have little in common.
    """
    columns = 1 + len(maps)
    figure, axes = plt.subplots(3, columns, figsize=(1.9 * columns + 0.6, 6), layout="constrained")
    _draw_pictures(axes[:, 0], picture[0], copy[0])
    for column, (name, (before, after)) in zip(axes[:, 1:].T, maps.items(), strict=True):
        shown = [saliency(part)[0].cpu().numpy() for part in (before, after, before - after)]
        top = float(np.percentile(shown[0], CLIP_PERCENTILE)) or 1.0
        for axis, values in zip(column, shown, strict=True):
            axis.imshow(values, cmap="Greys", vmin=0, vmax=top)
        column[0].set_title(name, fontsize=9)
    for axis, label in zip(axes[:, 0], ("original", "JPEG copy", "difference"), strict=True):
        axis.set_ylabel(label, rotation=0, ha="right", va="center", fontsize=9)
    for axis in axes.flat:
        axis.set_xticks([])
        axis.set_yticks([])
    return figure


def _draw_pictures(axes: np.ndarray, picture: Tensor, copy: Tensor) -> None:
    for axis, pixels in zip(axes, (picture, copy), strict=False):
        grey = "gray" if len(pixels) == 1 else None
        shown = pixels.permute(1, 2, 0).cpu().numpy().squeeze()
        axis.imshow(shown, cmap=grey, vmin=0, vmax=1)
    difference = (picture - copy).abs().mean(dim=0).cpu().numpy()
    axes[2].imshow(difference, cmap="Greys", vmin=0, vmax=1)
    axes[0].set_title("picture", fontsize=9)


def stability_table(maps: Mapping[str, Pair]) -> pd.DataFrame:
    """Size and stability of one image's maps.

    Args:
        maps: attribution maps `(1, C, H, W)` of the picture and of its copy, by name.

    Returns:
        Per name the Euclidean norm of the upper map and −ln MSE on both scales.
    """
    lines = {
        name: {
            "norm": number(float(before.norm())),
            "−ln MSE": number(float(jpeg_stability(before, after)[0]), 2),
            "−ln MSE after division by the norm": number(
                float(jpeg_stability(before, after, scale="unit_norm")[0]), 2
            ),
        }
        for name, (before, after) in maps.items()
    }
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis("map")


def show_stability(rows: pd.DataFrame) -> Figure:
    """Mean −ln MSE of the six methods, raw on the left and scale-free on the right.

    Args:
        rows: rows of the experiment `idgi_jpeg`; those of the most steps are shown.

    Returns:
        The figure: a row of panels per network. A line joins a path's base method to its IDGI
        variant, so its length is the gain; the two panels of a network span the same range and
        their lines can be compared. Whiskers are 95 % bootstrap intervals of the mean, dots are
        images. Images without a finite value are left out.
    """
    refuse_empty(rows)
    rows, _ = at_steps(rows[np.isfinite(rows["value"])], None)
    models = sorted(rows["model"].unique(), key=network)
    figure, axes = plt.subplots(
        len(models),
        len(SCALE_NAMES),
        figsize=(7.6, 2.1 * len(models) + 0.5),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for panels, model in zip(axes, models, strict=True):
        for axis, (scale, title) in zip(panels, SCALE_NAMES.items(), strict=True):
            chosen = rows[(rows["model"] == model) & (rows["scale"] == scale)]
            _draw_methods(axis, chosen)
            axis.set_title(f"{network(model)}: {title}", fontsize=9)
        _same_span(panels)
    axes[0, 0].invert_yaxis()
    label_outside(figure)
    figure.supxlabel("−ln MSE between the maps of a picture and of its JPEG copy", fontsize=9)
    return figure


def _draw_methods(axis: Axes, rows: pd.DataFrame) -> None:
    jitter = np.random.default_rng(0)
    for line, path in enumerate(PATH_NAMES):
        means = []
        for method, label, colour, symbol, shift in (
            (path, "base", BASE_COLOUR, "s", -0.17),
            (f"{path}+idgi", "+IDGI", IDGI_COLOUR, "o", 0.17),
        ):
            values = rows.loc[rows["method"] == method, "value"]
            if (found := mean_with_interval(values)) is None:
                continue
            heights = line + 1.6 * shift + jitter.uniform(-0.07, 0.07, len(values))
            axis.plot(values, heights, ".", color=colour, alpha=0.25, markersize=3, zorder=1)
            look = {"fmt": symbol, "color": colour, "markersize": 6, "zorder": 3}
            draw_estimate(axis, found, line, label=None if line else label, **look)
            means.append(found.value)
        axis.plot(means, [line] * len(means), color="0.4", linewidth=2, zorder=2)
    axis.set_yticks(range(len(PATH_NAMES)), list(PATH_NAMES.values()))
    axis.tick_params(labelsize=8)


def _same_span(panels: np.ndarray) -> None:
    """Give axes of different places the same width, so that lengths compare."""
    limits = [axis.get_xlim() for axis in panels]
    half = max(high - low for low, high in limits) / 2
    for axis, (low, high) in zip(panels, limits, strict=True):
        middle = (low + high) / 2
        axis.set_xlim(middle - half, middle + half)


def gain_table(results: Mapping[str, Outcome]) -> pd.DataFrame:
    """Gains of the IDGI rule: what the paper prints, then what our runs found.

    Beside them stand those on maps divided by their norm, which decide nothing.

    Args:
        results: outcome of the claim's test by the name of the run.

    Returns:
        One line per path, source and network. The paper prints one network, the raw scale, no
        interval and no number of images.
    """
    return _table(results, "gain")


def least_stable_table(results: Mapping[str, Outcome]) -> pd.DataFrame:
    """Guided IG minus each other method but its own IDGI variant; otherwise as `gain_table`."""
    return _table(results, "least stable")


def _table(results: Mapping[str, Outcome], question: str) -> pd.DataFrame:
    found: dict[str, dict[tuple[str, str], Comparison]] = {}
    for run, result in by_scope(results).items():
        for item in result.comparisons:
            if item.keys["question"] == question:
                difference = f"{item.keys['method']} − {item.keys['against']}"
                found.setdefault(difference, {})[run, item.keys["model"]] = item
    lines = {}
    for difference, sources in found.items():
        name = " − ".join(method_name(part) for part in difference.split(" − "))
        lines[name, "paper", PRINTED_NETWORK] = _printed(difference)
        for (run, model), item in sources.items():
            lines[name, run, network(model)] = _line(item)
    return text_table(lines, ["difference", "source", "network"], columns=_COLUMNS)


def _printed(difference: str) -> Cells:
    other, base = difference.split(" − ")
    cells = printed_table("idgi", "table_05").set_index("method")["value"]
    return {
        (_RAW, "from → to"): f"{number(cells[base])} → {number(cells[other])}",
        (_RAW, "difference"): number(cells[other] - cells[base]),
    }


def _line(item: Comparison) -> Cells:
    digits = significant_digits(item.estimate)
    base, other = number(item.base, digits), number(item.other, digits)
    line = {
        ("", "n"): str(item.estimate.n),
        (_RAW, "from → to"): f"{base} → {other}",
        (_RAW, "difference"): estimate(item.estimate),
        (_RAW, "holds"): mark(item),
    }
    if found := item.extra.get(NORM):
        line[_FREE, "difference"] = estimate(found)
    return line
