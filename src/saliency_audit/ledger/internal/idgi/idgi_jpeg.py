"""Internal audit of IDGI-JPEG: the order of the six numbers of Table 5."""

import math
from collections.abc import Mapping

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
from saliency_audit.ledger.verdict import Erratum, InternalAudit


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
        errata=stability_depends_on_scale(gains),
    )


def stability_depends_on_scale(gains: Mapping[str, float]) -> tuple[Erratum, ...]:
    """The caption of Table 5 takes −log MSE for stability; it also rewards small maps."""
    paths = ", ".join(PATHS[path] for path in gains)
    natural = ", ".join(f"{math.exp(gain / 2):.0f}" for gain in gains.values())
    decimal = ", ".join(f"{10 ** (gain / 2):,.0f}" for gain in gains.values())
    return (
        Erratum(
            "Table 5, caption, §4.5.2",
            "Higher values indicate better numerical stability",
            "MSE(m/s, m′/s) = MSE(m, m′)/s², so dividing every map by s adds 2 log s without any "
            f"change in stability. The printed gains of IDGI ({paths}) would follow from maps "
            f"that are smaller by factors of {natural} if the logarithm is natural, or of "
            f"{decimal} if it is decimal. IDGI maps are smaller: in one step their absolute values "
            "sum to |d|, the least that any map with sum d can have.",
            read=True,
        ),
    )
