"""IDGI-COST: images per second and the share of plain passes, beside the printed time."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from saliency_audit.ledger import Claim, Comparison, Outcome
from saliency_audit.report.figures.panels import refuse_empty
from saliency_audit.report.names import BASE_COLOUR, IDGI_COLOUR, PATH_NAMES, method_name, network
from saliency_audit.report.notebook.runs import by_scope
from saliency_audit.report.notebook.tables import text_table
from saliency_audit.report.words import estimate, number

DEVICE = "one V100"
METHODS = [f"{path}{suffix}" for path in PATH_NAMES for suffix in ("", "+idgi")]


def printed_rate(claim: Claim) -> float:
    """Images per second that the claim's time and number of images come to."""
    declared = claim.external.parameters
    return float(declared["images"] / (declared["hours"] * 3600))


def show_cost(rows: pd.DataFrame, claim: Claim) -> Figure:
    """Images per second and points per second as a share of plain passes, per network and method.

    Args:
        rows: rows of the experiment `idgi_cost`.
        claim: the one whose rate is drawn as a dashed line.

    Returns:
        The figure: a row of panels per network. Dots are timed batches, bars their medians.
    """
    refuse_empty(rows)
    models = sorted(rows["model"].unique(), key=network)
    figure, axes = plt.subplots(
        len(models),
        2,
        figsize=(8.2, 2.1 * len(models) + 0.7),
        sharex="col",
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for (rates, shares), model in zip(axes, models, strict=True):
        chosen = rows[rows["model"] == model]
        _draw(rates, chosen, chosen["images"] / chosen["seconds"])
        _draw(shares, chosen, 100 * chosen["raw_seconds"] / chosen["seconds"])
        rates.axvline(printed_rate(claim), color="0.2", linestyle="--", linewidth=1)
        shares.axvline(100, color="0.2", linestyle=":", linewidth=1)
        devices = ", ".join(sorted({str(device) for device in chosen["device"]}))
        rates.set_title(network(model), fontsize=9)
        shares.set_title(f"on {devices}", fontsize=9)
    axes[0, 0].invert_yaxis()
    axes[-1, 0].set_xscale("log")
    axes[-1, 0].xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes[-1, 0].xaxis.set_major_formatter("{x:g}")
    axes[-1, 0].xaxis.set_minor_formatter(NullFormatter())
    axes[-1, 0].set_xlabel(f"images per second (dashed: the paper's, {DEVICE})", fontsize=9)
    axes[-1, 1].set_xlabel("speed as a share of plain passes (%)", fontsize=9)
    axes[-1, 1].set_xlim(left=0)
    return figure


def _draw(axis: Axes, rows: pd.DataFrame, values: pd.Series) -> None:
    methods = [method for method in METHODS if method in set(rows["method"])]
    for line, method in enumerate(methods):
        found = values[rows["method"] == method]
        colour = IDGI_COLOUR if method.endswith("+idgi") else BASE_COLOUR
        axis.plot(found, [line] * len(found), "o", color=colour, alpha=0.6, markersize=4)
        axis.plot([found.median()] * 2, [line - 0.3, line + 0.3], color=colour, linewidth=2.5)
    axis.set_yticks(range(len(methods)), [method_name(method) for method in methods])
    axis.tick_params(labelsize=8)


def cost_table(claim: Claim, results: Mapping[str, Outcome]) -> pd.DataFrame:
    """Rate, share of plain passes and hours: what the paper prints, then what our runs found.

    Args:
        claim: the one that states hours and a number of images.
        results: outcome of the test `cost` by the name of the run.

    Returns:
        One line per source, network and method, with 95 % intervals of the medians. The hours are
        for the claim's number of images. Before those of a run stands their mean, which decides.
    """
    declared = claim.external.parameters
    hours = f"hours for {declared['images']:,} images".replace(",", " ")
    lines = {
        ("paper", "mean of ten", "mean of six"): {
            "images per second": number(printed_rate(claim), 2),
            hours: f"{declared['hours']:g}",
        }
    }
    for run, result in by_scope(results).items():
        for item in (item for item in result.comparisons if item.decides):
            lines[run, "all", f"mean of {item.estimate.n}"] = {hours: estimate(item.estimate)}
        timed = (item for item in result.comparisons if not item.decides)
        for item in sorted(timed, key=_place):
            key = run, network(item.keys["model"]), method_name(item.keys["method"])
            lines[key] = {
                "images per second": estimate(item.extra["images per second"]),
                "share of plain passes": estimate(item.extra["share of plain passes"]),
                hours: number(item.other, 2),
                "timed batches": str(item.estimate.n),
            }
    columns = ["images per second", "share of plain passes", hours, "timed batches"]
    return text_table(lines, ["source", "network", "method"], columns=columns)


def _place(item: Comparison) -> tuple[str, int]:
    return network(item.keys["model"]), METHODS.index(item.keys["method"])
