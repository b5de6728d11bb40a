"""Internal audit of XM-CORR: the three correlations of §5 (iii)."""

import math

from scipy import stats

from saliency_audit.ledger.internal.orders import count_held, values_by
from saliency_audit.ledger.printed import printed_table
from saliency_audit.ledger.statistics import correlation_interval
from saliency_audit.ledger.verdict import Check, InternalAudit

METHODS = 4
DISTINCT_PAIRS = METHODS * (METHODS - 1) // 2
ALL_CELLS = METHODS * METHODS
LEVEL = 0.05


def xm_corr() -> InternalAudit:
    """Order of the three correlations, and whether so few distances can tell them apart."""
    table = printed_table("xmgd", "section_5")
    printed = values_by(table, "shared")
    other = {"generator": "detector", "detector": "generator"}
    order = [
        Check(
            f"same {shared} above nothing shared",
            printed[shared] > printed["nothing"],
            f"> {printed['nothing']:.3f}",
            f"{printed[shared]:.3f}",
        )
        for shared in other
    ]
    told_apart = [
        _resolved(shared, printed[shared], printed["nothing"], printed[link])
        for shared, link in other.items()
    ]
    low, high = correlation_interval(printed["nothing"], ALL_CELLS)
    inside = [shared for shared in other if low <= printed[shared] <= high]
    widest = correlation_interval(printed["generator"], DISTINCT_PAIRS)
    enough = _needed(printed["generator"], printed["nothing"], printed["detector"])
    open_differences = len(other) - sum(check.holds for check in told_apart)
    detail = (
        f"The printed order holds ({count_held(order)}), which decides, but {open_differences} of "
        f"{len(other)} differences cannot be told from chance: each correlation compares two 4×4 "
        f"tables with {DISTINCT_PAIRS} distinct distances, {ALL_CELLS} cells at most. For "
        f"n={DISTINCT_PAIRS} the 95 % interval of {printed['generator']:.3f} is {widest[0]:.2f} to "
        f"{widest[1]:.2f}. Even if all {ALL_CELLS} cells were independent, that of "
        f"{printed['nothing']:.3f} would be {low:.2f} to {high:.2f} and contain {len(inside)} of "
        f"the other two, and {count_held(told_apart)} differences would exceed sampling error; "
        f"about {enough} independent distances would be needed. Only one example per case is "
        "printed."
    )
    return InternalAudit((*order, *told_apart), detail)


def _resolved(shared: str, with_shared: float, without: float, link: float) -> Check:
    p = {n: compare_overlapping(with_shared, without, link, n) for n in (ALL_CELLS, DISTINCT_PAIRS)}
    return Check(
        f"same {shared} against nothing shared: difference beyond sampling error",
        p[ALL_CELLS] < LEVEL,
        f"p < {LEVEL}",
        "; ".join(f"p = {value:.2f} for n={n}" for n, value in p.items()),
        deciding=False,
    )


def compare_overlapping(first: float, second: float, link: float, n: int) -> float:
    """Two-sided p-value that two correlations with one table in common are equal.

    Args:
        first: correlation of tables A and B.
        second: correlation of tables C and B.
        link: correlation of A and C.
        n: number of pairs.

    Source: Meng, Rosenthal & Rubin 1992.
    """
    z = (math.atanh(first) - math.atanh(second)) * math.sqrt((n - 3) / _spread(first, second, link))
    return float(2 * stats.norm.sf(abs(z)))


def _spread(first: float, second: float, link: float) -> float:
    mean_square = (first**2 + second**2) / 2
    f = min((1 - link) / (2 * (1 - mean_square)), 1.0)
    return 2 * (1 - link) * (1 - f * mean_square) / (1 - mean_square)


def _needed(first: float, second: float, link: float) -> int:
    """Pairs at which the difference would just reach the 5 % level."""
    z = float(stats.norm.isf(LEVEL / 2)) / (math.atanh(first) - math.atanh(second))
    return math.ceil(z**2 * _spread(first, second, link) + 3)
