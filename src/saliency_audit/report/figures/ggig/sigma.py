"""GG-SIGMA: score and similarity of maps against the noise on the weights."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from saliency_audit.attributions import Explainer
from saliency_audit.ledger.summaries.means import mean_of
from saliency_audit.ledger.summaries.noise_limits import (
    SCORE,
    Reached,
    score_reached,
    similarity_reached,
)
from saliency_audit.models.degradation import with_sigma_noise
from saliency_audit.report.figures.ggig.changed_models import (
    draw_line,
    in_order,
    look_of,
    measures_in,
    network_on_lines,
    show_changed_maps,
    title_of,
    undefined_share,
)
from saliency_audit.report.figures.panels import label_outside, name_rows, panels, refuse_empty
from saliency_audit.report.names import ggig_name, network, on_two_lines
from saliency_audit.report.notebook.tables import text_table
from saliency_audit.report.words import number


def show_noisy_maps(
    model: nn.Module,
    explainers: Mapping[str, Explainer],
    picture: Tensor,
    target: Tensor,
    levels: Sequence[float],
    seed: int = 0,
) -> Figure:
    """Maps of a picture as noise on the weights grows: a column per level.

    Args:
        model: maps `(N, C, H, W)` in [0, 1] to logits.
        explainers: methods by what to call them.
        picture: `(C, H, W)`.
        target: the class that is explained, a scalar.
        levels: of the noise, in σ.
        seed: of the noise.
    """
    changed = ((f"{level:g} σ", with_sigma_noise(model, level, seed=seed)) for level in levels)
    return show_changed_maps(changed, explainers, picture, target)


def show_perturbation(rows: pd.DataFrame, sign: str = "absolute") -> Figure:
    """Score and similarity against the noise: a row of panels per network.

    Args:
        rows: of `ggig_sigma`.
        sign: "absolute" or "signed" maps.

    Returns:
        The figure: lines are means over images and draws, bands their 95 % bootstrap intervals over
        images. Dashed are the limits: 1/C for the score, for the similarity of each method that to
        its maps on unrelated models.
    """
    refuse_empty(rows)
    chosen = rows[rows["sign"] == sign]
    noise, unrelated = (chosen[chosen["against"] == kind] for kind in ("noise", "unrelated"))
    methods = in_order(list(chosen["method"].unique()))
    columns = [SCORE, *measures_in(noise)]

    def draw(axis: Axes, model: str, column: str) -> bool:
        mine = noise[noise["model"] == model]
        if not mine[column].notna().any():
            return False
        axis.set_title("class score" if column == SCORE else title_of(column), fontsize=9)
        if column == SCORE:
            once = mine.drop_duplicates(["image", "level", "draw"])
            draw_line(axis, once, "level", SCORE)
            axis.axhline(1 / mine["classes"].iloc[0], color="0.4", linestyle="--", linewidth=1)
            return True
        for method in methods:
            here = mine[mine["method"] == method]
            if here[column].notna().any():
                draw_line(axis, here, "level", column, method)
                floor = mean_of(_of(unrelated, model, method)[column]).value
                axis.axhline(floor, linestyle="--", linewidth=0.9, color=look_of(method)[0])
        return True

    models = list(dict.fromkeys(noise["model"]))
    figure, axes = panels(models, columns, draw, width=2.3, height=2.3)
    name_rows(axes, map(network_on_lines, models))
    figure.supxlabel("noise on the weights, in standard deviations of the weights", fontsize=9)
    label_outside(figure)
    return figure


def limit_table(
    sources: Mapping[str, pd.DataFrame], margin: float, sign: str = "absolute"
) -> pd.DataFrame:
    """Where each curve reaches its limit, what is left at the last level, and the limit itself.

    Args:
        sources: rows of `ggig_sigma` by where they come from.
        margin: how near is reached.
        sign: "absolute" or "signed" maps.

    Returns:
        A line per network, method and source, which form the index, and one per network for the
        score; a column per measure. Cells are HTML: the level from which on the mean stays within
        the margin above the limit (of the score: around it), "—" if there is none, with the middle
        95 % of that level where images and draws are both resampled; below it "last mean / limit".
        The last column counts maps without a similarity, one of the two being constant.
    """
    lines: dict[tuple[str, str, str], dict[str, str]] = {}
    for source, rows in sources.items():
        chosen = rows[rows["sign"] == sign]
        noise, unrelated = (chosen[chosen["against"] == kind] for kind in ("noise", "unrelated"))
        for model, group in noise.groupby("model", sort=False):
            score = {"class score": _cell(score_reached(group, margin))}
            lines[network(str(model)), "class score", on_two_lines(source)] = score
            for method in dict.fromkeys(group["method"]):
                mine = group[group["method"] == method]
                far = _of(unrelated, str(model), method)
                cells = {
                    title_of(measure): _cell(similarity_reached(mine, far, measure, margin))
                    for measure in measures_in(noise)
                }
                name = ggig_name(method)
                lines[network(str(model)), name, on_two_lines(source)] = {
                    **cells,
                    "undefined": undefined_share(pd.concat([mine, far])),
                }
    return text_table(lines, ["network", "method", "source"])


def floor_table(noise: pd.DataFrame, cascade: pd.DataFrame, sign: str = "absolute") -> pd.DataFrame:
    """The limits under two ways of re-initialising a network.

    Args:
        noise: rows of `ggig_sigma`, whose unrelated networks are drawn as torch draws them.
        cascade: rows of `ggig_randomization`, whose last stage is drawn by its own initialiser.
        sign: "absolute" or "signed" maps.

    Returns:
        A line per network and method of both, which form the index; a column per measure. Cells
        read "as torch draws it / end of the cascade": mean similarity over images and draws of the
        maps on such networks and on the trained one.
    """
    torchs = noise[(noise["sign"] == sign) & (noise["against"] == "unrelated")]
    stages = cascade[(cascade["sign"] == sign) & (cascade["how"] == "cascade")]
    last = stages.groupby("model")["stage"].transform("max")
    drawn = stages[stages["stage"] == last]
    lines: dict[tuple[str, str], dict[str, str]] = {}
    for (model, method), mine in torchs.groupby(["model", "method"], sort=False):
        other = _of(drawn, str(model), str(method))
        if other.empty:
            continue
        lines[network(str(model)), ggig_name(str(method))] = {
            title_of(measure): " / ".join(
                number(mean_of(rows[measure]).value) for rows in (mine, other)
            )
            for measure in measures_in(torchs)
            if mine[measure].notna().any()
        }
    return text_table(lines, ["network", "method"])


def _cell(found: Reached | None) -> str:
    if found is None:
        return ""
    ends = f"{_level(found.low)}, {_level(found.high)}"
    return f"{_level(found.level)} [{ends}]<br>{number(found.last)} / {number(found.limit)}"


def _level(level: float) -> str:
    return "—" if np.isinf(level) else f"{level:g} σ"


def _of(rows: pd.DataFrame, model: str, method: str) -> pd.DataFrame:
    return rows[(rows["model"] == model) & (rows["method"] == method)]
