"""Internal audit of MR-LIP-RECO: the two rows of Table 3."""

from saliency_audit.ledger.internal.mege.lipschitz import families, lipschitz_signs
from saliency_audit.ledger.internal.signs import best_check, count_held, ranking, sign_check
from saliency_audit.ledger.verdict import InternalAudit

BEHIND_SMOOTHGRAD = {"SA": "Saliency", "GC": "Grad-CAM"}


def mr_lip_reco() -> InternalAudit:
    """Does ReCo rise likewise, with SmoothGrad first, in front of Saliency and Grad-CAM?"""
    signs = lipschitz_signs("table_03", "ReCo")
    _, lipschitz = families("table_03")
    order = (
        best_check("SmoothGrad first, 1-Lipschitz", lipschitz, "SG", digits=2),
        *(
            sign_check(
                f"SmoothGrad in front of {name}, 1-Lipschitz",
                lipschitz["SG"] - lipschitz[method],
                digits=2,
            )
            for method, name in BEHIND_SMOOTHGRAD.items()
        ),
    )
    return InternalAudit(
        checks=(*signs, *order),
        detail=(
            f"{count_held(signs)} signs as stated, {count_held(order)} statements on the order: "
            f"{ranking(lipschitz, digits=2)}. The sentence does not say which method is second."
        ),
    )
