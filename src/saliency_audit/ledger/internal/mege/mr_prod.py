"""Internal audit of MR-PROD: methods with and without the product with the input."""

from saliency_audit.ledger.internal.mege.tables import DATASETS, UNDEGRADED, scores
from saliency_audit.ledger.internal.signs import (
    count_held,
    list_exceptions,
    sign_check,
)
from saliency_audit.ledger.printed import printed_tables
from saliency_audit.ledger.verdict import Erratum, InternalAudit

MULTIPLIED, PLAIN = ("IG", "GI"), ("SA", "SG")


def mr_prod() -> InternalAudit:
    """Do the two methods that multiply by the input have the higher MeGe?"""
    tables = printed_tables("mege", *UNDEGRADED, "table_02")
    tables = tables[(tables["table"] != "2") | (tables["model"] == "lipschitz")]
    tables = tables[tables["metric"] == "mege"]
    families = tables[["dataset", "model"]].drop_duplicates().itertuples(index=False)
    rows = {
        DATASETS[dataset] + (", 1-Lipschitz" if model == "lipschitz" else ""): scores(
            tables, dataset=dataset, model=model
        )
        for dataset, model in families
    }
    checks = tuple(
        sign_check(f"{above} above {below}, MeGe, {name}", row[above] - row[below], digits=2)
        for name, row in rows.items()
        for above in MULTIPLIED
        for below in PLAIN
    )
    contrary = [name for name, row in rows.items() if row["GI"] <= row["SA"]]
    return InternalAudit(
        checks=checks,
        detail=(
            f"{count_held(checks)} differences as stated; exceptions: {list_exceptions(checks)}. "
            "By the formulas of Appendix B, GI is SA times the input: the one comparison with and "
            f"without the product. MeGe does not rise for {' and '.join(contrary) or 'no set'}. "
            "How much of the MeGe of IG is due to the product cannot be read from the tables."
        ),
        errata=_product_erratum(rows, contrary),
    )


def _product_erratum(rows: dict[str, dict[str, float]], contrary: list[str]) -> tuple[Erratum, ...]:
    if not contrary:
        return ()
    return (
        Erratum(
            "§4.4 against Table 6",
            "the product with the input gives a better MeGe",
            f"On {' and '.join(contrary)} it does not: {_gi_and_sa(rows, contrary)}.",
        ),
    )


def _gi_and_sa(rows: dict[str, dict[str, float]], names: list[str]) -> str:
    return "; ".join(
        f"{', '.join(f'{method} {rows[name][method]:.2f}' for method in (*MULTIPLIED, *PLAIN))}"
        for name in names
    )
