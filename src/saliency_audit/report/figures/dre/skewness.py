"""DRE-SKEW: other inputs before and after the controller, and their skewness."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from saliency_audit.attributions.controlled_scores import (
    ControlledScores,
    ScoreLaw,
    skew_normal_scores,
    two_normals,
    uniform_scores,
)
from saliency_audit.ledger.summaries.bands import Band, spread_band
from saliency_audit.report.figures.dre.density import GRID, HIGHEST
from saliency_audit.report.figures.panels import label_outside, refuse_empty
from saliency_audit.report.names import BASE_COLOUR, IDGI_COLOUR
from saliency_audit.report.notebook.tables import narrow, text_table
from saliency_audit.report.words import number, percent
from saliency_audit.study.experiments.dre_skewness import AFTER, BEFORE
from saliency_audit.study.score_maps import appendix

SHARES = tuple(tenth / 10 for tenth in range(1, 10))


def show_examples(eta: float, h: float) -> Figure:
    """The paper's Figure 6 in closed form: inputs in the first row, outputs in the second.

    Args:
        eta: of the controller.
        h: of the controller.

    Returns:
        A column per input; Pearson's coefficient stands above each panel. The paper does not say
        which skew normal distributions and mixtures it shows.
    """
    laws = (
        uniform_scores(),
        two_normals(4, 0.5),
        two_normals(4, 0.2),
        skew_normal_scores(-20),
        skew_normal_scores(20),
    )
    figure, axes = plt.subplots(2, len(laws), figsize=(9.6, 4.2), layout="constrained")
    for (upper, lower), law in zip(axes.T, laws, strict=True):
        output = ControlledScores(law, eta, h)
        draw_input(upper, law)
        lower.plot(GRID, output.density(GRID), color=IDGI_COLOUR)
        upper.set_title(f"{_printed(law.name)}\nskewness {number(law.skewness, 2)}", fontsize=8)
        lower.set_title(f"skewness {number(output.skewness, 2)}", fontsize=8)
        lower.set_ylim(0, HIGHEST)
        for axis in (upper, lower):
            axis.tick_params(labelsize=7)
    axes[0, 0].set_ylabel("before", fontsize=9)
    axes[1, 0].set_ylabel("after", fontsize=9)
    return figure


def _printed(name: str) -> str:
    """A distribution's name with a real minus sign."""
    return name.replace("-", "−")


def draw_input(axis: Axes, law: ScoreLaw, **look: Any) -> None:
    """The density before the controller, over the standardised scores y."""
    y = np.linspace(-3.5, 3.5, 1401)
    x = law.mean + law.std * y
    axis.plot(y, law.pdf(x) * law.std, **({"color": BASE_COLOUR} | look))


def show_families(eta: float, h: float) -> Figure:
    """The paper's Figures 13 to 15 in closed form: left the inputs, right the outputs.

    Args:
        eta: of the controller.
        h: of the controller.

    Returns:
        A row per family: uniform, skew normal with a from −20 to 20, and the mixtures of every μ₂
        with r₁ from 0.1 to 0.9. Inputs are drawn over the standardised scores.
    """
    mixtures = {f"mixture, μ₂ = {mu}": [two_normals(mu, r) for r in SHARES] for mu in (2, 4, 8, 16)}
    families: Mapping[str, Sequence[ScoreLaw]] = {
        "uniform": [uniform_scores()],
        "skew normal": [skew_normal_scores(a) for a in range(-20, 21, 4)],
        **mixtures,
    }
    ends = {"uniform": ("", ""), "skew normal": ("a = −20", "a = 20")}
    figure, axes = plt.subplots(len(families), 2, figsize=(8.4, 11), layout="constrained")
    for (left, right), (name, laws) in zip(axes, families.items(), strict=True):
        colours = plt.get_cmap("viridis")(np.linspace(0, 0.85, len(laws)))
        first, last = ends.get(name, ("r₁ = 0.1", "r₁ = 0.9"))
        for place, (colour, law) in enumerate(zip(colours, laws, strict=True)):
            label = {0: first, len(laws) - 1: last}.get(place, "") or None
            draw_input(left, law, color=colour, label=label, linewidth=1.1)
            right.plot(
                GRID, ControlledScores(law, eta, h).density(GRID), color=colour, linewidth=1.1
            )
        right.set_ylim(0, HIGHEST)
        left.set_ylabel(name, fontsize=9)
        if first:
            left.legend(fontsize=8, frameon=False)
        for axis in (left, right):
            axis.tick_params(labelsize=7)
    axes[0, 0].set_title("before, standardised", fontsize=9)
    axes[0, 1].set_title("after the controller", fontsize=9)
    return figure


