"""Internal audit of MR-LIP-MEGE: the two rows of Table 2."""

from saliency_audit.ledger.internal.mege.tables import lipschitz_signs
from saliency_audit.ledger.internal.orders import count_held, list_exceptions
from saliency_audit.ledger.verdict import InternalAudit


def mr_lip_mege() -> InternalAudit:
    """Does MeGe rise from ResNet-18 to 1-Lipschitz for every method but Grad-CAM++?"""
    checks = lipschitz_signs("table_02", "MeGe")
    return InternalAudit(
        checks=checks,
        detail=(
            f"{count_held(checks)} signs are as stated (exceptions: {list_exceptions(checks)}). "
            "The table gives no spread over folds, so that “significantly” (caption) has no number "
            "behind it."
        ),
    )
