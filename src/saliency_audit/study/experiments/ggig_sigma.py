"""Maps and scores as noise on the weights grows: the rows behind Figure 4 of the GGIG paper."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch

from saliency_audit.models.randomization import Randomisation
from saliency_audit.sanity import perturbed_weights, unrelated_models
from saliency_audit.study.changed_models import (
    ChangedModels,
    described,
    model_tasks,
    sanity_explainers,
)
from saliency_audit.study.columns import Column, names
from saliency_audit.study.experiment import Experiment, Outcome, Task
from saliency_audit.study.ggig_methods import CHEAP, CLIMB, METHODS
from saliency_audit.study.selection import Selection, select
from saliency_audit.study.shared_columns import IMAGE, SIMILARITIES, shared

NOISE, UNRELATED = "noise", "unrelated"
COLUMNS = (
    *shared("model", "images", "method", "sign"),
    *IMAGE,
    *shared("against"),
    Column("level", "number", "σ", "of the noise on each weight; NaN for an unrelated network"),
    *shared("draw", "probability"),
    Column("classes", "integer", "", "how many the network tells apart"),
    *SIMILARITIES,
)
HALVES = (0.0, 0.5, 1.0)
TENTHS = tuple(n / 10 for n in range(11))


@dataclass(frozen=True)
class Parameters(ChangedModels):
    """Parameters of the experiment: those of `ChangedModels`, and levels of the noise in σ.

    As many models as there are draws per level, with all layers re-initialised, tell the floor
    of each method and measure.
    """

    levels: tuple[float, ...] = HALVES
    large_levels: tuple[float, ...] = HALVES

    def __post_init__(self) -> None:
        super().__post_init__()
        for levels in (self.levels, self.large_levels):
            if not levels or not all(math.isfinite(t) and t >= 0 for t in levels):
                raise ValueError(f"levels of noise must be finite numbers ≥ 0, got {levels}")


def tasks(parameters: Parameters) -> Sequence[Task]:
    """One task per network and slice of images."""
    usual, large = ({"levels": each} for each in (parameters.levels, parameters.large_levels))
    return model_tasks(parameters, usual, large)


def compute(task: Task) -> Outcome:
    """Rows of one task: image × method × sign × level × draw, and × draw of an unrelated model.

    `against` says which of the two; `level` is NaN for unrelated models.
    """
    given: dict[str, Any] = dict(task.parameters)
    chosen = select(given["model"], given["images"], given["seed"], given["first"], given["last"])
    if not chosen.indices:
        return Outcome(pd.DataFrame(columns=names(COLUMNS)), chosen.notes)
    on = (chosen.model, sanity_explainers(given), chosen.pictures, chosen.targets)
    draws, seed = given["draws"], given["seed"]
    noisy = perturbed_weights(*on, levels=given["levels"], draws=draws, seed=seed)
    unrelated = unrelated_models(*on, draws=draws, how=Randomisation(seed=seed))
    rows = pd.concat(
        [noisy.assign(against=NOISE), unrelated.assign(against=UNRELATED, level=math.nan)],
        ignore_index=True,
    ).assign(classes=_classes(chosen))
    return Outcome(described(rows, chosen, given, names(COLUMNS)), chosen.notes)


def _classes(chosen: Selection) -> int:
    with torch.no_grad():
        return chosen.model(chosen.pictures[:1]).shape[1]


EXPERIMENT = Experiment(
    name="ggig_sigma",
    title="Maps and scores as noise on the weights grows",
    version=1,
    parameters=Parameters,
    profiles={
        "embedded": {},
        # With 51 points and the 200 steps of the paper, 100 images under 120 changed models would
        # be 10⁸ gradients; with these it is a hundredth, for nearly the same map (ggig_climb).
        "reference": {
            "models": ("mnist_cnn",),
            "n_images": 100,
            "draws": 10,
            "steps": 21,
            "ascents": 5,
            "levels": TENTHS,
            "samples": 50,
            "masks": 500,
            "slice_size": 16,
            # Unlike SqueezeNet's its logits pass no ReLU, which would silence unrelated models.
            "large_models": ("mobilenet_v2",),
            "large_images": "imagenet_sample",
            "large_n_images": 36,
            "large_levels": (0.0, 0.25, 0.5, 0.75, 1.0),
            "large_also": CHEAP,
            "large_steps": 26,
            "large_ascents": 2,
        },
        "paper": {
            "models": ("mnist_cnn",),
            "n_images": 100,
            "draws": 10,
            "steps": 51,
            "ascents": 200,
            "levels": tuple(n / 100 for n in range(101)),
            "samples": 50,
            "masks": 1000,
            "large_models": ("resnet101", "inception_v3"),
            "large_levels": tuple(n / 100 for n in range(101)),
            "large_images": "imagenet_val",
            "large_n_images": 100,
            "large_methods": METHODS,
            "large_draws": 10,
            "large_steps": 51,
            "large_ascents": 200,
        },
    },
    tasks=tasks,
    compute=compute,
    recorded=COLUMNS,
    labels=CLIMB,
)
