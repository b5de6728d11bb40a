"""The printed scores of the MeGe/ReCo paper, by method."""

from itertools import groupby
from typing import Any

import pandas as pd

from saliency_audit.ledger.printed import printed_tables

UNDEGRADED = ("table_01", "table_05", "table_06", "table_07")  # one per image set
DATASETS = {
    "imagenet": "ImageNet",
    "cifar10": "CIFAR-10",
    "eurosat": "EuroSAT",
    "fashion_mnist": "Fashion-MNIST",
}
METRICS = {"mu_fidelity": "μF", "mege": "MeGe", "reco": "ReCo"}


def scores(table: pd.DataFrame, **keys: str) -> dict[str, float]:
    """Printed scores by the column labels of the methods, for one row of a table."""
    for name, value in keys.items():
        table = table[table[name] == value]
    return dict(zip(table["column"], table["value"], strict=True))


ROUNDING = 0.005  # half a unit of the last printed decimal


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
