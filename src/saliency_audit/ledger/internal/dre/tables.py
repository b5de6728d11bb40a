"""Tables 3, 4 and 5 by column, and the checks that the claims on them share."""

from dataclasses import dataclass

import pandas as pd

from saliency_audit.ledger.internal.orders import Above, Values, values_by
from saliency_audit.ledger.verdict import Check

GRADIENT = ("VGrad", "SMGrad", "ITGrad")
ROUNDING = 0.01  # a mean of three cells of two decimals, itself of two decimals


@dataclass(frozen=True)
class GradientsLast:
    """The gradient methods stand below all others."""

    def check(self, column: str, values: Values, digits: int) -> Check:
        """Hold the statement against one column."""
        others = {method: value for method, value in values.items() if method not in GRADIENT}
        gradients = {method: values[method] for method in GRADIENT if method in values}
        worst = min(others, key=lambda method: others[method])
        top = max(gradients, key=lambda method: gradients[method])
        return Check(
            f"{column}: {', '.join(gradients)} below all others",
            gradients[top] < others[worst],
            "best of them < worst of the others",
            f"{top} {gradients[top]:.{digits}f}, {worst} {others[worst]:.{digits}f}",
        )


ABOVE_MGNET = Above("DRE", "MGnet", "{column}: DRE − MGnet")


def by_column(table: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Printed column name -> method as printed -> value, for the methods that have one."""
    return {column: values_by(table, "row", column=column) for column in table["column"].unique()}


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
