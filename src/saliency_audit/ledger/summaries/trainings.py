"""GG-TRAIN: after how many steps each of the longest trainings reaches the accuracy."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd


def longest_trainings(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> list[str]:
    """Sentences, one per scaling: from which step on its longest trainings keep the accuracy.

    Args:
        rows: of `ggig_training`, with the accuracy of every test.
        parameters: of the test `training_accuracy`.
    """
    goal, looks = parameters["accuracy"], parameters["looks"]
    said = [f"Longest trainings; {goal:.2%} counts as reached if the last {looks} tests have it."]
    for scaling, group in rows.groupby("scaling", sort=True):
        planned = int(group["planned"].max())
        if planned <= parameters["iterations"]:
            said.append(f"{scaling}: none longer than {planned} steps.")
            continue
        kept: dict[str, int] = {}
        missed: list[float] = []
        for seed, training in group[group["planned"] == planned].groupby("seed"):
            ordered = training.sort_values("iterations")
            accuracies = ordered["accuracy"].tolist()
            first = kept_from(ordered["iterations"].tolist(), accuracies, goal, looks)
            if first is None:
                missed.append(accuracies[-1])
            else:
                kept[f"seed {seed}"] = first
        parts, total = [], len(kept) + len(missed)
        if kept:
            per_step = parameters["batch"] / int(group["training_images"].max())
            passes = _range([step * per_step for step in kept.values()], "{:.1f}")
            each = ", ".join(f"{seed} {step}" for seed, step in kept.items())
            parts.append(
                f"reached in {len(kept)} of {total}, from {_range(kept.values(), '{}')} steps on "
                f"({passes} passes; {each})"
            )
        if missed:
            parts.append(
                f"not reached within {planned} steps in {len(missed)} of {total}, which end at "
                f"{_range(missed, '{:.2%}')}"
            )
        said.append(f"{scaling}: {'; '.join(parts)}.")
    return said


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


def _range(values: Collection[float], form: str) -> str:
    low, high = form.format(min(values)), form.format(max(values))
    return low if low == high else f"{low} to {high}"
