"""Findings about IDGI."""

from saliency_audit.ledger import Scope, Verdict
from saliency_audit.report.highlights.finding import (
    Audits,
    Highlight,
    curve_of,
    under,
)
from saliency_audit.report.names import network
from saliency_audit.report.words import number


def insertion_by_signs(audits: Audits) -> Highlight | None:
    """IDGI-INS: the gain is there by signed sums, and is not by magnitudes."""
    curve, asked = curve_of(audits["IDGI-INS"], Scope.REPLICATION), ("probability", "ig+idgi", "ig")
    signed = under(curve, "signed", "signed", *asked)
    sizes = under(curve, "magnitude", "signed", *asked)
    if not signed or not sizes or not signed.holds or sizes.holds:
        return None
    return Highlight(
        "IDGI-INS",
        Scope.REPLICATION,
        f"{number(signed.estimate.value, 2)} or {number(sizes.estimate.value, 2)}",
        f"Does IDGI raise the insertion score of Integrated Gradients? On "
        f"{network(signed.keys['model'])} from {number(signed.base, 2)} to "
        f"{number(signed.other, 2)}, if pixels are ordered by signed sums, as in the released "
        f"code. By magnitudes, from {number(sizes.base, 2)} to {number(sizes.other, 2)}. The text "
        "does not say which.",
    )


def steps_by_setting(audits: Audits) -> Highlight | None:
    """IDGI-STEPS: the same maps speak for and against it."""
    curve = curve_of(audits["IDGI-STEPS"], Scope.REPLICATION)
    if curve is None:
        return None
    held, failed = (curve.counts[v] for v in (Verdict.REPRODUCED, Verdict.NOT_REPRODUCED))
    if not held or not failed:
        return None
    on = network(curve.outcomes[0].result.comparisons[0].keys["model"])
    return Highlight(
        "IDGI-STEPS",
        Scope.REPLICATION,
        f"{held} for, {failed} against",
        f"With more steps IDGI is said to gain more than the plain methods. Maps of {on} were "
        f"scored in {len(curve.outcomes)} defensible settings: the claim holds in {held} and is "
        f"contradicted in {failed}.",
    )


def stability_by_size(audits: Audits) -> Highlight | None:
    """IDGI-JPEG: nearly all of the gain is the size of the maps."""
    curve, asked = curve_of(audits["IDGI-JPEG"], Scope.GENERALISATION), ("gain", "ig+idgi", "ig")
    gain = under(curve, "raw", "raw", *asked)
    released = under(curve, "signed_sum", "raw", *asked)
    scaled = gain.extra.get("maps divided by their norm") if gain else None
    if not gain or not scaled or not released or not gain.holds:
        return None
    if not 0 < scaled.value < gain.estimate.value / 10:
        return None
    return Highlight(
        "IDGI-JPEG",
        Scope.GENERALISATION,
        f"+{number(gain.estimate.value, 1)}, then +{number(scaled.value, 1)}",
        "IDGI's maps are said to be more stable when a picture is compressed. On "
        f"{network(gain.keys['model'])} −log MSE, the paper's measure, is "
        f"{number(gain.estimate.value, 1)} higher with it than without. Once the maps are divided "
        f"by their norm it is {number(scaled.value, 1)} higher: the gain is their small size. "
        "Divided by their signed sum, as in the released code, it is "
        f"{number(released.estimate.value, 1)} higher.",
    )
