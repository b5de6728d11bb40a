"""Internal audit of IDGI-MSSSIM: Table 3 against §4.4."""

from saliency_audit.ledger.internal.idgi.gains import gains_as_stated
from saliency_audit.ledger.internal.idgi.scores import read_scores
from saliency_audit.ledger.verdict import InternalAudit


def idgi_msssim() -> InternalAudit:
    """Does every pair of Table 3 have the sign that §4.4 states?"""
    return InternalAudit(
        *gains_as_stated(
            read_scores(),
            ("aic_ms_ssim", "sic_ms_ssim"),
            lowered={},
            equal=(("sic_ms_ssim", "ig", "ResNet152V2"),),
        )
    )
