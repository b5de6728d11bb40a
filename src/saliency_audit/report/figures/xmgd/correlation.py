"""XM-CORR: correlations of tables by what they share, tables as in Figure 3, and what six tell."""

from collections.abc import Iterator, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from saliency_audit.datasets.faceforensics import GENERATORS
from saliency_audit.ledger import Outcome
from saliency_audit.ledger.external.evidence.distance_tables import (
    DETECTOR,
    GENERATOR,
    NOTHING,
    linked_tables,
)
from saliency_audit.ledger.printed import printed_table
from saliency_audit.ledger.statistics import Estimate
from saliency_audit.ledger.summaries.few_distances import BY_CHANCE, order_frequencies
from saliency_audit.ledger.summaries.table_correlations import TablePair, table_pairs, with_fisher
from saliency_audit.report.figures.panels import (
    draw_estimate,
    label_outside,
    legend_outside,
    refuse_empty,
)
from saliency_audit.report.figures.xmgd.distances import draw_distances
from saliency_audit.report.figures.xmgd.spread import MEASURES
from saliency_audit.report.names import (
    BASE_COLOUR,
    DETECTOR_NAMES,
    IDGI_COLOUR,
)
from saliency_audit.report.notebook.runs import by_scope
from saliency_audit.report.notebook.tables import narrow, text_table
from saliency_audit.report.words import estimate, number

SHOWN = ("xmgd", "kl_divergence")
KINDS = {
    GENERATOR: "same generator",
    DETECTOR: "same detector",
    NOTHING: "nothing shared",
}
# Two 4 × 4 tables have 6 distinct distances, 16 cells with the diagonal and both halves.
DISTANCES = 6
COUNTS = (6, 10, 16, 28, 45, 100, 190, 400)


def combination_name(detector: str, generator: str) -> str:
    """A detector and what it detects, in print."""
    return f"{DETECTOR_NAMES.get(detector, detector)}, {GENERATORS.get(generator, generator)}"


def named(text: str) -> str:
    """A comparison's key in print: a measure, or detectors × generators."""
    left, cross, right = text.partition(" × ")
    if not cross:
        return MEASURES.get(text, text)
    detectors, generators = left.split(", "), right.split(", ")
    names = ", ".join(DETECTOR_NAMES.get(each, each) for each in detectors)
    return f"{names} × {', '.join(GENERATORS.get(each, each) for each in generators)}"


def show_groups(results: Mapping[str, Outcome], rows: Mapping[str, pd.DataFrame]) -> Figure:
    """Mean correlation of tables by what they share, over the correlation of every two.

    Args:
        results: outcome of the claim's test by the name of the run.
        rows: of the runs, of the same names.

    Returns:
        The figure: a row of panels per set of combinations, a column per measure. Grey dots are
        pairs of combinations, marks their means with bootstrap intervals over images; crosses are
        the paper's three numbers, of one pair each.
    """
    lines = list(_groups(results))
    if not lines:
        raise ValueError("no comparison to show: two detectors and two generators are needed")
    figure, axes = plt.subplots(
        len(lines),
        len(SHOWN),
        figsize=(7.4, 1.9 * len(lines) + 0.5),
        sharex=True,
        squeeze=False,
        layout="constrained",
    )
    places = {kind: len(KINDS) - rank for rank, kind in enumerate(KINDS)}
    for row, (run, title, means) in zip(axes, lines, strict=True):
        for axis, measure in zip(row, SHOWN, strict=True):
            _draw_pairs(axis, _pairs_of(rows[run], measure, title), places)
            for kind, mean in means.get(measure, {}).items():
                draw_estimate(
                    axis, mean, places[kind], fmt="o", color=IDGI_COLOUR, capsize=3, label="mean"
                )
            if measure == "xmgd":
                printed = printed_correlations()
                axis.plot(
                    [printed[kind] for kind in places],
                    list(places.values()),
                    "X",
                    color=BASE_COLOUR,
                    label="the paper",
                )
            axis.text(0.02, 0.97, MEASURES[measure], transform=axis.transAxes, va="top", fontsize=9)
            axis.set_yticks(list(places.values()), [KINDS[kind] for kind in places], fontsize=8)
            axis.set_ylim(0.4, len(places) + 0.6)
            axis.set_xticks([-1, -0.5, 0, 0.5, 1])
            axis.tick_params(labelsize=8)
            if axis is not row[0]:
                axis.set_yticklabels([])
        row[0].set_title(narrow(named(title), 100, "\n"), loc="left", fontsize=8)
    for axis in axes[-1]:
        axis.set_xlabel("correlation of two tables", fontsize=8)
    symbols, labels = axes[0, 0].get_legend_handles_labels()
    once = dict(zip(labels, symbols, strict=True))
    legend_outside(figure, list(once.values()), list(once), columns=len(once))
    return figure


