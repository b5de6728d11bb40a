"""What the IDGI study left out: localisation of objects, and Xception."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from saliency_audit.attributions import saliency
from saliency_audit.datasets import read_regions
from saliency_audit.metrics import box_iou, explainability, region_iou
from saliency_audit.study.columns import Column
from saliency_audit.study.experiment import Experiment, Outcome, Task
from saliency_audit.study.path_rows import (
    KEYS,
    both_rules,
    insertion_columns,
    path_rows,
    select_slice,
    table,
)
from saliency_audit.study.paths import PATHS
from saliency_audit.study.selection import Selection
from saliency_audit.study.slices import sliced_tasks
from saliency_audit.study.validation import (
    validate_counts,
    validate_names,
    validate_reduction,
    validate_steps,
)

LOCALISATION = {"explainability": explainability, "region_iou": region_iou, "box_iou": box_iou}

COLUMNS = (
    *KEYS,
    Column("score", "text", "", "which score of the map"),
    Column("value", "number", "0 to 1", "its value; ratio may exceed 1"),
)


@dataclass(frozen=True)
class Parameters:
    """Parameters of the experiment; `n_images` counts candidates, as in `idgi_scores`.

    Images without boxes or masks get insertion scores only.
    """

    models: tuple[str, ...] = ("shapes_cnn",)
    images: str | None = None
    n_images: int = 100
    paths: tuple[str, ...] = PATHS
    steps: int = 32
    reduction: str = "sum_abs"
    reveal: int = 1
    seed: int = 0
    slice_size: int = 50

    def __post_init__(self) -> None:
        validate_names(self.models, self.images, self.paths)
        validate_steps(self.steps)
        validate_reduction(self.reduction)
        validate_counts(n_images=self.n_images, slice_size=self.slice_size, reveal=self.reveal)


def tasks(parameters: Parameters) -> Sequence[Task]:
    """One task per slice of images, model and path."""
    names = ("steps", "reduction", "reveal", "seed")
    common = {name: getattr(parameters, name) for name in names}
    return sliced_tasks(parameters, lambda first: common)


def compute(task: Task) -> Outcome:
    """Rows of one task: image × method × score."""
    given: dict[str, Any] = dict(task.parameters)
    chosen = select_slice(given)
    if not chosen.indices:
        return Outcome(table([], COLUMNS), chosen.notes)
    rows: list[dict[str, Any]] = []
    for method, attribution in both_rules(chosen, given["path"], given["steps"]).items():
        salient = saliency(attribution, given["reduction"])
        for score, values in _scores(chosen, salient, given["reveal"]).items():
            columns: dict[str, list[Any]] = {"score": [score] * len(values), "value": values}
            rows += path_rows(given, chosen, method, given["steps"], columns)
    return Outcome(table(rows, COLUMNS), chosen.notes)


def _scores(chosen: Selection, salient: Tensor, reveal: int) -> dict[str, list[float]]:
    scores = insertion_columns(chosen, salient, reveal)
    if chosen.source.region is not None and chosen.indices:
        regions = read_regions(chosen.source, chosen.indices)
        for name, measure in LOCALISATION.items():
            scores[name] = measure(salient.cpu(), regions).tolist()
    return scores


EXPERIMENT = Experiment(
    name="idgi_beyond",
    title="Localisation of objects by six path methods, and Xception",
    version=1,
    parameters=Parameters,
    profiles={
        "embedded": {},
        "reference": {
            "models": ("squeezenet1_0", "mobilenet_v2"),
            "images": "tiny_imagenet_val",
            "n_images": 600,
            "reveal": 4,
            "slice_size": 60,
        },
        "paper": {
            "models": ("xception",),
            "images": "imagenet_val",
            "n_images": 50000,
            "steps": 128,
            "slice_size": 100,
        },
    },
    tasks=tasks,
    compute=compute,
    recorded=COLUMNS,
)
