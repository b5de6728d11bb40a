"""Internal audits of the MeGe/ReCo paper: one module per claim, named after the claim's id."""

from saliency_audit.ledger.internal.mege import (
    mr_acc,
    mr_auc,
    mr_def,
    mr_lip_mege,
    mr_lip_reco,
    mr_prod,
    mr_sanity,
    mr_select,
    mr_tables,
)

TESTS = {
    "MR-SANITY": mr_sanity.mr_sanity,
    "MR-SELECT": mr_select.mr_select,
    "MR-LIP-MEGE": mr_lip_mege.mr_lip_mege,
    "MR-LIP-RECO": mr_lip_reco.mr_lip_reco,
    "MR-PROD": mr_prod.mr_prod,
    "MR-DEF": mr_def.mr_def,
    "MR-AUC": mr_auc.mr_auc,
    "MR-TABLES": mr_tables.mr_tables,
    "MR-ACC": mr_acc.mr_acc,
}
