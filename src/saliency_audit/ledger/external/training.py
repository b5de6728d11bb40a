"""Does a network that is trained as described reach the stated accuracy?"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
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
COLUMNS = ("images", "scaling", "seed", "iterations", "training_images", "correct", "tested")
NAN = float("nan")


def training_accuracy(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> ExternalResult:
    """Does the test accuracy after the stated number of steps reach the stated one?

    Args:
        rows: of `ggig_training`.
        parameters: `seeds`, `iterations` and `accuracy`, a share; `scalings`; `batch`,
            `learning_rate`, `momentum`, for the reader, since the experiment has them fixed.

    Returns:
        A comparison per scaling: the mean accuracy over the seeds with its 95 % t interval. It
        holds if the upper end of the interval reaches the stated accuracy. Reproduced if that is
        so for pixels in 0–1 or standardised ones, partly if only for another scaling, not
        reproduced if for none; inconclusive with fewer seeds, or another scaling missing. The
        detail says after how many steps the mean of the longer trainings reaches it. On other
        images than MNIST nothing is tested.

    Raises:
        ValueError: a parameter or column that is missing or unknown.
    """
    name = "training_accuracy"
    needed = {"seeds", "iterations", "accuracy", "scalings", "batch", "learning_rate", "momentum"}
    check_parameters(name, parameters, needed)
    if rows.empty:
        return not_tested("no rows of trainings")
    check_columns(name, rows, COLUMNS)
    rows = rows.assign(accuracy=rows["correct"] / rows["tested"])
    mine = rows[rows["images"] == IMAGES]
    if mine.empty:
        return not_tested(_stand_ins(rows, parameters["iterations"]))
    goal = parameters["accuracy"]
    at = mine[mine["iterations"] == parameters["iterations"]]
    groups = {str(scaling): group["accuracy"] for scaling, group in at.groupby("scaling")}
    comparisons = tuple(
        _comparison(scaling, groups[scaling].to_numpy(dtype=float), goal)
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
    reached = {item.keys["scaling"] for item in comparisons if item.holds}
    if short:
        verdict = Verdict.INCONCLUSIVE
    elif reached & set(USUAL):
        verdict = Verdict.REPRODUCED
    else:
        verdict = Verdict.PARTLY if reached else Verdict.NOT_REPRODUCED
    size = int(mine["training_images"].max())
    passes = parameters["iterations"] * parameters["batch"] / size
    detail = sentences(
        tally(comparisons),
        f"{parameters['iterations']} steps of {parameters['batch']} are {passes:.2f} passes over "
        f"{size} images.",
        f"Too few: {named(short)}." if short else "",
        *_when(mine, goal, parameters["batch"]),
    )
    return ExternalResult(verdict, detail, comparisons[0].estimate, comparisons)


def _comparison(scaling: str, accuracies: np.ndarray, goal: float) -> Comparison:
    n, mean = len(accuracies), float(accuracies.mean())
    half = NAN
    if n > 1:
        quantile = student.ppf((1 + LEVEL) / 2, n - 1)
        half = float(quantile * accuracies.std(ddof=1) / np.sqrt(n))
    estimate = Estimate(mean, mean - half, mean + half, n)
    return Comparison(
        keys={"scaling": scaling},
        estimate=estimate,
        base_mean=goal,
        other_mean=mean,
        p_value=NAN,
        p_adjusted=NAN,
        expected=f"reaches {goal:.2%}",
        holds=estimate.high >= goal,
        contradicts=estimate.high < goal,
    )


def _when(rows: pd.DataFrame, goal: float, batch: int) -> list[str]:
    """Per scaling, after how many steps the mean over the longest trainings reaches the goal."""
    said = []
    for scaling, group in rows.groupby("scaling", sort=True):
        last = group.groupby("seed")["iterations"].max()
        seeds = last.index[last == last.max()]
        longest = group[group["seed"].isin(seeds)]
        means = longest.groupby("iterations")["accuracy"].mean()
        above = means.index[means >= goal]
        after = f"after {means.index.max()} steps {means.iloc[-1]:.2%}"
        if len(above):
            passes = above[0] * batch / group["training_images"].max()
            after = f"{goal:.2%} from {above[0]} steps ({passes:.1f} passes) on"
        said.append(f"{scaling}: {after}, mean of {len(seeds)} seeds.")
    return said


def _stand_ins(rows: pd.DataFrame, iterations: int) -> str:
    at = rows[rows["iterations"] == iterations]
    found = [
        f"{scaling} {group['accuracy'].mean():.1%}" for scaling, group in at.groupby("scaling")
    ]
    names = ", ".join(sorted(rows["images"].unique()))
    return sentences(
        f"The claim is about MNIST; these rows are of {names}.",
        f"There, after {iterations} steps: {named(found)}." if found else "",
    )
