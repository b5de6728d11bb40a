"""Scores with and without IDGI as the table paper, recorded, this machine."""

from collections.abc import Mapping, Sequence
from textwrap import fill

import pandas as pd

from saliency_audit.ledger import Claim, Comparison, Outcome
from saliency_audit.ledger.statistics import Estimate
from saliency_audit.report.figures.idgi.printed_scores import printed_pair
from saliency_audit.report.names import (
    CURVE_NAMES,
    PATH_NAMES,
    network,
)
from saliency_audit.report.notebook.runs import by_scope
from saliency_audit.report.notebook.tables import text_table
from saliency_audit.report.words import (
    estimate,
    mark,
    number,
    reported,
    significant_digits,
)

Sources = dict[str, Comparison]


def by_keys(results: Mapping[str, Outcome]) -> dict[tuple[str, ...], Sources]:
    """The comparisons of several runs under their keys: network by network, path by path.

    Args:
        results: outcome of the external test by the name of the run ("recorded", …).
    """
    found: dict[tuple[str, ...], Sources] = {}
    for run, result in by_scope(results).items():
        for item in result.comparisons:
            found.setdefault(tuple(place(item.keys).values()), {})[run] = item
    order = list(PATH_NAMES)
    last = list(dict.fromkeys(keys[-1] for keys in found))
    ordered = sorted(found, key=lambda k: (network(k[0]), order.index(k[1]), last.index(k[-1])))
    return {keys: found[keys] for keys in ordered}


def place(keys: Mapping[str, str]) -> dict[str, str]:
    """Network, path, and score or curve of a comparison of IDGI with its base."""
    last = "curve" if "curve" in keys else "score"
    path = keys["path"] if "path" in keys else keys["against"]
    return {"model": keys["model"], "path": path, last: keys[last]}


def comparison_table(
    claim: Claim, results: Mapping[str, Outcome], beside: Sequence[str] = ()
) -> pd.DataFrame:
    """Scores with and without IDGI: what the paper prints, then what our runs found.

    Args:
        claim: about scores by model, path, and score or curve.
        results: outcome of its test by the name of the run.
        beside: names of further estimates of a comparison that get a column each.

    Returns:
        One line per network, path, score and source, which form the index; the difference with its
        95 % interval, the side that the claim states, and whether it holds. The paper's networks
        appear under their printed names; it prints no interval and no number of images.
    """
    lines: dict[tuple[str, str, str, str], dict[str, str]] = {}
    kind = "score"
    for sources in by_keys(results).values():
        first = next(iter(sources.values()))
        keys = place(first.keys)
        kind = "curve" if "curve" in keys else "score"
        named = CURVE_NAMES.get(keys[kind], keys[kind])
        where = (network(keys["model"]), PATH_NAMES[keys["path"]], named)
        printed = printed_pair(claim, keys)
        if printed:
            lines[*where, "paper"] = {**_printed_line(*printed), "claim": first.expected}
        for run, item in sources.items():
            lines[*where, run] = _line(item, beside)
    return text_table(lines, ["network", "path", kind, "source"])


def _printed_line(base: float, idgi: float) -> dict[str, str]:
    return {
        "base": number(base),
        "+IDGI": number(idgi),
        "difference": number(idgi - base),
    }


def _line(item: Comparison, beside: Sequence[str]) -> dict[str, str]:
    digits = significant_digits(item.estimate)
    return {
        "base": number(item.base, digits),
        "+IDGI": number(item.other, digits),
        "difference": estimate(item.estimate),
        "n": str(item.estimate.n),
        "claim": item.expected,
        "holds": mark(item),
        # What is only reported is kept narrow.
        **{
            fill(name, 10): _two_lines(item.extra[name], item)
            for name in beside
            if name in item.extra
        },
    }


def _two_lines(found: Estimate, item: Comparison) -> str:
    """An estimate above its interval, and above n where it is another than the comparison's."""
    return reported(found, item).replace(" [", "<br>[", 1).replace(", n", "<br>n", 1)
