"""GG-TRAIN: does a network that is trained as described reach the stated accuracy?"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binom
from scipy.stats import t as student

from saliency_audit.ledger.external.effect import Effect, Expected
from saliency_audit.ledger.external.ending import Evidence, Parameters, external_test, named
from saliency_audit.ledger.external.result import Headline
from saliency_audit.ledger.statistics import LEVEL, Estimate

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
        median accuracy over the seeds with its `median_interval`, which shall reach the stated
        accuracy; undecided with fewer seeds than declared. Each has the mean as an extra. The
        remarks count trainings whose weights left the finite numbers, and say after how many steps
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
            *_when(rows, parameters),
        ),
    )


def median_interval(values: NDArray[np.float64]) -> Estimate:
    """Median with its interval between two order statistics, exact for any distribution.

    The interval from the k-th lowest to the k-th highest value misses the median only if fewer than
    k values lie on one side of it, which has a binomial probability. k is the largest for which the
    two sides together have at most 5 %: 1 for six to eight values, 2 for nine to eleven.

    Args:
        values: `(n,)`, at least one.

    Returns:
        Median, interval and n; the ends are two of the values, or NaN for fewer than six, of which
        no two hold the median with 95 %.
    """
    ordered = np.sort(values)
    n, median = len(ordered), float(np.median(ordered))
    rank = int(binom.ppf((1 - LEVEL) / 2, n, 0.5))
    if rank == 0:
        return Estimate.without_interval(median, n)
    return Estimate(median, float(ordered[rank - 1]), float(ordered[n - rank]), n)


def kept_from(
    iterations: Sequence[int], accuracies: Sequence[float], goal: float, looks: int
) -> int | None:
    """From when on a training keeps an accuracy, as far as it was looked at.

    Args:
        iterations: `(n,)` after which the network was tested, ascending.
        accuracies: `(n,)` of these tests.
        goal: the accuracy to keep.
        looks: at how many tests up to the last it must be there, at least 1.

    Returns:
        The first of the iterations from which every later accuracy is at least the goal; None if
        there are fewer than `looks` of them.
    """
    below = np.flatnonzero(np.asarray(accuracies) < goal)
    first = int(below[-1]) + 1 if len(below) else 0
    return int(iterations[first]) if len(iterations) - first >= looks else None


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
    n, mean = len(accuracies), float(accuracies.mean())
    if n < 2:
        return Estimate.without_interval(mean, n)
    half = float(student.ppf((1 + LEVEL) / 2, n - 1) * accuracies.std(ddof=1) / np.sqrt(n))
    return Estimate(mean, max(0.0, mean - half), min(1.0, mean + half), n)


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
        f"Weights left the finite numbers in {lost.sum()} of {len(trainings)} trainings"
        f"{': ' if where else ''}{where}."
    )


def _when(rows: pd.DataFrame, parameters: Parameters) -> list[str]:
    """Per scaling, from which step on each of the longest trainings keeps the accuracy."""
    goal, looks = parameters["accuracy"], parameters["looks"]
    said = [f"Longest trainings; {goal:.2%} counts as reached if the last {looks} tests have it."]
    for scaling, group in rows.groupby("scaling", sort=True):
        planned = int(group["planned"].max())
        if planned <= parameters["iterations"]:
            said.append(f"{scaling}: none longer than {planned} steps.")
            continue
        kept: dict[str, int] = {}
        missed = []
        for seed, training in group[group["planned"] == planned].groupby("seed"):
            ordered = training.sort_values("iterations")
            accuracies = ordered["accuracy"].tolist()
            first = kept_from(ordered["iterations"].tolist(), accuracies, goal, looks)
            if first is None:
                missed.append(accuracies[-1])
            else:
                kept[f"seed {seed}"] = first
        per_step = parameters["batch"] / int(group["training_images"].max())
        said.append(f"{scaling}: {_reached(kept, missed, planned, per_step)}.")
    return said


def _reached(kept: Mapping[str, int], missed: Sequence[float], planned: int, rate: float) -> str:
    """How many trainings of a scaling reach it, from when on, and where the others end.

    Args:
        kept: per seed that reaches it, the first step from which it stays.
        missed: the last accuracy of every other.
        planned: steps after which a training ends at the latest.
        rate: passes over the images per step.
    """
    total, parts = len(kept) + len(missed), []
    if kept:
        steps = list(kept.values())
        each = ", ".join(f"{seed} {step}" for seed, step in kept.items())
        parts.append(
            f"reached in {len(kept)} of {total}, from {_range(steps, '{}')} steps on "
            f"({_range([step * rate for step in steps], '{:.1f}')} passes; {each})"
        )
    if missed:
        parts.append(
            f"not reached within {planned} steps in {len(missed)} of {total}, which end at "
            f"{_range(missed, '{:.2%}')}"
        )
    return "; ".join(parts)


def _range(values: Collection[float], form: str) -> str:
    low, high = form.format(min(values)), form.format(max(values))
    return low if low == high else f"{low} to {high}"
