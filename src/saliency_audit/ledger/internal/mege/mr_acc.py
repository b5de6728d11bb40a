"""Internal audit of MR-ACC: the stated accuracies and their spreads."""

from saliency_audit.ledger.internal.orders import count_held, list_exceptions
from saliency_audit.ledger.verdict import Check, InternalAudit, erratum_if

# Accuracies with their ± as stated in the text, in per cent; the first tolerance is for all (§4.1).
TOLERANCE = 3
ACCURACIES = {
    "Fashion-MNIST (App. E)": (92, 1),
    "EuroSAT (App. E)": (95, 1),
    "CIFAR-10, ResNet-18 (App. E)": (78, 4),
    "CIFAR-10, 1-Lipschitz (§4.5)": (78, 4),
    "ImageNet, 50 classes (App. E)": (88, 3),
}


def mr_acc() -> InternalAudit:
    """Do all stated accuracies keep within the tolerance stated for all of them?"""
    checks = tuple(
        Check(
            name,
            spread <= TOLERANCE,
            f"at most ±{TOLERANCE} %",
            f"{accuracy} ± {spread} %",
        )
        for name, (accuracy, spread) in ACCURACIES.items()
    )
    wide = [check for check in checks if not check.holds]
    return InternalAudit(
        checks=checks,
        detail=(
            f"{count_held(checks)} stated spreads are within the ±{TOLERANCE} % of §4.1 "
            f"(exceptions: {list_exceptions(checks)}). The paper does not say what ± means, a "
            "range or a deviation."
        ),
        errata=erratum_if(
            bool(wide),
            "§4.1 against §4.5 and Appendix E",
            "“5 predictors, with comparable accuracy (±3%)”, for all experiments",
            f"Stated with a wider spread: {list_exceptions(wide)}.",
        ),
    )
