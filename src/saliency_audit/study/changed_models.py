"""What experiments on changed models share: parameters, tasks, methods, rounding."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from saliency_audit.attributions import Explainer
from saliency_audit.sanity import MEASURES, RandomPerModel
from saliency_audit.study.experiment import Task
from saliency_audit.study.ggig_methods import METHODS, explainers_in, validate_methods
from saliency_audit.study.image_parameters import SliceParameters
from saliency_audit.study.slices import slice_tasks

# Decimals of the recorded similarities: far finer than any margin, yet files stay small.
DECIMALS = 4


@dataclass(frozen=True)
class ChangedModels(SliceParameters):
    """Parameters of the experiments that change models.

    `also` names methods that are computed in separate tasks, on the same changed networks. `draws`
    is the number of changed models per level or stage, `steps` the number of points on each path,
    both ends included. `ascents` and `learning_rate` belong to GGIG's climb at each point,
    `samples` to SmoothGrad and `masks` to RISE.
    """

    models: tuple[str, ...] = ("digits_cnn",)
    methods: tuple[str, ...] = METHODS
    also: tuple[str, ...] = ()
    draws: int = 4
    steps: int = 11
    ascents: int = 5
    learning_rate: float = 1e-4
    samples: int = 20
    masks: int = 200
    slice_size: int = 25

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.also:
            validate_methods(self.also)


def changed_model_tasks(parameters: ChangedModels) -> list[Task]:
    """The tasks of `slice_tasks`, each followed by one for the methods in `also`."""
    apart = tuple(name for name in parameters.also if name not in parameters.methods)
    found = []
    for task in slice_tasks(parameters, without=("also",)):
        found.append(task)
        if apart:
            found.append(Task(f"{task.name}-also", {**task.parameters, "methods": apart}))
    return found


def sanity_explainers(given: Mapping[str, Any]) -> dict[str, Explainer]:
    """The methods of a task by name; every model gets its own random maps.

    Args:
        given: parameters of the task.
    """
    found = explainers_in(given)
    if "random" in found:
        found["random"] = RandomPerModel(given["seed"])
    return found


def rounded(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with their similarities rounded to the recorded decimals."""
    return rows.round(dict.fromkeys(MEASURES, DECIMALS))
