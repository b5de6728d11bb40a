"""Internal audit of IDGI-INS: Table 1 against §4.2."""

from saliency_audit.ledger.internal.idgi.gains import BLURIG_LOWERED, gains_as_stated
from saliency_audit.ledger.internal.idgi.scores import (
    METRICS,
    Scores,
    read_scores,
)
from saliency_audit.ledger.printed import printed_tables
from saliency_audit.ledger.verdict import Erratum, InternalAudit


def idgi_ins() -> InternalAudit:
    """Does every pair of Table 1 have the sign that §4.2 states?"""

    def stated(metric: str, model: str, path: str) -> int:
        return -1 if path == "blurig" and model in BLURIG_LOWERED else 1

    scores = read_scores()
    return InternalAudit(
        *gains_as_stated(scores, ("insertion_probability", "insertion_ratio"), stated),
        errata=(
            *number_of_metrics(scores),
            *residual_network_of_151_layers(scores),
            *missing_decimal_point(),
        ),
    )


def number_of_metrics(scores: Scores) -> tuple[Erratum, ...]:
    """The abstract counts three metrics, §4.1 four, the tables six scores."""
    found = len(scores.metrics)
    if found == 3:
        return ()
    return (
        Erratum(
            "Abstract, §4.1",
            "“three metrics” (abstract), “four evaluation metrics” (§4.1)",
            f"The tables print {found} scores: {', '.join(METRICS[m] for m in scores.metrics)}.",
        ),
    )


def residual_network_of_151_layers(scores: Scores) -> tuple[Erratum, ...]:
    """§4.1 lists a ResNet151V2 that no table has."""
    residual = [model for model in scores.models if model.startswith("ResNet")]
    if "ResNet151V2" in residual:
        return ()
    return (
        Erratum(
            "§4.1, Models",
            "ResNet50, 101 and 151, all V2",
            f"No table has a ResNet151V2; the tables have {', '.join(residual)}.",
        ),
    )


def missing_decimal_point() -> tuple[Erratum, ...]:
    """Cells printed as whole numbers although every score lies between 0 and 1."""
    frame = printed_tables("idgi")
    scores = frame[frame.table != "5"]
    bad = scores[scores.text.str.fullmatch(r"\d+")]
    return tuple(
        Erratum(
            f"Table {cell.table}, {cell.row}, {cell.column}",
            str(cell.text),
            f"The decimal point is missing: scores lie between 0 and 1, so {cell.value:.3f} is "
            f"meant ({len(scores) - len(bad):,} of {len(scores):,} score cells have their point).",
        )
        for cell in bad.itertuples()
    )