def _groups(
    results: Mapping[str, Outcome],
) -> Iterator[tuple[str, str, dict[str, dict[str, Estimate]]]]:
    """Run, title of the combinations, and means by measure and what is shared."""
    for run, result in results.items():
        for outcome in by_scope({run: result}).values():
            titles = dict.fromkeys(item.keys["combinations"] for item in outcome.comparisons)
            for title in titles:
                means: dict[str, dict[str, Estimate]] = {}
                for item in outcome.comparisons:
                    if item.keys["combinations"] == title:
                        found = means.setdefault(item.keys["measure"], {})
                        for name, mean in item.extra.items():
                            found[name.removesuffix(" shared")] = mean
                yield run, title, means


def _pairs_of(rows: pd.DataFrame, measure: str, title: str) -> list[TablePair]:
    of_title = (tables for tables in linked_tables(rows, measure) if tables.title == title)
    names = {name for tables in of_title for name in tables.names}
    return [pair for pair in table_pairs(rows, measure) if pair.first in names]


def _draw_pairs(axis: Axes, pairs: Sequence[TablePair], places: Mapping[str, int]) -> None:
    for kind, place in places.items():
        values = sorted(pair.correlation.value for pair in pairs if pair.shared == kind)
        shift = 0.3 * np.sin(2.4 * np.arange(len(values)))
        axis.plot(
            values, place + shift, "o", color="#999999", ms=2.5, alpha=0.6, label="a pair of tables"
        )


def printed_correlations() -> dict[str, float]:
    """The paper's three correlations by what the two tables share."""
    table = printed_table("xmgd", "section_5")
    return {str(shared): float(value) for shared, value in table[["shared", "value"]].to_numpy()}


def show_tables(rows: pd.DataFrame) -> Figure:
    """Tables of three combinations as in the paper's Figure 3: KL above, XMGD below.

    The first two detectors and the first and the last generator of the rows: left and middle share
    the generator, middle and right the detector.

    Args:
        rows: of `xmgd_correlation`.

    Returns:
        The figure: distances with their bootstrap intervals over images, shaded from 0 to the
        largest of a table; beside each row of panels the three correlations with Fisher's
        intervals.
    """
    refuse_empty(rows)
    measures = [name for name in reversed(SHOWN) if name in set(rows["method"])]
    figure, axes = plt.subplots(
        len(measures), 3, figsize=(8.6, 3.3 * len(measures)), squeeze=False, layout="constrained"
    )
    methods = list(dict.fromkeys([*rows["first"], *rows["second"]]))
    for row, measure in zip(axes, measures, strict=True):
        three = shown_three(rows)
        for axis, (detector, generator) in zip(row, three, strict=True):
            part = rows[
                (rows["detector"] == detector)
                & (rows["generator"] == generator)
                & (rows["method"] == measure)
            ]
            draw_distances(axis, part, methods)
            axis.set_title(
                f"{MEASURES[measure]}: {combination_name(detector, generator)}", fontsize=8
            )
        found = three_correlations(rows, measure)
        words = [f"{KINDS[kind]} {estimate(found[kind])}" for kind in KINDS if kind in found]
        row[1].set_xlabel("correlations: " + "; ".join(words), fontsize=8)
    return figure


def shown_three(rows: pd.DataFrame) -> list[tuple[str, str]]:
    """Detector and generator of the three combinations that stand for the paper's.

    Raises:
        ValueError: fewer than two detectors with two generators.
    """
    first = next(iter(linked_tables(rows, str(rows["method"].iloc[0]))))
    mine = rows[rows["detector"].isin(first.detectors)]
    detectors, generators = (list(dict.fromkeys(mine[name])) for name in ("detector", "generator"))
    if len(detectors) < 2 or len(generators) < 2:
        raise ValueError("two detectors and two generators are needed")
    one, other = detectors[:2]
    return [(other, generators[0]), (one, generators[0]), (one, generators[-1])]


def three_correlations(rows: pd.DataFrame, measure: str) -> dict[str, Estimate]:
    """Correlations of the three tables by what they share, with Fisher's intervals."""
    three = [f"{detector}, {generator}" for detector, generator in shown_three(rows)]
    return {
        pair.shared: pair.correlation
        for pair in table_pairs(rows, measure)
        if pair.first in three and pair.second in three
    }


