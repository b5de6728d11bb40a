"""Internal audits of the XMGD paper: one module per claim, named after the claim's id."""

from saliency_audit.ledger.internal.xmgd import (
    xm_corr,
    xm_equiv,
    xm_model,
    xm_mw,
    xm_spread,
)

TESTS = {
    "XM-MODEL": xm_model.xm_model,
    "XM-SPREAD": xm_spread.xm_spread,
    "XM-CORR": xm_corr.xm_corr,
    "XM-EQUIV": xm_equiv.xm_equiv,
    "XM-MW": xm_mw.xm_mw,
}
