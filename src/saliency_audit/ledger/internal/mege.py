"""Internal audits of the MeGe/ReCo paper: what its tables say about methods and predictors.

The definition of ReCo is audited in `mege_reco` and `mege_auc`, the agreement of tables, text and
definitions in `mege_text`.
"""

from collections.abc import Sequence

import pandas as pd

# Imported for the audits that they register.
from saliency_audit.ledger.internal import mege_auc, mege_reco, mege_text  # noqa: F401
from saliency_audit.ledger.internal.mege_marks import mark_errata
from saliency_audit.ledger.internal.registry import internal_test
from saliency_audit.ledger.internal.signs import (
    best_check,
    count_held,
    list_exceptions,
    ordinal,
    rank_of,
    ranking,
    sign_check,
)
from saliency_audit.ledger.printed import printed_table, printed_tables
from saliency_audit.ledger.verdict import Check, Erratum, InternalAudit

UNDEGRADED = ("table_01", "table_05", "table_06", "table_07")  # one per image set
DATASETS = {
    "imagenet": "ImageNet",
    "cifar10": "CIFAR-10",
    "eurosat": "EuroSAT",
    "fashion_mnist": "Fashion-MNIST",
}
METRICS = {"mu_fidelity": "μF", "mege": "MeGe", "reco": "ReCo"}
RECOMMENDED = ("GC", "G+", "RI")
MULTIPLIED, PLAIN = ("IG", "GI"), ("SA", "SG")


def scores(table: pd.DataFrame, **keys: str) -> dict[str, float]:
    """Printed scores by the column labels of the methods, for one row of a table."""
    for name, value in keys.items():
        table = table[table[name] == value]
    return dict(zip(table["column"], table["value"], strict=True))


@internal_test("MR-SELECT")
def mr_select() -> InternalAudit:
    """Are Grad-CAM, Grad-CAM++ and RISE the first three of seven wherever a score is printed?"""
    tables = printed_tables("mege", *UNDEGRADED)
    places = []
    for dataset, metric in tables[["dataset", "metric"]].drop_duplicates().itertuples(index=False):
        values = scores(tables, dataset=dataset, metric=metric)
        for method in RECOMMENDED:
            place, ties = rank_of(values, method)
            places.append(
                Check(
                    f"{method}, {METRICS[metric]}, {DATASETS[dataset]}",
                    place <= len(RECOMMENDED),
                    f"among the first {len(RECOMMENDED)} of {len(values)}",
                    f"{ordinal(place)}{' (tied)' if ties > 1 else ''}, {values[method]:.2f}",
                )
            )
    imagenet = {metric: scores(tables, dataset="imagenet", metric=metric) for metric in METRICS}
    checks = (*places, *_sentences_on_imagenet(imagenet))
    scored = set(tables.loc[tables["metric"] == "mu_fidelity", "dataset"])
    unscored = [name for dataset, name in DATASETS.items() if dataset not in scored]
    failed = [check for check in places if not check.holds]
    return InternalAudit(
        checks=checks,
        detail=(
            f"{count_held(places)} places among the first three of seven; exceptions: "
            f"{list_exceptions(failed)}. Other sentences on ImageNet: "
            f"{count_held(checks[len(places) :])}. μF is not printed for "
            f"{' and '.join(unscored) or 'no set'}."
        ),
        errata=(
            *_places_erratum(places, failed),
            *_fidelity_erratum(unscored),
            Erratum(
                "Appendix B, Grad-CAM++",
                "weights from the second and third derivatives of the logit f_c alone",
                "The positive partial derivatives that the sentence before announces are missing "
                "from the formula. And where the last feature maps reach the logits through "
                "average pooling and a linear layer, as in a ResNet, these derivatives of a logit "
                "are 0, and each weight is a sum of 0/0.",
                read=True,
            ),
            *mark_errata(),
        ),
    )


def _places_erratum(places: Sequence[Check], failed: Sequence[Check]) -> tuple[Erratum, ...]:
    if not failed:
        return ()
    return (
        Erratum(
            "§4.4, Tables 1, 5, 6, 7",
            "Grad-CAM, Grad-CAM++ and RISE give faithful, representative and consistent "
            "explanations",
            f"In {len(failed)} of {len(places)} cases one of the three is not among the first "
            f"three of the seven methods: {list_exceptions(failed)}.",
        ),
    )


def _fidelity_erratum(unscored: Sequence[str]) -> tuple[Erratum, ...]:
    if not unscored:
        return ()
    return (
        Erratum(
            "§4.4, Appendix G",
            "faithful explanations on all image sets, “for more results … see appendix G”",
            f"Fidelity is not printed for {' and '.join(unscored)}.",
        ),
    )


