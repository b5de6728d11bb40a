"""Internal audit of MR-PROD: methods with and without the product with the input."""

from saliency_audit.ledger.internal.mege.tables import DATASETS, UNDEGRADED
from saliency_audit.ledger.internal.orders import (
    Above,
    count_held,
    hold,
    list_exceptions,
    values_by,
)
from saliency_audit.ledger.printed import printed_tables
from saliency_audit.ledger.verdict import InternalAudit

DISCUSSED = "ImageNet"  # the sentence stands below Table 1 and speaks of it


ORDER = [
    Above(above, below, f"{above} above {below}, MeGe, {{column}}")
    for above in ("IG", "GI")
    for below in ("SA", "SG")
]


def mr_prod() -> InternalAudit:
    """Do the two methods that multiply by the input have the higher MeGe?"""
    tables = printed_tables("mege", *UNDEGRADED, "table_02")
    tables = tables[(tables["table"] != "2") | (tables["model"] == "lipschitz")]
    tables = tables[tables["metric"] == "mege"]
    families = tables[["dataset", "model"]].drop_duplicates().itertuples(index=False)
    rows = {
        DATASETS[dataset] + (", 1-Lipschitz" if model == "lipschitz" else ""): values_by(
            tables, "column", dataset=dataset, model=model
        )
        for dataset, model in families
    }
    others = {name: row for name, row in rows.items() if name != DISCUSSED}
    checks = (
        *hold(ORDER, {DISCUSSED: rows[DISCUSSED]}, digits=2),
        *hold(ORDER, others, digits=2, deciding=False),
    )
    contrary = [name for name, row in rows.items() if row["GI"] <= row["SA"]]
    return InternalAudit(
        checks=checks,
        detail=(
            f"{count_held(checks)} differences are as stated (exceptions: "
            f"{list_exceptions(checks)}). Those on {DISCUSSED}, which the sentence discusses, "
            "decide. By the formulas of Appendix B, GI is SA times the input, the only comparison "
            "with and without the product; GI is not above SA on "
            f"{' and '.join(contrary) or 'no set'}. How much of the MeGe of IG is due to the "
            "product cannot be read from the tables."
        ),
        undecidable=(
            "Table 1 shows the higher MeGe but not its cause: no score of IG without the product "
            "is printed"
        ),
    )
