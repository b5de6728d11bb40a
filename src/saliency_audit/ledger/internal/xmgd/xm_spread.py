"""Internal audit of XM-SPREAD: do the metrics of Table 1 set IG apart?"""

from collections.abc import Mapping
from itertools import pairwise

from saliency_audit.ledger.internal.signs import count_held, list_exceptions, ranking
from saliency_audit.ledger.internal.xmgd.tables import DELETION, DROP, INCREASE, model_metrics
from saliency_audit.ledger.verdict import Check, Erratum, InternalAudit


def xm_spread() -> InternalAudit:
    """The half of (ii) that Table 1 can settle: do its three metrics set IG apart?"""
    table = model_metrics()
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
