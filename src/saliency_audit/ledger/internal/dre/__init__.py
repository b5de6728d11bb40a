"""Internal audits of the DRE paper: one module per claim, named after the claim's id."""

from saliency_audit.ledger.internal.dre import (
    dre_cost,
    dre_expl,
    dre_faith,
    dre_mono,
    dre_pdf,
    dre_skew,
)

TESTS = {
    "DRE-PDF": dre_pdf.dre_pdf,
    "DRE-SKEW": dre_skew.dre_skew,
    "DRE-MONO": dre_mono.dre_mono,
    "DRE-FAITH": dre_faith.dre_faith,
    "DRE-EXPL": dre_expl.dre_expl,
    "DRE-COST": dre_cost.dre_cost,
}
