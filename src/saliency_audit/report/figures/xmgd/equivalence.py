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

GAPS = {"mixture_wasserstein": "MW₂ between the fits", "log_likelihood": "gap of log-likelihood"}
# The same of a fit that has the weights ⌊s/b⌋.
SAME = ["same_weights_parameter", "same_weights_likelihood"]
TIMES = {"seconds_weighted": "weighted", "seconds_duplicated": "duplicated"}
# Where points at 0, which a logarithmic axis lacks, are drawn.
LEAST = 1e-16


def show_equivalence(rows: pd.DataFrame, claim: Claim) -> Figure:
    """Gaps between the two fits by bin, with their limits, and what they cost.

    Args:
        rows: of `xmgd_equivalence`.
        claim: the one that declares the limits.

    Returns:
        The figure: a row of panels per network. A dot is a map. On the left, blue dots are the gap
        of a fit weighted by ⌊s/b⌋ itself, where the two should be one; orange ones that of the
        saliency; a line is the limit, a dash the 95th percentile. On the right seconds of a fit.
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
    same = dict(zip(GAPS, SAME, strict=True))
    for panels, model in zip(axes, models, strict=True):
        mine = rows[rows["model"] == model]
        for axis, (column, title) in zip(panels, GAPS.items(), strict=False):
            _dots(axis, mine, bins, column, -0.12, BASE_COLOUR, "weights s")
            _dots(axis, mine, bins, same[column], 0.12, IDGI_COLOUR, "weights ⌊s/b⌋")
            axis.axhline(claim.external.parameters["at_most"][column], color="0.4", linewidth=1)
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
        means, with 95 % intervals; of a fit with the weights ⌊s/b⌋, the largest gap of any map.
    """
    lines: dict[tuple[str, str, str], dict[str, str]] = {}
    for source, rows in sources.items():
        for (model, width), group in rows.groupby(["model", "bin"], sort=False):
            gaps = dict(_percentiles(group, claim, float(str(width))))
            known = group.dropna(subset=["mixture_wasserstein"])
            lines[network(str(model)), f"{width:g}", on_two_lines(source)] = {
                "saliency lost": f"{group['lost'].mean():.1%}",
                **{title: estimate(gaps.get(column)) for column, title in GAPS.items()},
                "largest gap, same weights": with_exponent(float(known[SAME].to_numpy().max())),
                "copies": number(known["copies"].mean(), 0),
                **{f"seconds, {title}": _mean(known, column) for column, title in TIMES.items()},
                "maps": f"{len(known)}",
            }
    return text_table(lines, ["network", "b", "source"])


def _percentiles(rows: pd.DataFrame, claim: Claim, width: float) -> Iterator[tuple[str, Estimate]]:
    declared = claim.external.parameters
    asked = {**declared, "where": {**declared["where"], "bin": width}}
    for item in within_limits(rows, asked).comparisons:
        yield item.keys["value"], item.estimate


def _mean(rows: pd.DataFrame, column: str) -> str:
    values = rows[column].to_numpy(dtype=float)
    if not len(values):
        return "—"
    return estimate_below(mean_over_images(values, rows["image"].tolist()))
