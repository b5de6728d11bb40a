"""XM-EQUIV: weighted fits beside fits of duplicated points, for every bin."""

from collections.abc import Iterator, Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from saliency_audit.ledger import Claim
from saliency_audit.ledger.external.tests.within_limits import within_limits
from saliency_audit.ledger.statistics import Estimate
from saliency_audit.ledger.summaries.means import mean_over_images
from saliency_audit.report.figures.panels import name_rows, refuse_empty
from saliency_audit.report.names import BASE_COLOUR, IDGI_COLOUR, network, on_two_lines
from saliency_audit.report.notebook.tables import text_table
from saliency_audit.report.words import estimate, estimate_below, number, with_exponent

# Gaps to the fit of the copies: of a fit that has their weights ⌊s/b⌋, and of the saliency's.
SAME = {
    "same_weights_parameter": "parameters, same weights",
    "same_weights_likelihood": "log-likelihood, same weights",
}
SALIENCY = {
    "mixture_wasserstein": "MW₂ to the saliency's fit",
    "log_likelihood": "log-likelihood, saliency's fit",
}
TITLES = ("difference of the fits", "difference in log-likelihood")
TIMES = {"seconds_weighted": "weighted", "seconds_duplicated": "duplicated"}
# Where points at 0, which a logarithmic axis lacks, are drawn.
LEAST = 1e-16


def show_equivalence(rows: pd.DataFrame, claim: Claim) -> Figure:
    """Gaps between the two fits by bin, with their limits, and what they cost.

    Args:
        rows: of `xmgd_equivalence`.
        claim: the one that declares the limits.

    Returns:
        The figure: a row of panels per network. A dot is a map, a dash the 95th percentile. Blue is
        the gap of a fit weighted by ⌊s/b⌋, which should keep below the grey line, the limit: on the
        left the largest of any parameter. Orange is that of a fit weighted by the saliency: on the
        left in MW₂. The right panel has the seconds of a fit.
    """
    refuse_empty(rows)
    models = list(dict.fromkeys(rows["model"]))
    bins = sorted(rows["bin"].unique(), reverse=True)
    figure, axes = plt.subplots(
        len(models),
        3,
        figsize=(8.4, 2.7 * len(models) + 0.3),
        sharex=True,
        sharey="col",
        squeeze=False,
        layout="constrained",
    )
    for panels, model in zip(axes, models, strict=True):
        mine = rows[rows["model"] == model]
        for axis, same, other, title in zip(panels, SAME, SALIENCY, TITLES, strict=False):
            _dots(axis, mine, bins, other, -0.12, BASE_COLOUR, "weights s")
            _dots(axis, mine, bins, same, 0.12, IDGI_COLOUR, "weights ⌊s/b⌋")
            axis.axhline(claim.external.parameters["at_most"][same], color="0.4", linewidth=1)
            axis.set_title(title, fontsize=9)
        for column, shift, colour in zip(
            TIMES, (-0.12, 0.12), (IDGI_COLOUR, BASE_COLOUR), strict=True
        ):
            _dots(panels[2], mine, bins, column, shift, colour, TIMES[column])
        panels[2].set_title("seconds of a fit", fontsize=9)
    for axis in axes.flat:
        axis.set_yscale("log")
        axis.tick_params(labelsize=8)
        axis.grid(axis="y", color="0.92", linewidth=0.6)
    for axis in axes[-1]:
        axis.set_xticks(range(len(bins)), [f"{width:g}" for width in bins])
        axis.set_xlabel("b", fontsize=9)
    name_rows(axes, map(network, models))
    for axis in (axes[0, 0], axes[0, 2]):
        axis.legend(fontsize=7, frameon=False, loc="best")
    return figure


def _dots(
    axis: Axes,
    rows: pd.DataFrame,
    bins: list[float],
    column: str,
    shift: float,
    colour: str,
    label: str,
) -> None:
    for place, width in enumerate(bins):
        values = np.maximum(rows.loc[rows["bin"] == width, column].dropna().to_numpy(), LEAST)
        if not len(values):
            continue
        spread = np.linspace(-0.07, 0.07, len(values)) if len(values) > 1 else np.zeros(1)
        named = label if place == 0 else None
        axis.plot(
            place + shift + spread, values, "o", color=colour, alpha=0.5, markersize=3, label=named
        )
        high = np.quantile(values, 0.95, method="inverted_cdf")
        axis.plot([place + shift - 0.1, place + shift + 0.1], [high] * 2, color=colour, linewidth=2)


def equivalence_table(sources: Mapping[str, pd.DataFrame], claim: Claim) -> pd.DataFrame:
    """Gaps and seconds by bin.

    Args:
        sources: rows of `xmgd_equivalence` by where they come from.
        claim: the one that declares statistic and limits.

    Returns:
        A line per network, bin and source. Gaps are 95th percentiles over the maps, seconds are
        means, with 95 % intervals.
    """
    lines: dict[tuple[str, str, str], dict[str, str]] = {}
    for source, rows in sources.items():
        for (model, width), group in rows.groupby(["model", "bin"], sort=False):
            gaps = dict(_percentiles(group, claim))
            known = group.dropna(subset=["mixture_wasserstein"])
            lines[network(str(model)), f"{width:g}", on_two_lines(source)] = {
                "saliency lost": f"{group['lost'].mean():.1%}",
                **{title: _small(gaps.get(column)) for column, title in SAME.items()},
                **{title: estimate(gaps.get(column)) for column, title in SALIENCY.items()},
                "copies": number(known["copies"].mean(), 0),
                **{f"seconds, {title}": _mean(known, column) for column, title in TIMES.items()},
                "maps": f"{len(known)}",
            }
    return text_table(lines, ["network", "b", "source"])


def _percentiles(rows: pd.DataFrame, claim: Claim) -> Iterator[tuple[str, Estimate]]:
    """The declared percentile of every gap, of rows of one bin; no limit matters here."""
    columns = dict.fromkeys([*SAME, *SALIENCY], 1.0)
    asked = {**claim.external.parameters, "at_most": columns, "where": {}, "each": ()}
    for item in within_limits(rows, asked).comparisons:
        yield item.keys["value"], item.estimate


def _small(found: Estimate | None) -> str:
    """With its interval, in powers of ten."""
    if found is None:
        return "—"
    return f"{with_exponent(found.value)} [{with_exponent(found.low)}, {with_exponent(found.high)}]"


def _mean(rows: pd.DataFrame, column: str) -> str:
    values = rows[column].to_numpy(dtype=float)
    if not len(values):
        return "—"
    return estimate_below(mean_over_images(values, rows["image"].tolist()))
