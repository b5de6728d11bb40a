"""XM-TIME: seconds of one comparison of two maps, by three ways."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from saliency_audit.ledger import Claim
from saliency_audit.ledger.statistics import Estimate
from saliency_audit.ledger.summaries.means import mean_over_images
from saliency_audit.report.figures.panels import refuse_empty
from saliency_audit.report.names import BASE_COLOUR, IDGI_COLOUR, network, on_two_lines
from saliency_audit.report.notebook.tables import text_table
from saliency_audit.report.words import estimate_below, three_figures
from saliency_audit.study.experiments.xmgd_time import DUPLICATED, KEPT, WEIGHTED

WAYS = (DUPLICATED, WEIGHTED, KEPT)


@dataclass(frozen=True)
class Way:
    """What a comparison costs by one way, on maps of one size.

    Attributes:
        model: whose maps.
        side: of the maps.
        way: one of `WAYS`.
        seconds: mean with its 95 % interval over the images.
        times: how many times the seconds of ours it takes, image by image; the same of the median.
    """

    model: str
    side: int
    way: str
    seconds: Estimate
    times: float


def way_costs(rows: pd.DataFrame) -> Iterator[Way]:
    """Of every network, size and way."""
    for (model, side), group in rows.groupby(["model", "side"], sort=False):
        table = group.pivot(index="image", columns="way", values="seconds")
        for way in WAYS:
            values = table[way].to_numpy(dtype=float)
            times = float((table[way] / table[WEIGHTED]).median())
            yield Way(str(model), int(str(side)), way, mean_over_images(values), times)


def show_seconds(rows: pd.DataFrame, claim: Claim) -> Figure:
    """Seconds of every comparison by every way.

    Args:
        rows: of `xmgd_time`.
        claim: the one that declares between which times the paper's way should lie.

    Returns:
        The figure: a dot per pair of maps, a bar at the mean with its interval, and in grey the
        times that agree with the paper's minute.
    """
    refuse_empty(rows)
    ways = list(way_costs(rows))
    figure, axis = plt.subplots(figsize=(6.6, 0.42 * len(ways) + 1.1), layout="constrained")
    limits = claim.external.parameters
    axis.axvspan(limits["at_least"], limits["at_most"], color="0.9", linewidth=0)
    labels = []
    for place, way in enumerate(ways):
        mine = rows[(rows["model"] == way.model) & (rows["side"] == way.side)]
        seconds = mine.loc[mine["way"] == way.way, "seconds"]
        colour = BASE_COLOUR if way.way == DUPLICATED else IDGI_COLOUR
        axis.plot(seconds, [place] * len(seconds), "o", color=colour, alpha=0.5, markersize=4)
        axis.plot([way.seconds.value] * 2, [place - 0.3, place + 0.3], color=colour, linewidth=2.5)
        ends = [way.seconds.low, way.seconds.high]
        axis.plot(ends, [place] * 2, color=colour, linewidth=1.5)
        labels.append(f"{way.way}, {way.side}×{way.side}")
    axis.set_yticks(range(len(ways)), labels)
    axis.invert_yaxis()
    axis.set_xscale("log")
    axis.tick_params(labelsize=8)
    axis.set_xlabel(f"seconds of one comparison, on {', '.join(sorted(set(rows['device'])))}")
    return figure


def seconds_table(sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Seconds of one comparison, and as a multiple of ours.

    Args:
        sources: rows of `xmgd_time` by where they come from.

    Returns:
        A line per way, maps and source. "times ours" is the median over the images, so that other
        work on the machine, which slows all ways of an image alike, drops out.
    """
    lines: dict[tuple[str, str, str], dict[str, str]] = {}
    for source, rows in sources.items():
        for way in way_costs(rows):
            size = f"{network(way.model)}, {way.side}×{way.side}"
            lines[way.way, size, on_two_lines(source)] = {
                "seconds": estimate_below(way.seconds),
                "times ours": three_figures(way.times),
                "comparisons": f"{way.seconds.n}",
            }
    return text_table(lines, ["way", "maps", "source"])
