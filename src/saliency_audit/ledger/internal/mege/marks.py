"""The bold and underline marks of the MeGe/ReCo tables against their numbers."""

from saliency_audit.ledger.internal.signs import rank_of
from saliency_audit.ledger.printed import printed_table
from saliency_audit.ledger.verdict import Erratum

# As printed, per table and row: what is in bold (the best), what is underlined (the second best).
MARKS: dict[str, dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "table_01": {
        "μF": (("GC",), ()),
        "MeGe": (("RI",), ("IG",)),
        "ReCo": (("RI",), ("GC",)),
    },
    "table_05": {
        "μF": (("GC",), ("G+",)),
        "MeGe": (("G+",), ("GC",)),
        "ReCo": (("GC",), ("RI",)),
    },
    "table_06": {"MeGe": (("GC", "G+"), ("SG",)), "ReCo": (("G+",), ("GC",))},
    "table_07": {"MeGe": (("IG", "GI"), ("G+",)), "ReCo": (("GC",), ("IG", "GI", "RI"))},
}


def mark_errata() -> tuple[Erratum, ...]:
    """One erratum per row whose marks are not those of its best and second best numbers."""
    errata = []
    for table, rows in MARKS.items():
        frame = printed_table("mege", table)
        for row, (bold, underlined) in rows.items():
            cells = frame[frame["row"] == row]
            values = dict(zip(cells["column"], cells["value"], strict=True))
            best = {method for method in values if rank_of(values, method)[0] == 1}
            rest = {method: value for method, value in values.items() if method not in best}
            second = {method for method in rest if rank_of(rest, method)[0] == 1}
            if set(bold) == best and set(underlined) == second:
                continue
            errata.append(
                Erratum(
                    f"Table {int(table[-2:])}, row {row}",
                    f"bold: {', '.join(bold) or 'none'}; underlined: "
                    f"{', '.join(underlined) or 'none'} (in the text version of the paper)",
                    f"Best is {_named(best, values)}, second best {_named(second, values)}.",
                )
            )
    return tuple(errata)


def _named(methods: set[str], values: dict[str, float]) -> str:
    return ", ".join(f"{method} {values[method]:.2f}" for method in sorted(methods))
