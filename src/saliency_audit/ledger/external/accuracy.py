"""Are the predictors of a family as accurate as stated, and about as accurate as each other?"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from saliency_audit.ledger.external.result import Comparison, ExternalResult, not_tested
from saliency_audit.ledger.external.rows import check_columns, check_parameters
from saliency_audit.ledger.external.rule import family_verdict, named, sentences, tally
from saliency_audit.ledger.statistics import Estimate

NAN = float("nan")


def accuracy_within(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> ExternalResult:
    """Do the folds' accuracies keep within the stated ± of the stated accuracy?

    Args:
        rows: of `mege_accuracy`; sound predictors are used.
        parameters: `folds`; `stated`, a list of families: `images`, `model`, `accuracy` and
            `within` in percent, `seen`, the images each predictor was trained on. What has other
            images, another architecture or fewer images is a stand-in.

    Returns:
        Two comparisons per stated family that was trained: half the range over the folds, at most
        the stated ±; and the distance of the mean accuracy from the stated one, likewise. The
        interval of the first follows from the 95 % Wilson intervals of the folds, that of the
        second is Wilson's of all images. A comparison holds if its interval meets the limit as a
        whole and contradicts if no part of it does. The verdict is `family_verdict`'s. The detail
        reports stand-ins; without any other family nothing is tested.

    Raises:
        ValueError: a parameter or column that is missing or unknown.
    """
    name = "accuracy_within"
    check_parameters(name, parameters, {"folds", "stated"})
    if rows.empty:
        return not_tested("no rows of predictors")
    needed = ["images", "model", "degradation", "fold", "correct", "held_out", "seen"]
    check_columns(name, rows, needed)
    comparisons: list[Comparison] = []
    stand_ins: list[str] = []
    for (images, model), group in rows[rows["degradation"] == "none"].groupby(
        ["images", "model"], sort=True
    ):
        accuracy = 100 * group["correct"] / group["held_out"]
        seen = int(group["seen"].min())
        label = (
            f"{model} on {images}, {len(group)} folds, {seen} images seen: "
            f"{accuracy.mean():.1f} ± {(accuracy.max() - accuracy.min()) / 2:.1f} %"
        )
        stated = [
            item
            for item in parameters["stated"]
            if (item["images"], item["model"]) == (images, model) and seen >= item["seen"]
        ]
        if not stated or len(group) != parameters["folds"]:
            stand_ins.append(label)
            continue
        comparisons += _of_family(str(images), str(model), group, stated[0])
    beside = f"Stand-ins, which do not count: {named(stand_ins)}." if stand_ins else ""
    if not comparisons:
        return not_tested(
            sentences("Only stand-ins for the paper's predictors were trained.", beside)
        )
    return ExternalResult(
        family_verdict(comparisons), sentences(tally(comparisons), beside), None, tuple(comparisons)
    )


def _of_family(
    images: str, model: str, group: pd.DataFrame, stated: Mapping[str, Any]
) -> list[Comparison]:
    correct, held_out = group["correct"].to_numpy(), group["held_out"].to_numpy()
    intervals = [_wilson(right, of) for right, of in zip(correct, held_out, strict=True)]
    low, high = (np.array(ends) for ends in zip(*intervals, strict=True))
    accuracy = 100 * correct / held_out
    count = int(held_out.sum())
    half_range = Estimate(
        float(np.ptp(accuracy)) / 2,
        max(0.0, float(low.max() - high.min())) / 2,
        float(high.max() - low.min()) / 2,
        count,
    )
    goal, within = float(stated["accuracy"]), float(stated["within"])
    mean = 100 * correct.sum() / count
    least, most = _wilson(correct.sum(), count)
    away = Estimate(float(mean - goal), least - goal, most - goal, count)
    return [
        Comparison(
            keys={"images": images, "model": model, "question": question},
            estimate=estimate,
            base_mean=goal,
            other_mean=float(mean),
            p_value=NAN,
            p_adjusted=NAN,
            expected=f"at most {within:g}",
            holds=bool(max(-estimate.low, estimate.high) <= within),
            contradicts=bool(estimate.low > within or estimate.high < -within),
        )
        for question, estimate in (
            ("half the range over folds", half_range),
            ("mean minus the stated accuracy", away),
        )
    ]


def _wilson(right: int, of: int) -> tuple[float, float]:
    """95 % interval of a share, in percent."""
    interval = binomtest(int(right), int(of)).proportion_ci(method="wilson")
    return 100 * interval.low, 100 * interval.high
