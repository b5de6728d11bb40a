"""Internal audit of XM-SPREAD: do the metrics of Table 1 set IG apart?"""

from collections.abc import Mapping
from itertools import pairwise

from saliency_audit.ledger.internal.orders import count_held, list_exceptions, ranking
from saliency_audit.ledger.internal.xmgd.tables import METRICS, model_metrics
from saliency_audit.ledger.verdict import Check, InternalAudit


def xm_spread() -> InternalAudit:
    """The half of (ii) that Table 1 can settle: do its three metrics set IG apart?"""
    table = model_metrics()
    ends = [_at_one_end(label, table[metric]) for metric, label in METRICS.items()]
    gaps = [_set_apart(label, table[metric]) for metric, label in METRICS.items()]
    detail = (
        f"IG stands at one end of the four methods in {count_held(ends)} metrics of Table 1 "
        f"(exceptions: {list_exceptions(ends)}). Its gap to the next method is the widest gap in "
        f"{count_held(gaps)} (exceptions: {list_exceptions(gaps)}), which does not decide: the "
        "text does not say how far apart. The matrices of Fig. 2, on which the claim rests, are "
        "not printed as numbers."
    )
    return InternalAudit(
        (*ends, *gaps),
        detail,
        undecidable="the matrices of SSIM, KL and XMGD in Fig. 2 are not printed as numbers",
    )


def _at_one_end(label: str, values: Mapping[str, float]) -> Check:
    """No other method on one of the two sides of IG."""
    sides = [value - values["IG"] for method, value in values.items() if method != "IG"]
    return Check(
        f"{label}: IG at one end of the four methods",
        all(side > 0 for side in sides) or all(side < 0 for side in sides),
        "highest or lowest",
        ranking(values),
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
        deciding=False,
    )
