"""Internal audits of the XMGD paper: Table 1 and the three correlations of §5."""

import math
from collections.abc import Mapping
from itertools import pairwise

from scipy import stats

from saliency_audit.ledger.internal.registry import internal_test
from saliency_audit.ledger.internal.signs import best_check, count_held, list_exceptions, ranking
from saliency_audit.ledger.internal.xmgd_equivalence import xm_equiv
from saliency_audit.ledger.internal.xmgd_transport import xm_mw
from saliency_audit.ledger.printed import printed_table
from saliency_audit.ledger.verdict import Check, Erratum, InternalAudit

__all__ = ["xm_corr", "xm_equiv", "xm_model", "xm_mw", "xm_spread"]

INCREASE, DROP, DELETION = "increase_in_confidence", "average_drop", "average_drop_in_deletion"
METHODS = 4
DISTINCT_PAIRS = METHODS * (METHODS - 1) // 2
ALL_CELLS = METHODS * METHODS
LEVEL = 0.05


@internal_test("XM-MODEL")
def xm_model() -> InternalAudit:
    """Order of Table 1, and whether its numbers can be what the text says they are."""
    table = _model_metrics()
    order = [
        best_check(f"{label}: IG best", table[metric], "IG", higher_is_better=higher)
        for metric, label, higher in (
            (INCREASE, "IIC", True),
            (DROP, "AD", False),
            (DELETION, "ADD", True),
        )
    ]
    possible = [
        _possible(label, method, value)
        for metric, label in ((DROP, "AD"), (DELETION, "ADD"))
        for method, value in table[metric].items()
    ]
    mirrored = [
        _mirror(method, table[INCREASE][method], drop) for method, drop in table[DROP].items()
    ]
    detail = (
        f"IG is best in {count_held(order)} rows, which decides. Whether the numbers can be what "
        f"the text says they are is another matter: as average changes of an accuracy, "
        f"{count_held(possible)} of the printed drops are possible, and {count_held(mirrored)} "
        "increases equal minus the drop, as they must if both are averages over the same images. "
        f"Exceptions: {list_exceptions([*order, *possible, *mirrored])}."
    )
    return InternalAudit((*order, *possible, *mirrored), detail, _model_errata(table))


def _model_metrics() -> dict[str, dict[str, float]]:
    """Metric -> method as printed -> value."""
    table = printed_table("xmgd", "table_01")
    return {
        str(metric): dict(zip(part["column"], part["value"].astype(float), strict=True))
        for metric, part in table.groupby("metric", sort=False)
    }


def _possible(label: str, method: str, drop: float) -> Check:
    """A drop from p to p' with 0 ≤ p' and p ≤ 1 is at most 1, absolute or relative."""
    return Check(
        f"{label} of {method} is a possible drop in accuracy",
        drop <= 1,
        "≤ 1",
        f"{drop:.3f}",
        deciding=False,
    )


def _mirror(method: str, increase: float, drop: float) -> Check:
    return Check(
        f"{method}: average increase is minus the average drop",
        abs(increase + drop) <= 0.001,
        f"{-drop:.3f}",
        f"{increase:.3f}",
        deciding=False,
    )


