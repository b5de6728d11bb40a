"""Internal audit of MR-LIP-MEGE: the two rows of Table 2."""

from saliency_audit.ledger.internal.mege.lipschitz import families, lipschitz_signs
from saliency_audit.ledger.internal.signs import (
    count_held,
    list_exceptions,
)
from saliency_audit.ledger.verdict import Erratum, InternalAudit


def mr_lip_mege() -> InternalAudit:
    """Does MeGe rise from ResNet-18 to 1-Lipschitz for every method but Grad-CAM++?"""
    checks = lipschitz_signs("table_02", "MeGe")
    resnet, lipschitz = families("table_02")
    reco_resnet, reco_lipschitz = families("table_03")
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
