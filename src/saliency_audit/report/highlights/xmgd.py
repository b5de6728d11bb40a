"""Findings about XMGD."""

from saliency_audit.ledger import Scope
from saliency_audit.report.highlights.finding import (
    Audits,
    Highlight,
    comparison,
    rows_of,
)
from saliency_audit.report.words import count, number


def minute_or_second(audits: Audits) -> Highlight | None:
    """XM-TIME: the time is spent on copies of points, which weights make unnecessary."""
    rows = rows_of("xmgd_time")
    if rows is None:
        return None
    means = rows.groupby("way", observed=True)["seconds"].mean()
    copied, weighted = means.get("duplicated points"), means.get("weighted points")
    if copied is None or weighted is None or copied < 10 * weighted:
        return None
    told = f"{number(copied, 0)} s", f"{number(weighted, 1)} s"
    images = count(rows["image"].nunique(), "pair")
    return Highlight(
        "XM-TIME",
        Scope.REPLICATION,
        f"{told[0]} or {told[1]}",
        "One XMGD is said to take about a minute. It does, because every pixel is copied as often "
        f"as it is salient: {told[0]} here, the mean of {images} of maps. With weights "
        f"in place of copies the same distance takes {told[1]}.",
    )


def spread_against_ssim(audits: Audits) -> Highlight | None:
    """XM-SPREAD: SSIM varies more between maps than XMGD."""
    found = comparison(
        audits["XM-SPREAD"].strongest_of(Scope.GENERALISATION)[1], "xmgd against ssim"
    )
    if not found or not found.contradicts:
        return None
    return Highlight(
        "XM-SPREAD",
        Scope.GENERALISATION,
        f"{number(found.other, 2)} against {number(found.base, 2)}",
        "XMGD is said to spread maps further apart than SSIM does. On faces and four deepfake "
        f"detectors it spreads them less: its coefficient of variation is "
        f"{number(found.other, 2)}, that of SSIM {number(found.base, 2)}.",
    )
