"""Information curves of the GGIG paper's five methods: the rows behind its Table 2."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from saliency_audit.attributions import saliency
from saliency_audit.errors import refuse_unknown
from saliency_audit.metrics import InformationPoints, information_points
from saliency_audit.metrics.information_curve import Complexity
from saliency_audit.metrics.reveal import Mode
from saliency_audit.study.columns import Column, names
from saliency_audit.study.experiment import Experiment, Outcome, Task
from saliency_audit.study.experiments.idgi_scores import SMALLEST_SIDE
from saliency_audit.study.ggig_methods import (
    CLIMB,
    CONTROLS,
    METHODS,
    PAPER,
    effort_in,
    explainers,
)
from saliency_audit.study.selection import Selection, select
from saliency_audit.study.shared_columns import AT_POINTS, IMAGE, shared
from saliency_audit.study.slices import tasks_by_model
from saliency_audit.study.validation import (
    validate_counts,
    validate_models,
    validate_rate,
    validate_reduction,
    validate_steps,
)

SETTINGS = (
    *("methods", "steps", "climb_points", "ascents", "learning_rate"),
    *("reduction", "information", "seed"),
)
CURVES = (
    Column("ic_shannon_entropy", "numbers", "bits", f"of the grey levels {AT_POINTS}"),
    *shared("ic_file_size", "ic_probability", "ic_correct"),
)
COLUMNS = (*shared("model", "images", "method"), *IMAGE, *CURVES)


@dataclass(frozen=True)
class Parameters:
    """Parameters of the experiment; `n_images` counts candidates, before classification.

    `steps` are the points of Integrated Gradients, both ends included, `climb_points` those of
    GGIG's line, `ascents` and `learning_rate` those of the climb at each. `information` is how
    hidden pixels are restored: "exact" or "fast". Digits of 8×8 pixels are too small for curves
    that say anything: a hundredth of their pixels is none.
    """

    models: tuple[str, ...] = ("shapes_cnn",)
    images: str | None = None
    n_images: int = 32
    methods: tuple[str, ...] = (*PAPER, *CONTROLS)
    steps: int = 21
    climb_points: int = 11
    ascents: int = 10
    learning_rate: float = 1e-4
    reduction: str = "sum_abs"
    information: str = "fast"
    seed: int = 0
    slice_size: int = 32

    def __post_init__(self) -> None:
        validate_models(self.models, self.images)
        validate_rate(self.learning_rate)
        validate_steps(self.steps, self.climb_points)
        validate_counts(n_images=self.n_images, slice_size=self.slice_size, ascents=self.ascents)
        validate_reduction(self.reduction)
        for name in self.methods:
            refuse_unknown("method", name, METHODS)
        if self.information not in ("exact", "fast"):
            raise ValueError(f"information must be exact or fast, got {self.information!r}")


def tasks(parameters: Parameters) -> Sequence[Task]:
    """One task per model and slice of images."""
    return tasks_by_model(parameters, SETTINGS)


def compute(task: Task) -> Outcome:
    """Rows of one task: one per map."""
    given: dict[str, Any] = dict(task.parameters)
    chosen = select(given["model"], given["images"], given["seed"], given["first"], given["last"])
    rows: list[dict[str, Any]] = []
    ends: InformationPoints | None = None
    for method, maps in _maps(chosen, given).items():
        ends = _points(chosen, saliency(maps, given["reduction"]), given["information"], ends)
        rows += [
            {
                "model": given["model"],
                "images": given["images"],
                "method": method,
                **chosen.describe(position),
                **_lists(ends, position),
            }
            for position in range(len(chosen.indices))
        ]
    return Outcome(pd.DataFrame(rows, columns=names(COLUMNS)), chosen.notes)


def _maps(chosen: Selection, given: dict[str, Any]) -> dict[str, Tensor]:
    if not chosen.indices:
        return {}
    made = explainers(given["methods"], effort_in(given), given["seed"])
    on = (chosen.model, chosen.pictures, chosen.targets)
    return {name: explain(*on) for name, explain in made.items()}


def _points(
    chosen: Selection, salient: Tensor, mode: Mode, ends: InformationPoints | None
) -> InformationPoints:
    """Points of the maps' curves; without compressed sizes where pictures are too small."""
    small = min(chosen.pictures.shape[-2:]) < SMALLEST_SIDE
    complexities: tuple[Complexity, ...] = ("shannon_entropy",)
    return information_points(
        chosen.model,
        chosen.pictures,
        salient,
        chosen.targets,
        seeds=chosen.seeds,
        mode=mode,
        complexities=complexities if small else (*complexities, "file_size"),
        ends=ends,
    )


def _lists(points: InformationPoints, position: int) -> dict[str, Any]:
    """The points of one image; None for what was not measured."""
    found = {
        name: getattr(points, name.removeprefix("ic_"))[position].to(torch.float32)
        for name in names(CURVES)
    }
    return {
        name: None if values.isnan().any() else values.numpy() for name, values in found.items()
    }


EXPERIMENT = Experiment(
    name="ggig_information_curves",
    title="Information curves of GGIG, its rivals and controls",
    version=1,
    parameters=Parameters,
    profiles={
        "embedded": {},
        "reference": {
            "models": ("squeezenet1_0", "mobilenet_v2"),
            "images": "imagenet_sample",
            "n_images": 90,
            "steps": 51,
            "climb_points": 26,
            "slice_size": 10,
        },
        "paper": {
            "models": ("inception_v3", "resnet101"),
            "images": "imagenet_val",
            "n_images": 50000,
            "steps": 51,
            "climb_points": 51,
            "ascents": 100,
            "information": "exact",
            "slice_size": 100,
        },
    },
    tasks=tasks,
    compute=compute,
    recorded=COLUMNS,
    labels=CLIMB,
)
