"""What the choices that the paper leaves open do to XMGD of the same maps."""

from collections.abc import Iterator, Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from saliency_audit.ledger.summaries.survival import Survival, joint_survival, survival
from saliency_audit.report.figures.panels import draw_estimate, name_rows, panels, refuse_empty
from saliency_audit.report.names import (
    BASE_COLOUR,
    IDGI_COLOUR,
    method_name,
    network,
    on_two_lines,
)
from saliency_audit.report.notebook.tables import text_table
from saliency_audit.report.words import estimate
from saliency_audit.study.experiments.xmgd_sensitivity import NOTHING

# Of the differences that are decided, from the most to the least reassuring.
FATES = {"kept": IDGI_COLOUR, "undecided": "0.8", "turned": BASE_COLOUR}
# What is changed, in print; under "" all of these.
CHANGES = {
    "components": "the number of Gaussians",
    "width": "b",
    "levels": "the sides of the filters",
    "window": "the kind of filters",
    "seed": "the seed of EM",
    "": "any of these",
}
RATIO, SHARE = "XMGD, as a multiple", "decided differences"


def choice_name(changed: str, value: str) -> str:
    """`levels`, `9` becomes "filters up to 9 × 9"."""
    if changed == "levels":
        return "no filter" if value == "1" else f"filters up to {value} × {value}"
    if changed == "width":
        return "the saliency itself" if value == "0" else f"b = {value}"
    names = {"components": f"{value} Gaussians", "window": f"{value.capitalize()} filters"}
    return names.get(changed, f"{changed} {value}")


def show_sensitivity(rows: pd.DataFrame) -> Figure:
    """How much each choice moves XMGD, and which differences survive it.

    Args:
        rows: of `xmgd_sensitivity`.

    Returns:
        The figure: a row of panels per network. On the left XMGD with the choice as a multiple of
        XMGD without it, the mean over images of all pairs of methods, with its 95 % bootstrap
        interval. On the right what becomes of the differences between distances that are decided
        without it: blue are decided the same way, grey are undecided, orange are the other way.
    """
    refuse_empty(rows)
    found = dict(_by_network(rows))

    def draw(axis: Axes, model: str, what: str) -> bool:
        decided, choices = found[model]
        for place, each in enumerate(choices.values()):
            if what == RATIO:
                draw_estimate(axis, each.ratio, place, color=BASE_COLOUR, fmt="o", markersize=4)
                continue
            start = 0
            for fate, colour in FATES.items():
                count = getattr(each, fate)
                axis.barh(place, count, left=start, color=colour, label=fate if not place else None)
                start += count
        axis.set_yticks(range(len(choices)), [choice_name(*choice) for choice in choices])
        axis.tick_params(labelsize=8)
        if what == RATIO:
            axis.axvline(1, color="0.4", linewidth=1)
        else:
            axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.set_title(what if what == RATIO else f"{decided} {what}", fontsize=9)
        return True

    lines = max(len(choices) for _, choices in found.values())
    figure, axes = panels(
        list(found), [RATIO, SHARE], draw, width=3.2, height=0.22 * lines + 0.4, sharex="col"
    )
    name_rows(axes, (on_two_lines(network(model)) for model in found))
    for axis in axes[:, 0]:
        axis.set_ylim(lines - 0.5, -0.5)
    axes[0, -1].legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def sensitivity_table(sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The same as numbers.

    Args:
        sources: rows of `xmgd_sensitivity` by where they come from.

    Returns:
        A line per network, choice and source: XMGD as a multiple with its interval, and of the
        differences that are decided without the choice how many are kept, undecided, turned; last
        how many others are decided with it.
    """
    lines: dict[tuple[str, str, str], dict[str, str]] = {}
    for source, rows in sources.items():
        for model, (decided, choices) in _by_network(rows):
            for choice, each in choices.items():
                lines[network(model), choice_name(*choice), on_two_lines(source)] = {
                    RATIO: estimate(each.ratio),
                    "kept": f"{each.kept} of {decided}",
                    "undecided": str(each.undecided),
                    "turned": str(each.turned),
                    "decided anew": str(each.fresh),
                    "images": str(each.ratio.n),
                }
    return text_table(lines, ["network", "choice", "source"])


def survivors_table(sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """How many decided differences survive all values of a choice, and all choices.

    Args:
        sources: rows of `xmgd_sensitivity` by where they come from.

    Returns:
        A line per network, what is changed, and source. A difference that turns under one value
        and is undecided under another counts as turned. Last the method that is farthest from the
        others, with nothing changed, and others if a value puts them into its place.
    """
    lines: dict[tuple[str, str, str], dict[str, str]] = {}
    for source, rows in sources.items():
        for model, group in rows.groupby("model", sort=False):
            for changed, each in joint_survival(group, NOTHING).items():
                decided = each.kept + each.undecided + each.turned
                values = group.loc[group["changed"] == changed, "value"].unique()
                lines[network(str(model)), CHANGES[changed], on_two_lines(source)] = {
                    "values": ", ".join(values),
                    "kept under all": f"{each.kept} of {decided}",
                    "undecided under some": str(each.undecided),
                    "turned under some": str(each.turned),
                    "farthest": ", ".join(method_name(name) for name in each.farthest),
                }
    return text_table(lines, ["network", "changed", "source"])


def _by_network(
    rows: pd.DataFrame,
) -> Iterator[tuple[str, tuple[int, dict[tuple[str, str], Survival]]]]:
    for model, group in rows.groupby("model", sort=False):
        yield str(model), survival(group, NOTHING)
