"""MR-ACC: accuracies of the predictors, fold by fold."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from saliency_audit.report.figures.panels import refuse_empty
from saliency_audit.report.names import BASE_COLOUR, IDGI_COLOUR, predictor


def show_accuracies(
    rows: pd.DataFrame, stated: Mapping[tuple[str, str], tuple[float, float]]
) -> Figure:
    """Held-out accuracy of every fold, a line per series of predictors.

    Args:
        rows: of `mege_accuracy`.
        stated: by image set and architecture: the paper's accuracy and its ±, both in percent.

    Returns:
        The figure; grey bands are what the paper states, for the very same predictors only.
    """
    refuse_empty(rows)
    names = ["images", "model", "degradation", "level"]
    groups = list(rows.groupby(names, sort=False))
    figure, axis = plt.subplots(figsize=(7.5, 0.32 * len(groups) + 1), layout="constrained")
    labels = []
    for height, ((images, model, degradation, level), group) in enumerate(groups):
        percent = 100 * group["correct"] / group["held_out"]
        sound = degradation == "none"
        axis.plot(
            percent,
            np.full(len(group), height),
            "o",
            color=IDGI_COLOUR if sound else BASE_COLOUR,
            markersize=5,
            alpha=0.7,
        )
        axis.plot(percent.mean(), height, "|", color="0.1", markersize=12)
        goal = stated.get((str(images), str(model)))
        if sound and goal:
            accuracy, within = goal
            axis.fill_betweenx(
                [height - 0.4, height + 0.4], accuracy - within, accuracy + within, color="0.85"
            )
        labels.append(predictor(str(images), str(model)) if sound else f"{degradation} {level} %")
    axis.set_yticks(range(len(labels)), labels)
    axis.invert_yaxis()
    axis.set_xlabel("accuracy on the held-out fold (%)", fontsize=9)
    axis.tick_params(labelsize=8)
    return figure
