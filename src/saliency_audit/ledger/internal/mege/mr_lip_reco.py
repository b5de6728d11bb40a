"""Internal audit of MR-LIP-RECO: the two rows of Table 3."""

from saliency_audit.ledger.internal.mege.tables import families, lipschitz_signs
from saliency_audit.ledger.internal.orders import Above, First, count_held, hold, ranking
from saliency_audit.ledger.verdict import InternalAudit

ORDER = (
    First("SG", "SmoothGrad first, {column}"),
    Above("SG", "SA", "SmoothGrad in front of Saliency, {column}"),
    Above("SG", "GC", "SmoothGrad in front of Grad-CAM, {column}"),
)


def mr_lip_reco() -> InternalAudit:
    """Does ReCo rise likewise, with SmoothGrad first, in front of Saliency and Grad-CAM?"""
    signs = lipschitz_signs("table_03", "ReCo")
    _, lipschitz = families("table_03")
    order = hold(ORDER, {"1-Lipschitz": lipschitz}, digits=2)
    return InternalAudit(
        checks=(*signs, *order),
        detail=(
            f"{count_held(signs)} signs are as stated, and {count_held(order)} statements on the "
            f"order hold: {ranking(lipschitz, digits=2)}. The sentence does not say which method "
            "is second."
        ),
    )
