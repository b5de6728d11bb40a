"""Internal audits of the MeGe/ReCo paper: do tables, text and definitions agree?"""

import math
from itertools import groupby
from typing import Any

from saliency_audit.ledger.internal.registry import internal_test
from saliency_audit.ledger.internal.signs import count_held, list_exceptions, sign
from saliency_audit.ledger.printed import printed_table, printed_tables
from saliency_audit.ledger.verdict import Check, Erratum, InternalAudit

ROUNDING = 0.005  # half a unit of the last printed decimal
LARGEST_DISTANCE = 1.0  # of 1 − |Spearman|, §4.1

# Which measure each phrase stands for, where the paper names both. §3.4 and §3.5 define them.
DEFINED = {"generalizability": "MeGe", "consistency": "ReCo"}
NAMED = {
    "abstract": {"consistency": "ReCo", "generalizability": "MeGe"},
    "§1": {"generalizability": "MeGe", "consistency": "ReCo"},
    "§2, last sentence": {"consistency": "MeGe", "generalizability": "ReCo"},
}

# Accuracies with their ± as stated in the text, in per cent; the first tolerance is for all (§4.1).
TOLERANCE = 3
ACCURACIES = {
    "Fashion-MNIST (App. E)": (92, 1),
    "EuroSAT (App. E)": (95, 1),
    "CIFAR-10, ResNet-18 (App. E)": (78, 4),
    "CIFAR-10, 1-Lipschitz (§4.5)": (78, 4),
    "ImageNet, 50 classes (App. E)": (88, 3),
}

PIXELS = {"imagenet": 224**2, "cifar10": 32**2, "eurosat": 64**2, "fashion_mnist": 28**2}


@internal_test("MR-TABLES")
def mr_tables() -> InternalAudit:
    """Are quantities that are printed twice equal, possible, and called by one name?"""
    equal = (*_printed_twice("table_02", "MeGe"), *_printed_twice("table_03", "ReCo"))
    cells = _mege_cells("table_01", "table_02", "table_05", "table_06", "table_07")
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
            "½, which Eq. 5 cannot give for a distance of at most 1. Names right in "
            f"{count_held(names)} places."
        ),
        errata=(
            *(
                Erratum(
                    check.name,
                    check.found,
                    "The same predictors, image set and method: the two should be equal.",
                )
                for check in equal
                if not check.holds
            ),
            *_below_half(too_low, len(possible)),
            *(
                Erratum(
                    check.name.split(", ", 1)[1],
                    check.found,
                    f"§3.4, §3.5: {check.expected}.",
                    read=True,
                )
                for check in names
                if not check.holds
            ),
            Erratum(
                "§3.3",
                "k folds V_i with i = 0 … k",
                "These are k + 1 folds; §3.1 and Algorithm 1 count from 1.",
                read=True,
            ),
        ),
    )


def _below_half(cells: list[Any], printed: int) -> tuple[Erratum, ...]:
    if not cells:
        return ()
    return (
        Erratum(
            "Tables 1, 2, 5, 6, 7 against Eq. 5 and §4.1",
            f"MeGe below ½ in {len(cells)} of {printed} cells",
            "The distance is one minus the absolute Spearman correlation, at most 1, so MeGe "
            f"is at least ½. Below that: {_cells_listed(cells)}. Either the distance or "
            "Eq. 5 is not what the tables were made with.",
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


def _mege_cells(*tables: str) -> list[Any]:
    """The printed MeGe cells of some tables, as named tuples."""
    frame = printed_tables("mege", *tables)
    return list(frame[frame["metric"] == "mege"].itertuples())


def _cells_listed(cells: list[Any]) -> str:
    """Cells grouped by table, such as `Table 1: SA 0.40, SG 0.36; Table 2: SA 0.45`."""
    return "; ".join(
        f"Table {table}: {', '.join(f'{cell.column} {cell.value:.2f}' for cell in group)}"
        for table, group in groupby(cells, key=lambda cell: cell.table)
    )


@internal_test("MR-ACC")
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
            f"{count_held(checks)} stated spreads are within the ±{TOLERANCE} % of §4.1; "
            f"exceptions: {list_exceptions(checks)}. What ± means (range, deviation) is not said."
        ),
        errata=(
            *_wide_spread(wide),
            Erratum(
                "Appendix E against §4.1",
                "all predictors but the 1-Lipschitz ones are ResNet-18",
                "The list below the sentence gives ResNet50 for ImageNet, as §4.1 does.",
                read=True,
            ),
        ),
    )


def _wide_spread(wide: list[Check]) -> tuple[Erratum, ...]:
    if not wide:
        return ()
    return (
        Erratum(
            "§4.1 against §4.5 and Appendix E",
            f"five predictors of comparable accuracy (±{TOLERANCE} %) in all experiments",
            f"Wider: {list_exceptions(wide)}.",
        ),
    )


@internal_test("MR-SANITY")
def mr_sanity() -> InternalAudit:
    """Can every printed MeGe be above that of random maps, as Eq. 5 and §4.1 define it?"""
    cells = _mege_cells("table_01", "table_05", "table_06", "table_07")
    checks = tuple(
        Check(
            f"MeGe above Random: {cell.column}, {cell.dataset}",
            cell.value + ROUNDING > random_mege(PIXELS[cell.dataset]),
            f"above {random_mege(PIXELS[cell.dataset]):.3f}",
            f"{cell.value:.2f}",
        )
        for cell in cells
    )
    failed = [cell for cell, check in zip(cells, checks, strict=True) if not check.holds]
    return InternalAudit(
        checks=checks,
        detail=(
            "The trends stand in Figures 3, 8 and 9 only; that every method beats random maps "
            "can be "
            "held against the tables. Of the undegraded predictors, "
            f"{len(failed)} of {len(checks)} printed MeGe are not above what Eq. 5 gives for "
            "independent random maps under the stated distance."
        ),
        undecidable="the scores under degradation and those of Random are drawn, not printed",
        errata=(
            *_not_above_random(failed, len(checks)),
            Erratum(
                "§4.2 against Appendix E.2",
                "5, 10 and 30 % of the layers are randomised",
                "Appendix E.2 adds noise to every convolution layer and lets the intensity set the "
                "number of parameters that get it.",
                read=True,
            ),
        ),
    )


def _not_above_random(failed: list[Any], printed: int) -> tuple[Erratum, ...]:
    if not failed:
        return ()
    return (
        Erratum(
            "§4.2 against Tables 1, 5, 6, 7",
            "all tested methods perform better than the random baseline",
            "Independent random maps have MeGe ≈ ½ under Eq. 5 and 1 − |Spearman|; "
            f"{len(failed)} of {printed} printed MeGe are not above that: "
            f"{_cells_listed(failed)}.",
        ),
    )


def random_mege(pixels: int) -> float:
    """MeGe of independent random maps: Eq. 5 with distance 1 − |ρ|.

    For many pixels Spearman's ρ of independent maps is normal with variance 1/(pixels − 1), so the
    mean of |ρ| is √(2/π) times its deviation.
    """
    return 1 / (2 - math.sqrt(2 / math.pi / (pixels - 1)))


def _naming(phrases: dict[str, str]) -> str:
    return ", ".join(f"{phrases[phrase]} is {phrase}" for phrase in DEFINED)
