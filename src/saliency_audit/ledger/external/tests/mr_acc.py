"""MR-ACC: are the predictors of a family as accurate as stated, and about as accurate as others?"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from saliency_audit.ledger.external.effect import Effect, at_most, within
from saliency_audit.ledger.external.ending import Evidence, Parameters, external_test
from saliency_audit.ledger.external.result import Headline
from saliency_audit.ledger.statistics import Estimate

RANGE = "half the range over folds"


@external_test(
    needs={"folds", "comparable", "stated"},
    columns=("images", "model", "degradation", "fold", "correct", "held_out", "seen"),
)
def accuracy_within(rows: pd.DataFrame, parameters: Parameters) -> Evidence:
    """Do the folds' accuracies keep within the stated ± of the stated accuracy?

    Args:
        rows: of `mege_accuracy`; sound predictors are used.
        parameters: `folds`; `stated`, a list of families: `images`, `model`, `accuracy` and
            `within` in percent, `seen`, the images each predictor was trained on; `comparable`, the
            ± in percent that holds for families of which none is stated.

    Returns:
        A comparison per family that was trained: half the range over the folds, at most the ±. The
        interval follows from the 95 % Wilson intervals of the folds. One more per stated family:
        mean accuracy minus the stated one, within the stated ±; the interval is Wilson's of all
        images. What has other images, another architecture or fewer images than stated has no
        accuracy to be compared with. A family of another number of folds is missing.
    """
    effects: list[Effect] = []
    missing: list[str] = []
    said: list[str] = []
    for (images, model), group in rows[rows["degradation"] == "none"].groupby(
        ["images", "model"], sort=True
    ):
        keys = {"images": str(images), "model": str(model)}
        if len(group) != parameters["folds"]:
            missing.append(f"{images}, {model}: {len(group)} of {parameters['folds']} folds")
            continue
        seen = int(group["seen"].min())
        stated = [
            item
            for item in parameters["stated"]
            if (item["images"], item["model"]) == (images, model) and seen >= item["seen"]
        ]
        margin = float(stated[0]["within"] if stated else parameters["comparable"])
        half_range = _half_range(group)
        effects.append(
            Effect({**keys, "question": RANGE}, half_range, at_most(margin), other=half_range.value)
        )
        effects += [_from_stated(keys, group, item) for item in stated[:1]]
        mean = 100 * group["correct"].sum() / group["held_out"].sum()
        said.append(
            f"{model} on {images}, {seen} images seen: {mean:.1f} ± {half_range.value:.1f} %"
        )
    return Evidence(
        effects,
        _headline(effects),
        missing=missing,
        remarks=[f"Accuracies: {'; '.join(said)}."],
        nothing="no family of predictors with all folds",
    )


def _half_range(group: pd.DataFrame) -> Estimate:
    """Half the range of the folds' accuracies in percent; n is the number of all images."""
    correct, held_out = group["correct"].to_numpy(), group["held_out"].to_numpy()
    intervals = [_wilson(right, of) for right, of in zip(correct, held_out, strict=True)]
    low, high = (np.array(ends) for ends in zip(*intervals, strict=True))
    return Estimate(
        float(np.ptp(100 * correct / held_out)) / 2,
        max(0.0, float(low.max() - high.min())) / 2,
        float(high.max() - low.min()) / 2,
        int(held_out.sum()),
    )


def _from_stated(keys: Mapping[str, str], group: pd.DataFrame, stated: Mapping[str, Any]) -> Effect:
    """The mean accuracy minus the stated one, in points."""
    correct, count = int(group["correct"].sum()), int(group["held_out"].sum())
    goal, mean = float(stated["accuracy"]), 100 * correct / count
    low, high = _wilson(correct, count)
    return Effect(
        {**keys, "question": "mean minus the stated accuracy"},
        Estimate(mean - goal, low - goal, high - goal, count),
        within(float(stated["within"])),
        base=goal,
        other=mean,
    )


def _headline(effects: list[Effect]) -> Headline | None:
    """The widest range."""
    ranges = [effect for effect in effects if effect.keys["question"] == RANGE]
    if not ranges:
        return None
    widest = max(ranges, key=lambda effect: effect.estimate.value)
    where = f"{widest.keys['model']} on {widest.keys['images']}"
    return Headline.of(widest.estimate, f"{RANGE}, in points, the widest family ({where})")


def _wilson(right: int, of: int) -> tuple[float, float]:
    """95 % interval of a share, in percent."""
    interval = binomtest(int(right), int(of)).proportion_ci(method="wilson")
    return 100 * interval.low, 100 * interval.high
