"""GG-TRAIN: does a network that is trained as described reach the stated accuracy?"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from saliency_audit.ledger.external.effect import Effect, Expected
from saliency_audit.ledger.external.ending import Evidence, Parameters, external_test, named
from saliency_audit.ledger.external.result import Headline
from saliency_audit.ledger.statistics import Estimate, jackknife, median_interval
from saliency_audit.ledger.summaries.trainings import longest_trainings

COLUMNS = (
    "images",
    "scaling",
    "seed",
    "iterations",
    "planned",
    "training_images",
    "correct",
    "tested",
    "finite",
)
MEAN = "mean"
NAN = float("nan")


@external_test(
    needs={
        *("seeds", "iterations", "accuracy", "scalings", "looks"),
        *("batch", "learning_rate", "momentum"),
    },
    columns=COLUMNS,
)
def training_accuracy(rows: pd.DataFrame, parameters: Parameters) -> Evidence:
    """Does the test accuracy after the stated number of steps reach the stated one?

    Args:
        rows: of `ggig_training`.
        parameters: `seeds`, `iterations` and `accuracy`, a share; `scalings`; `looks`, at how many
            tests in a row, up to its last, a training must have the accuracy to have reached it;
            `batch`, `learning_rate`, `momentum`, for the reader, since the experiment has them
            fixed.

    Returns:
        What decides is the best scaling: the paper names none, so that the claim holds if it holds
        with any, and is contradicted only with all. A comparison per scaling stands beside: the
        median accuracy over the seeds with its `median_interval`, which should reach the stated
        accuracy; undecided with fewer seeds than declared. Each has the mean as an extra. The
        remarks count trainings whose weights became infinite or NaN, and say after how many steps
        each of the longest trainings reaches the accuracy.
    """
    rows = rows.assign(accuracy=rows["correct"] / rows["tested"])
    at = rows[rows["iterations"] == parameters["iterations"]]
    groups = {str(scaling): group["accuracy"] for scaling, group in at.groupby("scaling")}
    goal, seeds = parameters["accuracy"], parameters["seeds"]
    effects = [
        _of_scaling(scaling, groups[scaling].to_numpy(dtype=float), goal, seeds)
        for scaling in parameters["scalings"]
        if scaling in groups
    ]
    if not effects:
        return Evidence((), nothing=f"no rows after {parameters['iterations']} steps")
    counts = {scaling: len(groups.get(scaling, ())) for scaling in parameters["scalings"]}
    best = any_of(effects, goal)
    size = int(rows["training_images"].max())
    passes = parameters["iterations"] * parameters["batch"] / size
    return Evidence(
        [best, *effects],
        Headline.of(best.estimate, "median accuracy over the seeds, best scaling", "seeds"),
        missing=[
            f"{scaling}: {count} of {seeds} seeds"
            for scaling, count in counts.items()
            if count < seeds
        ],
        remarks=(
            f"{parameters['iterations']} steps of {parameters['batch']} are {passes:.2f} passes "
            f"over {size} images.",
            f"Accuracy then: {named([_said(item, groups) for item in effects])}.",
            _not_finite(rows),
            *longest_trainings(rows, parameters),
        ),
    )


def _of_scaling(scaling: str, accuracies: NDArray[np.float64], goal: float, seeds: int) -> Effect:
    estimate = median_interval(accuracies)
    enough = len(accuracies) >= seeds
    return Effect(
        keys={"scaling": scaling},
        estimate=estimate if enough else Estimate.without_interval(estimate.value, estimate.n),
        expected=reaches(goal),
        base=goal,
        other=estimate.value,
        extra={MEAN: _mean(accuracies)},
        decides=False,
    )


def reaches(goal: float) -> Expected:
    """The stated accuracy or more."""
    return Expected(f"reaches {goal:.2%}", above=goal, closed=True)


def any_of(effects: Sequence[Effect], goal: float) -> Effect:
    """What decides where the text does not say which setting it is about: the best of them.

    It holds if one of them does, for it has the highest ends, and contradicts only if all do.
    """
    known = [effect for effect in effects if np.isfinite(effect.estimate.high)]
    undecided = len(known) < len(effects)
    best = max(known or effects, key=lambda effect: (effect.estimate.low, effect.estimate.high))
    highest = max((effect.estimate.high for effect in known), default=NAN)
    found = best.estimate
    high = NAN if undecided and not found.low >= goal else highest
    return Effect(
        keys={"scaling": "any"},
        estimate=Estimate(found.value, found.low, high, found.n),
        expected=reaches(goal),
        base=goal,
        other=found.value,
    )


def _mean(accuracies: NDArray[np.float64]) -> Estimate:
    """The mean with its t interval, cut to 0–1, beyond which there is no accuracy."""
    n, total = len(accuracies), accuracies.sum()
    # Of a mean the jackknife's error is the usual one.
    found = jackknife(float(accuracies.mean()), (total - accuracies) / max(1, n - 1))
    low, high = np.clip([found.low, found.high], 0, 1)
    return Estimate(found.value, float(low), float(high), n)


def _said(item: Effect, groups: Mapping[str, pd.Series]) -> str:
    scaling, found = item.keys["scaling"], item.estimate
    interval = f" ({found.low:.2%} to {found.high:.2%})" if np.isfinite(found.low) else ""
    return (
        f"{scaling} median {found.value:.2%}{interval}, mean {item.extra[MEAN].value:.2%}, best "
        f"{groups[scaling].max():.2%}, n = {found.n}"
    )


def _not_finite(rows: pd.DataFrame) -> str:
    trainings = rows.groupby(["scaling", "seed"])["finite"].all()
    lost = trainings[~trainings].groupby("scaling").size()
    where = named([f"{scaling} {count}" for scaling, count in lost.items()])
    return (
        f"Weights became infinite or NaN in {lost.sum()} of {len(trainings)} trainings"
        f"{': ' if where else ''}{where}."
    )
