"""Internal audits of the IDGI study: one module per claim, named after the claim's id."""

from saliency_audit.ledger.internal.idgi import (
    idgi_cost,
    idgi_ins,
    idgi_jpeg,
    idgi_msssim,
    idgi_ne,
    idgi_steps,
    idgi_taylor,
    idgi_thm,
)

TESTS = {
    "IDGI-INS": idgi_ins.idgi_ins,
    "IDGI-NE": idgi_ne.idgi_ne,
    "IDGI-MSSSIM": idgi_msssim.idgi_msssim,
    "IDGI-STEPS": idgi_steps.idgi_steps,
    "IDGI-JPEG": idgi_jpeg.idgi_jpeg,
    "IDGI-THM": idgi_thm.idgi_thm,
    "IDGI-TAYLOR": idgi_taylor.idgi_taylor,
    "IDGI-COST": idgi_cost.idgi_cost,
}
