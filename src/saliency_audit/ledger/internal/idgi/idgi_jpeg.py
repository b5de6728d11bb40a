"""Internal audit of IDGI-JPEG: the order of the six numbers of Table 5."""

from saliency_audit.ledger.internal.idgi.scores import (
    PATHS,
    method_label,
    read_stability,
)
from saliency_audit.ledger.internal.signs import (
    best_check,
    count_held,
    sign_check,
)
from saliency_audit.ledger.verdict import InternalAudit


def idgi_jpeg() -> InternalAudit:
    """Are the six numbers of Table 5 in the stated order?"""
    stability = read_stability()
    gains = {path: stability[f"{path}+idgi"] - stability[path] for path in PATHS}
    labelled = {method_label(method): value for method, value in stability.items()}
    checks = (
        *(
            sign_check(f"−log MSE of {PATHS[path]}+IDGI − {PATHS[path]}", gain)
            for path, gain in gains.items()
        ),
        best_check("GIG is the least stable", labelled, "GIG", higher_is_better=False),
    )
    return InternalAudit(
        checks=checks,
        detail=(
            f"{count_held(checks)} order relations hold: IDGI adds "
            + ", ".join(f"{gain:.3f} ({PATHS[path]})" for path, gain in gains.items())
            + " to −log MSE. The table has no spread, no number of images, no base of the "
            "logarithm and no word on how maps are scaled before they are compared."
        ),
    )
