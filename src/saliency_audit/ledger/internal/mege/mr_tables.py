"""Internal audit of MR-TABLES: do tables, text and definitions agree?"""

import re
from typing import Any

from saliency_audit.ledger.internal.mege.tables import ROUNDING, cells_listed, mege_cells
from saliency_audit.ledger.internal.orders import count_held, list_exceptions, sign
from saliency_audit.ledger.printed import printed_table
from saliency_audit.ledger.verdict import Check, Erratum, InternalAudit, erratum_if

LARGEST_DISTANCE = 1.0  # of 1 − |Spearman|, §4.1
# Which measure each phrase stands for, where the paper names both. §3.4 and §3.5 define them.
DEFINED = {"generalizability": "MeGe", "consistency": "ReCo"}
NAMED = {
    "abstract": {"consistency": "ReCo", "generalizability": "MeGe"},
    "§1": {"generalizability": "MeGe", "consistency": "ReCo"},
    "§2, last sentence": {"consistency": "MeGe", "generalizability": "ReCo"},
}


def mr_tables() -> InternalAudit:
    """Are quantities that are printed twice equal, possible, and called by one name?"""
    equal = (*_printed_twice("table_02", "MeGe"), *_printed_twice("table_03", "ReCo"))
    cells = mege_cells("table_01", "table_02", "table_05", "table_06", "table_07")
    possible = tuple(_possible(cell) for cell in cells)
    names = tuple(
        Check(
            f"MeGe and ReCo called by their defined names, {place}",
            phrases == DEFINED,
            _naming(DEFINED),
            _naming(phrases),
        )
        for place, phrases in NAMED.items()
    )
    too_low = [cell for cell, check in zip(cells, possible, strict=True) if not check.holds]
    return InternalAudit(
        checks=(*equal, *possible, *names),
        detail=(
            f"{count_held(equal)} scores that are printed twice are equal; exceptions: "
            f"{list_exceptions(equal)}. {len(too_low)} of {len(possible)} printed MeGe lie below "
            "½, which Eq. 5 cannot give for a distance of at most 1. The names are "
            f"right in {count_held(names)} places."
        ),
        errata=(
            *(
                Erratum(
                    check.name,
                    _quoted(check.found),
                    "The same predictors, image set and method: the two should be equal.",
                )
                for check in equal
                if not check.holds
            ),
            *erratum_if(
                bool(too_low),
                "Tables 1, 2, 5, 6, 7 against Eq. 5 and §4.1",
                f"MeGe below ½ in {len(too_low)} of {len(possible)} cells",
                "The distance is one minus the absolute Spearman correlation, so at most 1, and "
                f"MeGe is at least ½. Below that: {cells_listed(too_low)}. The tables cannot "
                "have been made with this distance and Eq. 5.",
            ),
        ),
    )


def _printed_twice(table: str, row: str) -> tuple[Check, ...]:
    """Compare the ResNet-18 row of a table with the same scores in Table 5."""
    frame, frame_again = printed_table("mege", table), printed_table("mege", "table_05")
    first = frame[frame["model"] == "resnet18"].set_index("column")["value"]
    again = frame_again[frame_again["row"] == row].set_index("column")["value"]
    number = int(table[-2:])
    return tuple(
        Check(
            f"{row} of {method} for ResNet-18 on CIFAR-10, Tables {number} and 5",
            sign(first[method] - again[method]) == 0,
            "the same number",
            f"{first[method]:.2f} in Table {number}, {again[method]:.2f} in Table 5",
        )
        for method in first.index
    )


def _possible(cell: Any) -> Check:
    """Hold a printed MeGe against the smallest that Eq. 5 allows."""
    smallest = 1 / (1 + LARGEST_DISTANCE)
    return Check(
        f"possible MeGe, Table {cell.table}: {cell.column} for {cell.model} on {cell.dataset}",
        cell.value >= smallest - ROUNDING,
        f"≥ {smallest:.2f}",
        f"{cell.value:.2f}, a mean distance of {1 / cell.value - 1:.2f}",
    )


def _quoted(numbers: str) -> str:
    """The numbers of a text in quotation marks: they are cells as printed."""
    return re.sub(r"\d\.\d+", r"“\g<0>”", numbers)


def _naming(phrases: dict[str, str]) -> str:
    return ", ".join(f"{phrases[phrase]} is {phrase}" for phrase in DEFINED)
