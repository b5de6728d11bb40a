"""Internal audit of IDGI-NE: Table 2 against §4.3."""

from saliency_audit.ledger.internal.idgi.gains import BLURIG_LOWERED, gains_as_stated
from saliency_audit.ledger.internal.idgi.scores import METRICS, PATHS, STEPS, Scores, read_scores
from saliency_audit.ledger.verdict import InternalAudit


def idgi_ne() -> InternalAudit:
    """Does every pair of Table 2 have the sign that §4.3 states?"""
    scores = read_scores()
    checks, detail = gains_as_stated(
        scores,
        ("aic_entropy", "sic_entropy"),
        lowered={"ig": ("ResNet152V2",), "blurig": BLURIG_LOWERED},
    )
    other = _outside_the_named_models(scores)
    return InternalAudit(
        checks,
        f"{detail} Among these, for models other than MobileNetV2 and the ResNets, which §5 "
        f"names: "
        f"{'; '.join(other) or 'none'}.",
    )


def _outside_the_named_models(scores: Scores) -> list[str]:
    """Scores at any number of steps that IDGI does not raise, for models that §5 does not name."""
    return [
        f"{model}, {PATHS[path]}, {METRICS[metric]}, {steps} steps ({gain:+.3f})"
        for steps in reversed(STEPS)
        for metric, model, path, gain in scores.without_gain(steps)
        if model != "MobileNetV2" and not model.startswith("ResNet")
    ]
