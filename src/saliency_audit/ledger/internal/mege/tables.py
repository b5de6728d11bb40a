"""The printed scores of the MeGe/ReCo paper, by method."""

from itertools import groupby
from typing import Any

from saliency_audit.ledger.internal.orders import sign_check, values_by
from saliency_audit.ledger.printed import printed_table, printed_tables
from saliency_audit.ledger.verdict import Check

UNDEGRADED = ("table_01", "table_05", "table_06", "table_07")  # one per image set
DATASETS = {
    "imagenet": "ImageNet",
    "cifar10": "CIFAR-10",
    "eurosat": "EuroSAT",
    "fashion_mnist": "Fashion-MNIST",
}
METRICS = {"mu_fidelity": "μF", "mege": "MeGe", "reco": "ReCo"}
ROUNDING = 0.005  # half a unit of the last printed decimal


def families(table: str) -> tuple[dict[str, float], dict[str, float]]:
    """Scores of ResNet-18 and of the 1-Lipschitz networks in Table 2 or 3, by method."""
    frame = printed_table("mege", table)
    return values_by(frame, "column", model="resnet18"), values_by(
        frame, "column", model="lipschitz"
    )


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


def mege_cells(*tables: str) -> list[Any]:
    """The printed MeGe cells of some tables, as named tuples."""
    frame = printed_tables("mege", *tables)
    return list(frame[frame["metric"] == "mege"].itertuples())


def cells_listed(cells: list[Any]) -> str:
    """Cells grouped by table, such as `Table 1: SA 0.40, SG 0.36; Table 2: SA 0.45`."""
    return "; ".join(
        f"Table {table}: {', '.join(f'{cell.column} {cell.value:.2f}' for cell in group)}"
        for table, group in groupby(cells, key=lambda cell: cell.table)
    )
