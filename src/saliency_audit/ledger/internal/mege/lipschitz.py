"""ResNet-18 against 1-Lipschitz networks in Tables 2 and 3."""

from saliency_audit.ledger.internal.mege.tables import scores
from saliency_audit.ledger.internal.signs import (
    sign_check,
)
from saliency_audit.ledger.printed import printed_table
from saliency_audit.ledger.verdict import Check


def families(table: str) -> tuple[dict[str, float], dict[str, float]]:
    """Scores of ResNet-18 and of the 1-Lipschitz networks, by method."""
    frame = printed_table("mege", table)
    return scores(frame, model="resnet18"), scores(frame, model="lipschitz")


def lipschitz_signs(table: str, metric: str) -> tuple[Check, ...]:
    """The stated sign of the difference for every method: negative for Grad-CAM++ only."""
    resnet, lipschitz = families(table)
    return tuple(
        sign_check(
            f"1-Lipschitz − ResNet-18, {metric}, {method}",
            lipschitz[method] - resnet[method],
            -1 if method == "G+" else 1,
            digits=2,
        )
        for method in resnet
    )