def triple_table(results: Mapping[str, Outcome], rows: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The paper's three correlations beside ours: of three tables, and means over all pairs.

    Args:
        results: outcome of the claim's test by the name of the run.
        rows: of the runs, of the same names.

    Returns:
        A line for the paper with Fisher's intervals for six distances; per run, measure and set of
        combinations one of three tables with the same intervals, and one of the means with
        bootstrap intervals over images.
    """
    lines: dict[tuple[str, ...], dict[str, str]] = {}
    printed = printed_correlations()
    lines["the paper", "XMGD", "three tables"] = {
        name: estimate(with_fisher(printed[kind], DISTANCES)) for kind, name in KINDS.items()
    }
    for run, found in rows.items():
        for measure in SHOWN:
            three = three_correlations(found, measure)
            if three:
                lines[run, MEASURES[measure], f"three tables ({_of_three(found)})"] = {
                    name: estimate(three[kind]) for kind, name in KINDS.items() if kind in three
                }
    for run, title, means in _groups(results):
        for measure, by_kind in means.items():
            lines[run, MEASURES[measure], f"mean of {named(title)}"] = {
                name: estimate(by_kind[kind]) for kind, name in KINDS.items() if kind in by_kind
            }
    return text_table(lines, ["source", "measure", "tables"], missing="—")


def _of_three(rows: pd.DataFrame) -> str:
    return "; ".join(combination_name(*each) for each in shown_three(rows))


def pair_table(rows: pd.DataFrame) -> pd.DataFrame:
    """The correlation of every two tables, with Fisher's interval for the number of distances.

    Args:
        rows: of `xmgd_correlation`.

    Returns:
        A line per pair, a column per measure.
    """
    lines: dict[tuple[str, ...], dict[str, str]] = {}
    for measure in SHOWN:
        for pair in table_pairs(rows, measure):
            names = (combination_name(*name.split(", ", 1)) for name in (pair.first, pair.second))
            cells = lines.setdefault((KINDS[pair.shared], *names), {})
            cells[MEASURES[measure]] = estimate(pair.correlation)
    return text_table(lines, ["shared", "one", "other"], missing="—")


def show_resolution() -> Figure:
    """What the paper's three correlations can tell with six distances, and with more.

    Returns:
        The figure: Fisher's intervals of the three, for 6 distances and for 100; and how often
        three tables with these true correlations show the paper's order, over the number of
        distances.
    """
    printed = printed_correlations()
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.6, 2.6), layout="constrained")
    places = {kind: len(KINDS) - rank for rank, kind in enumerate(KINDS)}
    looks = ((DISTANCES, "o", BASE_COLOUR, 0.12), (100, "s", IDGI_COLOUR, -0.12))
    for n, mark, colour, shift in looks:
        for kind, place in places.items():
            found = with_fisher(printed[kind], n)
            label = f"{n} distances" if kind == GENERATOR else None
            draw_estimate(
                left, found, place + shift, fmt=mark, color=colour, capsize=3, label=label
            )
    left.set_yticks(list(places.values()), [KINDS[kind] for kind in places], fontsize=8)
    left.set_xlabel("the paper's correlation, 95 % interval", fontsize=8)
    frequencies = order_frequencies([printed[kind] for kind in KINDS], COUNTS)
    right.plot(COUNTS, frequencies, "-o", color=IDGI_COLOUR, ms=4)
    right.annotate(
        f"{100 * frequencies[0]:.0f} %", (COUNTS[0], frequencies[0]), (-4, 8), fontsize=8,
        textcoords="offset points", ha="left",
    )  # fmt: skip
    right.axhline(BY_CHANCE, color="#666666", ls="--", lw=1)
    right.text(
        COUNTS[-1],
        BY_CHANCE + 0.02,
        f"nothing to find: {100 * BY_CHANCE:.0f} %",
        ha="right",
        fontsize=8,
    )
    right.set_xscale("log")
    right.set_xticks(COUNTS, [str(n) for n in COUNTS])
    right.minorticks_off()
    right.set_ylim(0, 1.02)
    right.set_xlabel("distances in a table", fontsize=8)
    right.set_ylabel("the paper's order appears", fontsize=8)
    for axis in (left, right):
        axis.tick_params(labelsize=8)
    label_outside(figure)
    return figure


def resolution_table() -> pd.DataFrame:
    """How often the paper's order appears if its correlations are the true ones.

    Returns:
        A line per number of distances.
    """
    printed = printed_correlations()
    frequencies = order_frequencies([printed[kind] for kind in KINDS], COUNTS)
    lines = {
        (str(n),): {
            "the order appears": f"{100 * share:.0f} %",
            "with nothing to find": f"{100 * BY_CHANCE:.0f} %",
            "interval of " + number(printed[NOTHING]): estimate(with_fisher(printed[NOTHING], n)),
        }
        for n, share in zip(COUNTS, frequencies, strict=True)
    }
    return text_table(lines, ["distances"])
