"""Internal audit of IDGI-JPEG: the order of the six numbers of Table 5."""

from saliency_audit.ledger.internal.idgi.scores import PATHS, method_label, read_stability
from saliency_audit.ledger.internal.orders import Above, First, Statement, count_held, hold
from saliency_audit.ledger.verdict import InternalAudit

ORDER: tuple[Statement, ...] = (
    *(Above(f"{path}+IDGI", path, f"−log MSE of {path}+IDGI − {path}") for path in PATHS.values()),
    First("GIG", "GIG is the least stable", lowest=True),
)


def idgi_jpeg() -> InternalAudit:
    """Are the six numbers of Table 5 in the stated order?"""
    stability = {method_label(method): value for method, value in read_stability().items()}
    checks = hold(ORDER, {"Table 5": stability})
    gains = {path: stability[f"{path}+IDGI"] - stability[path] for path in PATHS.values()}
    return InternalAudit(
        checks=checks,
        detail=(
            f"{count_held(checks)} order relations hold: IDGI adds "
            + ", ".join(f"{gain:.3f} ({path})" for path, gain in gains.items())
            + " to −log MSE. The table gives no spread, no number of images and no base of the "
            "logarithm, and the text does not say how maps are scaled before they are compared."
        ),
    )