def show_skewness(rows: pd.DataFrame, laws: Sequence[ScoreLaw], eta: float, h: float) -> Figure:
    """Pearson's coefficient before and after, per input: lines in closed form, points drawn.

    Args:
        rows: of `dre_skewness`.
        laws: those that the rows may hold, by their names.
        eta: of the controller of the rows.
        h: the same.

    Returns:
        A panel per family, an input per line; points are means over the drawn maps, bars hold the
        middle 95 % of the maps, black strokes are the closed form.

    Raises:
        ValueError: no rows.
    """
    refuse_empty(rows)
    present = set(rows["distribution"])
    families = {
        "uniform, skew normal": [law for law in laws if not law.name.startswith("mixture")],
        "mixtures": [law for law in laws if law.name.startswith("mixture")],
    }
    shown = {name: [law for law in each if law.name in present] for name, each in families.items()}
    shown = {name: each for name, each in shown.items() if each}
    tallest = max(map(len, shown.values()))
    figure, axes = plt.subplots(
        1,
        len(shown),
        figsize=(4.2 * len(shown), 0.17 * tallest + 1.4),
        squeeze=False,
        layout="constrained",
    )
    for axis, (title, family) in zip(axes[0], shown.items(), strict=True):
        order = [law.name for law in reversed(family)]
        outputs = [ControlledScores(law, eta, h).skewness for law in reversed(family)]
        exact = {BEFORE: [law.skewness for law in reversed(family)], AFTER: outputs}
        axis.hlines(range(len(family)), *exact.values(), color="0.8", linewidth=1, zorder=0)
        for method, colour in ((BEFORE, BASE_COLOUR), (AFTER, IDGI_COLOUR)):
            band = _spread(rows[rows["method"] == method], order)
            axis.hlines(band.places, band.low, band.high, color=colour, linewidth=2.5, alpha=0.5)
            axis.plot(band.values, band.places, "o", color=colour, markersize=3.5, label=method)
            axis.plot(exact[method], band.places, "|", color="black", markersize=7)
        axis.axvline(0, color="0.4", linewidth=0.8)
        axis.set_yticks(range(len(family)), [_printed(name) for name in order])
        axis.set_ylim(-0.8, len(family) - 0.2)
        axis.set_title(title, fontsize=9)
        axis.tick_params(labelsize=7)
    figure.supxlabel("Pearson's coefficient of skewness", fontsize=9)
    label_outside(figure)
    return figure


def _spread(rows: pd.DataFrame, names: Sequence[str]) -> Band:
    """Mean and middle 95 % of the maps of every distribution, at its place among the names."""
    table = rows.pivot(index="map", columns="distribution", values="pearson_skewness")[list(names)]
    return spread_band(table.set_axis(range(len(names)), axis=1), (0.025, 0.975))


def laws_of(
    shapes: Sequence[float], means: Sequence[float], shares: Sequence[float]
) -> list[ScoreLaw]:
    """The inputs of a run of `dre_skewness` in closed form."""
    return [scores.law for scores in appendix(shapes, means, shares)]


def statement_table(eta: float, h: float) -> pd.DataFrame:
    """What Appendix B says of its figures, as numbers in closed form.

    Args:
        eta: of the controller.
        h: of the controller.
    """

    def output(law: ScoreLaw) -> ControlledScores:
        return ControlledScores(law, eta, h)

    uniform, left, right = (
        output(law) for law in (uniform_scores(), skew_normal_scores(-20), skew_normal_scores(20))
    )
    far, near = (
        [output(two_normals(mu, r)) for mu in several for r in SHARES]
        for several in ((8, 16), (2, 4))
    )
    wasted = output(two_normals(16, 0.9))
    small = [output(two_normals(mu, 0.1)) for mu in (2, 4, 8, 16)]
    lines = {
        "Fig. 13: uniform scores get a clear right tail over (0, 1)": (
            f"skewness {number(uniform.skewness, 2)}; {percent(uniform.share_between(0.5, 1))} "
            f"above 1/2, none above {number(uniform.quantile(1 - 1e-9), 2)}"
        ),
        "Fig. 14: so do skew normal ones, left- or right-skewed": "; ".join(
            f"a = {name}: skewness {number(each.skewness, 2)}, "
            f"{percent(each.share_between(0.5, 1))} above 1/2, 1 in 1000 above "
            f"{number(each.quantile(0.999), 2)}"
            for name, each in (("−20", left), ("20", right))
        ),
        "Fig. 15: with μ₂=16 and r₁=0.9, hardly any score lies in (0.2, 0.8)": (
            f"{percent(wasted.share_between(0.2, 0.8))} of the scores"
        ),
        "Fig. 15: with near modes, only a minority is close to 1": (
            "largest share above 0.9, μ₂ in {2, 4}: "
            f"{percent(max(each.share_between(0.9, 1) for each in near))}"
            f" (μ₂ in {{8, 16}}: {percent(max(each.share_between(0.9, 1) for each in far))})"
        ),
        "Fig. 15: small r₁ is guided towards the right-skewed": "; ".join(
            f"μ₂={mu}, r₁=0.1: {number(each.law.skewness, 2)} to {number(each.skewness, 2)}"
            for mu, each in zip((2, 4, 8, 16), small, strict=True)
        ),
        "§3.4.3: away from the left-skewed ones": (
            f"{sum(each.skewness < 0 for each in (*near, *far))} of 36 mixtures and "
            f"{sum(each.skewness < 0 for each in (uniform, left, right))} of the three others "
            "are still left-skewed"
        ),
    }
    cells = {
        (narrow(statement, end="\n"),): {"number": narrow(text, 46)}
        for statement, text in lines.items()
    }
    return text_table(cells, ["statement"])
