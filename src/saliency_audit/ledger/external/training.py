"""Does a network that is trained as described reach the stated accuracy?"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binom
from scipy.stats import t as student

from saliency_audit.ledger.external.result import Comparison, ExternalResult, not_tested
from saliency_audit.ledger.external.rows import check_columns, check_parameters
from saliency_audit.ledger.external.rule import named, sentences, tally
from saliency_audit.ledger.statistics import LEVEL, Estimate
from saliency_audit.ledger.verdict import Verdict

# The set that the claim is about; others are stand-ins.
IMAGES = "mnist_train"
# Scalings of the pixels that anybody would try first; the claim prints none.
USUAL = ("unit", "standardised")
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


def training_accuracy(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> ExternalResult:
    """Does the test accuracy after the stated number of steps reach the stated one?

    Args:
        rows: of `ggig_training`.
        parameters: `seeds`, `iterations` and `accuracy`, a share; `scalings`; `looks`, at how many
            tests in a row, up to its last, a training must have the accuracy to have reached it;
            `batch`, `learning_rate`, `momentum`, for the reader, since the experiment has them
            fixed.

    Returns:
        A comparison per scaling: the median accuracy over the seeds with its `median_interval`. It
        holds if the median reaches the stated accuracy, contradicts if the whole interval lies
        below it, and is undecided otherwise, without an interval too. Reproduced if it holds for
        pixels in 0–1 or standardised ones; else inconclusive if it is undecided for one of them;
        else partly, inconclusive or not reproduced by the other scalings. Inconclusive with fewer
        seeds than declared, or a scaling missing. Each comparison has the mean as an extra. The
        detail counts trainings whose weights left the finite numbers, and says after how many steps
        each of the longest trainings reaches the accuracy. On other images than MNIST nothing is
        tested.

    Raises:
        ValueError: a parameter or column that is missing or unknown.
    """
    name = "training_accuracy"
    fixed = {"batch", "learning_rate", "momentum"}
    check_parameters(
        name, parameters, {"seeds", "iterations", "accuracy", "scalings", "looks"} | fixed
    )
    if rows.empty:
        return not_tested("no rows of trainings")
    check_columns(name, rows, COLUMNS)
    rows = rows.assign(accuracy=rows["correct"] / rows["tested"])
    mine = rows[rows["images"] == IMAGES]
    if mine.empty:
        return not_tested(_stand_ins(rows, parameters["iterations"]))
    at = mine[mine["iterations"] == parameters["iterations"]]
    groups = {str(scaling): group["accuracy"] for scaling, group in at.groupby("scaling")}
    comparisons = tuple(
        _comparison(scaling, groups[scaling].to_numpy(dtype=float), parameters["accuracy"])
        for scaling in parameters["scalings"]
        if scaling in groups
    )
    if not comparisons:
        return not_tested(f"no rows after {parameters['iterations']} steps")
    short = [
        f"{scaling}: {len(groups.get(scaling, ()))} of {parameters['seeds']} seeds"
        for scaling in parameters["scalings"]
        if len(groups.get(scaling, ())) < parameters["seeds"]
    ]
    size = int(mine["training_images"].max())
    passes = parameters["iterations"] * parameters["batch"] / size
    detail = sentences(
        tally(comparisons),
        f"{parameters['iterations']} steps of {parameters['batch']} are {passes:.2f} passes over "
        f"{size} images.",
        f"Accuracy then: {named([_said(item, groups) for item in comparisons])}.",
        _not_finite(mine),
        f"Too few: {named(short)}." if short else "",
        *_when(mine, parameters),
    )
    verdict = Verdict.INCONCLUSIVE if short else _verdict(comparisons)
    return ExternalResult(verdict, detail, comparisons[0].estimate, comparisons)


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
        return Estimate(median, NAN, NAN, n)
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


def _comparison(scaling: str, accuracies: NDArray[np.float64], goal: float) -> Comparison:
    estimate = median_interval(accuracies)
    known = np.isfinite(estimate.high)
    return Comparison(
        keys={"scaling": scaling},
        estimate=estimate,
        base_mean=goal,
        other_mean=estimate.value,
        p_value=NAN,
        p_adjusted=NAN,
        expected=f"reaches {goal:.2%}",
        # The upper end is no test: two of ten seeds would pull it to the goal.
        holds=bool(known and estimate.value >= goal),
        contradicts=bool(known and estimate.high < goal),
        extra={MEAN: _mean(accuracies)},
    )


def _mean(accuracies: NDArray[np.float64]) -> Estimate:
    """The mean with its t interval, cut to 0–1, beyond which there is no accuracy."""
    n, mean = len(accuracies), float(accuracies.mean())
    if n < 2:
        return Estimate(mean, NAN, NAN, n)
    half = float(student.ppf((1 + LEVEL) / 2, n - 1) * accuracies.std(ddof=1) / np.sqrt(n))
    return Estimate(mean, max(0.0, mean - half), min(1.0, mean + half), n)


def _verdict(comparisons: Sequence[Comparison]) -> Verdict:
    usual = [item for item in comparisons if item.keys["scaling"] in USUAL]
    others = [item for item in comparisons if item.keys["scaling"] not in USUAL]
    if any(item.holds for item in usual):
        return Verdict.REPRODUCED
    if any(item.undecided for item in usual):
        return Verdict.INCONCLUSIVE
    if any(item.holds for item in others):
        return Verdict.PARTLY
    undecided = any(item.undecided for item in others)
    return Verdict.INCONCLUSIVE if undecided else Verdict.NOT_REPRODUCED


def _said(item: Comparison, groups: Mapping[str, pd.Series]) -> str:
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


def _when(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> list[str]:
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


def _stand_ins(rows: pd.DataFrame, iterations: int) -> str:
    at = rows[rows["iterations"] == iterations]
    found = [
        f"{scaling} {group['accuracy'].mean():.1%}" for scaling, group in at.groupby("scaling")
    ]
    names = ", ".join(sorted(rows["images"].unique()))
    return sentences(
        f"The claim is about MNIST; these rows are of {names}.",
        f"There, after {iterations} steps: {named(found)}." if found else "",
        _not_finite(rows),
    )
