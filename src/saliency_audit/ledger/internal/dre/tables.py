"""Tables 3, 4 and 5 by column, and the checks that the claims on them share."""

from collections.abc import Mapping

import pandas as pd

from saliency_audit.ledger.internal.signs import (
    sign_check,
)
from saliency_audit.ledger.verdict import Check

GRADIENT = ("VGrad", "SMGrad", "ITGrad")
ROUNDING = 0.01  # a mean of three cells of two decimals, itself of two decimals


def by_column(table: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Printed column name -> method as printed -> value."""
    return {str(name): cells(part) for name, part in table.groupby("column", sort=False)}


def cells(table: pd.DataFrame) -> dict[str, float]:
    """Method as printed -> value, for the methods that have one."""
    present = table.dropna(subset="value")
    return dict(zip(present["row"], present["value"].astype(float), strict=True))


def gradient_gap(values: Mapping[str, float]) -> float:
    """Worst of the other methods minus the best of the gradient methods that have a value."""
    others = [value for method, value in values.items() if method not in GRADIENT]
    return min(others) - max(values[method] for method in GRADIENT if method in values)


def gradients_last(name: str, values: Mapping[str, float]) -> Check:
    """Check that the gradient methods stand below all others in one column."""
    others = {method: value for method, value in values.items() if method not in GRADIENT}
    gradients = {method: values[method] for method in GRADIENT if method in values}
    worst = min(others, key=lambda method: others[method])
    top = max(gradients, key=lambda method: gradients[method])
    return Check(
        f"{name}: {', '.join(gradients)} below all others",
        gradient_gap(values) > 0,
        "best of them < worst of the others",
        f"{top} {gradients[top]:.2f}, {worst} {others[worst]:.2f}",
    )


def above_check(name: str, values: Mapping[str, float], first: str, second: str) -> Check:
    """Check that one method stands above another in one column."""
    return sign_check(f"{name}: {first} − {second}", values[first] - values[second], digits=2)


def mean_checks(table: pd.DataFrame) -> list[Check]:
    """Printed MEAN against the mean of the three networks, per method and data set."""
    checks = []
    for (dataset, method), part in table.groupby(["dataset", "row"], sort=False):
        values = part.set_index("model")["value"]
        computed = float(values.drop("mean").mean())
        checks.append(
            Check(
                f"{dataset}: MEAN of {method}",
                abs(values["mean"] - computed) <= ROUNDING,
                f"{computed:.3f} ± {ROUNDING}",
                f"{values['mean']:.2f}",
                deciding=False,
            )
        )
    return checks