def _sentences_on_imagenet(imagenet: dict[str, dict[str, float]]) -> tuple[Check, ...]:
    fidelity = imagenet["mu_fidelity"]
    best_two = sorted(fidelity, key=lambda method: fidelity[method], reverse=True)[:2]
    return (
        Check(
            "RISE and Grad-CAM have the best μF, ImageNet",
            set(best_two) == {"RI", "GC"},
            "RI and GC first",
            ranking(fidelity, digits=2),
        ),
        *(
            sign_check(
                f"RISE above Grad-CAM, {METRICS[metric]}, ImageNet",
                imagenet[metric]["RI"] - imagenet[metric]["GC"],
                digits=2,
            )
            for metric in ("mege", "reco")
        ),
    )


@internal_test("MR-LIP-MEGE")
def mr_lip_mege() -> InternalAudit:
    """Does MeGe rise from ResNet-18 to 1-Lipschitz for every method but Grad-CAM++?"""
    checks = _lipschitz_signs("table_02", "MeGe")
    resnet, lipschitz = _families("table_02")
    reco_resnet, reco_lipschitz = _families("table_03")
    falling = [method for method in resnet if lipschitz[method] < resnet[method]]
    numbers = "; ".join(
        f"{method}: MeGe {resnet[method]:.2f} → {lipschitz[method]:.2f}, "
        f"ReCo {reco_resnet[method]:.2f} → {reco_lipschitz[method]:.2f}"
        for method in falling
    )
    return InternalAudit(
        checks=checks,
        detail=(
            f"{count_held(checks)} signs as stated; exceptions: {list_exceptions(checks)}. The "
            "table gives no spread over folds, so “significantly” (caption) has no number."
        ),
        errata=(
            Erratum(
                "Abstract; §1, contributions",
                "1-Lipschitz networks give general and consistent explanations whatever the method",
                f"Tables 2 and 3 print lower scores for {len(falling)} of {len(resnet)} methods "
                f"({numbers}), as §4.5 says.",
            ),
        )
        if falling
        else (),
    )


@internal_test("MR-LIP-RECO")
def mr_lip_reco() -> InternalAudit:
    """Does ReCo rise likewise, with SmoothGrad, Saliency and Grad-CAM in front?"""
    signs = _lipschitz_signs("table_03", "ReCo")
    _, lipschitz = _families("table_03")
    order = (
        best_check("SmoothGrad first, 1-Lipschitz", lipschitz, "SG", digits=2),
        _place_check("Saliency next, 1-Lipschitz", lipschitz, "SA", 2),
        _place_check("then Grad-CAM, 1-Lipschitz", lipschitz, "GC", 3),
    )
    second = next(method for method in lipschitz if rank_of(lipschitz, method)[0] == 2)
    return InternalAudit(
        checks=(*signs, *order),
        detail=(
            f"{count_held(signs)} signs as stated, {count_held(order)} places of the ranking: "
            f"{ranking(lipschitz, digits=2)}."
        ),
        errata=(
            Erratum(
                "§4.5, Table 3",
                "SmoothGrad gives the most consistent explanations, “in front of Saliency and "
                "Grad-CAM”",
                f"The runner-up of Table 3 is {second} ({lipschitz[second]:.2f}), which the "
                f"sentence does not name: {ranking(lipschitz, digits=2)}.",
            ),
        )
        if second not in ("SA", "GC")
        else (),
    )


@internal_test("MR-PROD")
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
        errata=(
            *_product_erratum(rows, contrary),
            _gradient_input_erratum(),
        ),
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


def _gradient_input_erratum() -> Erratum:
    """A linear score without bias, for which DeepLIFT from a zero baseline is weight × input."""
    weights, inputs = (1, -1), (1, 1)
    printed = [x * abs(w) for w, x in zip(weights, inputs, strict=True)]
    deeplift = [x * w for w, x in zip(weights, inputs, strict=True)]
    return Erratum(
        "Appendix B, Gradient ⊙ Input",
        "Φ = x ⊙ |∂f/∂x|, equivalent to ε-LRP and DeepLIFT for zero baseline and biases",
        "The absolute value breaks the equivalence stated in the same paragraph: for f(x) = x₁ − "
        f"x₂ at (1, 1) the printed map is {printed}, DeepLIFT gives {deeplift}, whose sum "
        f"{sum(deeplift)} is f(x).",
        read=True,
    )


def _families(table: str) -> tuple[dict[str, float], dict[str, float]]:
    """Scores of ResNet-18 and of the 1-Lipschitz networks, by method."""
    frame = printed_table("mege", table)
    return scores(frame, model="resnet18"), scores(frame, model="lipschitz")


def _lipschitz_signs(table: str, metric: str) -> tuple[Check, ...]:
    resnet, lipschitz = _families(table)
    return tuple(
        sign_check(
            f"1-Lipschitz − ResNet-18, {metric}, {method}",
            lipschitz[method] - resnet[method],
            -1 if method == "G+" else 1,
            digits=2,
        )
        for method in resnet
    )


def _place_check(name: str, values: dict[str, float], label: str, expected: int) -> Check:
    place, _ = rank_of(values, label)
    return Check(
        name,
        place == expected,
        f"{label} {ordinal(expected)}",
        f"{label} {ordinal(place)}, {values[label]:.2f}",
    )
