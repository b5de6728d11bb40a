"""Internal audit of IDGI-INS: Table 1 against §4.2."""

from saliency_audit.ledger.internal.idgi.gains import BLURIG_LOWERED, gains_as_stated
from saliency_audit.ledger.internal.idgi.scores import read_scores
from saliency_audit.ledger.printed import printed_tables
from saliency_audit.ledger.verdict import Erratum, InternalAudit


def idgi_ins() -> InternalAudit:
    """Does every pair of Table 1 have the sign that §4.2 states?"""
    return InternalAudit(
        *gains_as_stated(
            read_scores(),
            ("insertion_probability", "insertion_ratio"),
            lowered={"blurig": BLURIG_LOWERED},
        ),
        errata=missing_decimal_point(),
    )


def missing_decimal_point() -> tuple[Erratum, ...]:
    """Cells printed as whole numbers although every score lies between 0 and 1."""
    frame = printed_tables("idgi")
    scores = frame[frame.table != "5"]
    bad = scores[scores.text.str.fullmatch(r"\d+")]
    return tuple(
        Erratum(
            f"Table {cell.table}, {cell.row}, {cell.column}",
            f"“{cell.text}”",
            f"Scores lie between 0 and 1, and {len(scores) - len(bad):,} of {len(scores):,} score "
            f"cells have their decimal point, so {cell.value:.3f} is meant. We read a text version "
            "of the paper that carries conversion marks, such as a bracket after a cell of Table "
            "2, so the point may have been lost there and not in the paper.",
        )
        for cell in bad.itertuples()
    )
