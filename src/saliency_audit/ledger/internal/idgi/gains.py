"""Signs of the gains of IDGI at 128 steps, shared by the claims on Tables 1, 2 and 3."""

from collections.abc import Collection, Mapping

from saliency_audit.ledger.internal.idgi.scores import METRICS, PATHS, STEPS, Scores
from saliency_audit.ledger.internal.orders import (
    TOLERANCE,
    count_held,
    list_exceptions,
    sign,
    sign_check,
)
from saliency_audit.ledger.verdict import Check

# Models for which §4.2 and §4.3 say that IDGI lowers the score of BlurIG.
BLURIG_LOWERED = ("MobileNetV2", "ResNet50V2", "ResNet101V2")
LAST_DIGIT = 0.001
TABLE_STEPS = 128


def gains_as_stated(
    scores: Scores,
    metrics: tuple[str, ...],
    lowered: Mapping[str, Collection[str]],
    equal: Collection[tuple[str, str, str]] = (),
) -> tuple[tuple[Check, ...], str]:
    """One check per metric, path and model at 128 steps, and the sentence that counts them.

    IDGI is stated to raise every score, except that it lowers those of the models that `lowered`
    names for a path and leaves those of `equal` (metric, path, model) as they are.
    """
    cells = [
        (metric, path, model)
        for metric in metrics
        for path in scores.paths(TABLE_STEPS)
        for model in scores.models
    ]
    gains = [scores.gain(metric, model, path, TABLE_STEPS) for metric, path, model in cells]
    checks = tuple(
        sign_check(
            f"{PATHS[path]}+IDGI − {PATHS[path]}, {model}, {METRICS[metric]}",
            gain,
            0 if (metric, path, model) in equal else -1 if model in lowered.get(path, ()) else 1,
        )
        for (metric, path, model), gain in zip(cells, gains, strict=True)
    )
    signs = [sign(gain) for gain in gains]
    narrow = sum(abs(gain) <= LAST_DIGIT + TOLERANCE for gain in gains)
    fewer = [
        f"{sum(metric in metrics for metric, *_ in scores.without_gain(steps))} of "
        f"{len(metrics) * len(scores.models) * len(scores.paths(steps))} at {steps} steps"
        for steps in reversed(STEPS[:-1])
    ]
    detail = (
        f"{count_held(checks)} signs are as the text states (exceptions: "
        f"{list_exceptions(checks)}). Of the {len(signs)} scores IDGI raises {signs.count(1)}, "
        f"lowers {signs.count(-1)} and leaves {signs.count(0)} as they are; in {narrow} of them "
        "the change is at most one unit of the last printed digit. With fewer steps, IDGI does "
        f"not raise {', '.join(fewer)}."
    )
    return checks, detail
