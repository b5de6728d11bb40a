"""Internal audit of MR-LIP-RECO: the two rows of Table 3."""

from saliency_audit.ledger.internal.mege.lipschitz import families, lipschitz_signs
from saliency_audit.ledger.internal.signs import (
    best_check,
    count_held,
    ordinal,
    rank_of,
    ranking,
)
from saliency_audit.ledger.verdict import Check, Erratum, InternalAudit


def mr_lip_reco() -> InternalAudit:
    """Does ReCo rise likewise, with SmoothGrad, Saliency and Grad-CAM in front?"""
    signs = lipschitz_signs("table_03", "ReCo")
    _, lipschitz = families("table_03")
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


def _place_check(name: str, values: dict[str, float], label: str, expected: int) -> Check:
    place, _ = rank_of(values, label)
    return Check(
        name,
        place == expected,
        f"{label} {ordinal(expected)}",
        f"{label} {ordinal(place)}, {values[label]:.2f}",
    )