def _model_errata(table: Mapping[str, Mapping[str, float]]) -> tuple[Erratum, ...]:
    impossible = [f"{m} {v:.3f}" for m, v in table[DELETION].items() if v > 1]
    negative = [f"{m} {v:.3f}" for m, v in table[DROP].items() if v < 0]
    both = [m for m in table[DROP] if table[INCREASE][m] > 0 and table[DROP][m] > 0]
    found = []
    if impossible:
        found.append(
            Erratum(
                "Table 1, ADD",
                f"an average drop in accuracy of {', '.join(impossible)}",
                "No drop in an accuracy or a probability exceeds 1, neither absolute nor relative "
                "to the start. Either the scores are not probabilities or the row is in another "
                "unit.",
            )
        )
    if negative:
        found.append(
            Erratum(
                "Table 1, AD",
                f"an average drop of {', '.join(negative)}",
                "The definition cited ([5]) cuts every image's drop at 0, so it cannot be "
                "negative; with signed drops this one says that accuracy rises when pixels are "
                "removed.",
            )
        )
    if both:
        found.append(
            Erratum(
                "§5, Table 1, IC",
                "IC, cited as Insertion Correlation ([10]), described as the average increase in "
                "accuracy and headed IIC in the table",
                "Three names for one row. A correlation lies in [−1, 1] and is no increase; as an "
                "average increase it would be minus AD, but both are positive for "
                f"{', '.join(both)}. The numbers fit the share of images whose confidence rises.",
            )
        )
    return tuple(found)


@internal_test("XM-SPREAD")
def xm_spread() -> InternalAudit:
    """The half of (ii) that Table 1 can settle: do its three metrics set IG apart?"""
    table = _model_metrics()
    labels = {INCREASE: "IIC", DROP: "AD", DELETION: "ADD"}
    checks = tuple(_set_apart(label, table[metric]) for metric, label in labels.items())
    errata = tuple(
        Erratum(
            "§5 (ii)",
            "the three model-based metrics differentiate IG",
            f"{label} does not: {ranking(table[metric])}; the widest gap is elsewhere.",
        )
        for (metric, label), check in zip(labels.items(), checks, strict=True)
        if not check.holds
    )
    detail = (
        f"IG stands apart (its gap to the next method is the widest gap) in {count_held(checks)} "
        f"metrics of Table 1; exceptions: {list_exceptions(checks)}. The matrices of Fig. 2, on "
        "which the claim rests, are not printed as numbers."
    )
    return InternalAudit(
        checks,
        detail,
        errata,
        undecidable="the matrices of SSIM, KL and XMGD in Fig. 2 are not printed as numbers",
    )


def _set_apart(label: str, values: Mapping[str, float]) -> Check:
    """IG at one end of the order, behind the widest of the gaps."""
    ordered = sorted(values, key=lambda method: values[method])
    gaps = [values[high] - values[low] for low, high in pairwise(ordered)]
    end = {ordered[0]: gaps[0], ordered[-1]: gaps[-1]}.get("IG", 0.0)
    return Check(
        f"{label} sets IG apart from the other three",
        end == max(gaps) > 0,
        "the gap next to IG is the widest",
        f"gap {end:.3f}, widest {max(gaps):.3f}",
    )


@internal_test("XM-CORR")
def xm_corr() -> InternalAudit:
    """Order of the three correlations, and whether so few distances can tell them apart."""
    table = printed_table("xmgd", "section_5")
    printed = dict(zip(table["shared"], table["value"].astype(float), strict=True))
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
    detail = (
        f"The printed order holds ({count_held(order)}), which decides, but it cannot be told from "
        f"chance for {len(other) - sum(check.holds for check in told_apart)} of {len(other)} "
        f"differences: each correlation compares two 4×4 tables, {DISTINCT_PAIRS} distinct "
        f"distances, {ALL_CELLS} cells at most. The 95 % "
        f"interval of {printed['generator']:.3f} is {widest[0]:.2f} to {widest[1]:.2f} for "
        f"n={DISTINCT_PAIRS}. Even if all {ALL_CELLS} cells were independent, that of "
        f"{printed['nothing']:.3f} would be {low:.2f} to {high:.2f} and hold {len(inside)} of the "
        f"other two, and {count_held(told_apart)} differences would exceed sampling error; about "
        f"{enough} independent distances are needed. One example per case is printed."
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


def correlation_interval(r: float, n: int, level: float = 0.95) -> tuple[float, float]:
    """Confidence interval of a correlation of n pairs, by Fisher's z."""
    half = float(stats.norm.ppf((1 + level) / 2)) / math.sqrt(n - 3)
    return math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)


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
