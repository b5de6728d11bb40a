"""What experiments on changed models share: parameters, tasks, methods, the columns of rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from saliency_audit.attributions import Explainer
from saliency_audit.errors import refuse_unknown
from saliency_audit.sanity import MEASURES, RandomPerModel
from saliency_audit.study.experiment import Task
from saliency_audit.study.ggig_methods import CONTROLS, METHODS, PAPER, effort_in, explainers
from saliency_audit.study.selection import Selection, images_of
from saliency_audit.study.validation import (
    validate_counts,
    validate_names,
    validate_rate,
    validate_steps,
)

# Decimals of the recorded similarities: far finer than any margin, and files stay small.
DECIMALS = 4
SHARED = ("learning_rate", "samples", "masks", "seed")
PER_SIZE = ("methods", "draws", "steps", "ascents")


@dataclass(frozen=True)
class ChangedModels:
    """Parameters of the experiments that change models; `n_images` counts candidates.

    Networks of larger pictures cost more per map and have parameters of their own, which begin with
    `large_`; `large_also` are methods whose rows are computed apart, on the same changed networks.
    `draws` are changed models per level or stage; `steps` are points on the paths, both
    ends included, `ascents` and `learning_rate` those of GGIG's climb at each; `samples` and
    `masks` are those of SmoothGrad and RISE.
    """

    models: tuple[str, ...] = ("digits_cnn",)
    images: str | None = None
    n_images: int = 24
    methods: tuple[str, ...] = METHODS
    draws: int = 4
    steps: int = 11
    ascents: int = 5
    large_models: tuple[str, ...] = ("shapes_cnn",)
    large_images: str | None = None
    large_n_images: int = 24
    large_methods: tuple[str, ...] = (*PAPER, *CONTROLS)
    large_also: tuple[str, ...] = ()
    large_draws: int = 4
    large_steps: int = 5
    large_ascents: int = 3
    learning_rate: float = 1e-4
    samples: int = 20
    masks: int = 200
    seed: int = 0
    slice_size: int = 25

    def __post_init__(self) -> None:
        if not (self.models or self.large_models):
            raise ValueError("no classifier given: models and large_models are empty")
        validate_names(self.models, self.images)
        validate_names(self.large_models, self.large_images)
        validate_steps(self.steps, self.large_steps)
        validate_rate(self.learning_rate)
        if not (self.methods and self.large_methods):
            raise ValueError("no method given: methods or large_methods is empty")
        counts = ("n_images", "draws", "ascents")
        validate_counts(
            **{name: getattr(self, name) for name in (*counts, "samples", "masks", "slice_size")},
            **{f"large_{name}": getattr(self, f"large_{name}") for name in counts},
        )
        for method in (*self.methods, *self.large_methods, *self.large_also):
            refuse_unknown("method", method, METHODS)


def model_tasks(
    parameters: ChangedModels, usual: Mapping[str, Any], large: Mapping[str, Any]
) -> list[Task]:
    """One task per network and slice of images, and one more for methods that are computed apart.

    Args:
        parameters: the experiment's.
        usual: what else the rows of `models` depend on.
        large: the same for `large_models`.
    """
    shared = {name: getattr(parameters, name) for name in SHARED}
    found = []
    for prefix, more in (("", usual), ("large_", large)):
        own = {name: getattr(parameters, prefix + name) for name in PER_SIZE}
        count = getattr(parameters, f"{prefix}n_images")
        for first in range(0, count, parameters.slice_size):
            for model in getattr(parameters, f"{prefix}models"):
                given = {
                    **shared,
                    **own,
                    **more,
                    "model": model,
                    "images": images_of(model, getattr(parameters, f"{prefix}images")),
                    "first": first,
                    "last": min(first + parameters.slice_size, count),
                }
                found.append(Task(f"{model}-{first:05d}", given))
                apart = tuple(name for name in parameters.large_also if name not in own["methods"])
                if prefix and apart:
                    found.append(Task(f"{model}-{first:05d}-also", {**given, "methods": apart}))
    return found


def sanity_explainers(given: Mapping[str, Any]) -> dict[str, Explainer]:
    """The methods of a task by name; every model gets its own random maps.

    Args:
        given: parameters of the task.
    """
    found = explainers(given["methods"], effort_in(given), given["seed"])
    if "random" in found:
        found["random"] = RandomPerModel(given["seed"])
    return found


def described(
    rows: pd.DataFrame, chosen: Selection, given: Mapping[str, Any], columns: list[str]
) -> pd.DataFrame:
    """Rows of the checks with what every row says about its model and image.

    Args:
        rows: of a function of `sanity`, with the column `position`.
        chosen: the images.
        given: parameters of the task.
        columns: all that the experiment declares, in order.
    """
    if rows.empty:
        return pd.DataFrame(columns=columns)
    about = pd.DataFrame([chosen.describe(i) for i in range(len(chosen.indices))])
    full = rows.join(about, on="position")
    full = full.assign(model=given["model"], images=given["images"])
    return full[columns].round(dict.fromkeys(MEASURES, DECIMALS))
