"""Completeness of both rules and the error of IDGI's projection points, by number of steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from saliency_audit.attributions import Path
from saliency_audit.attributions.engine import frozen, score
from saliency_audit.metrics import taylor_error
from saliency_audit.study.columns import Column
from saliency_audit.study.experiment import Experiment, Outcome, Task
from saliency_audit.study.path_rows import KEYS, both_rules, path_rows, select_slice, table
from saliency_audit.study.paths import PATHS, study_path
from saliency_audit.study.selection import Selection
from saliency_audit.study.slices import sliced_tasks
from saliency_audit.study.validation import validate_counts, validate_names, validate_steps

COLUMNS = (
    *KEYS,
    Column("start_score", "number", "probability", "of the target where the path begins"),
    Column("end_score", "number", "probability", "of the target at the image"),
    Column("total", "number", "probability", "sum of the map"),
    Column("completeness_error", "number", "probability", "total − (end_score − start_score)"),
    Column("taylor_error", "number", "probability", "mean miss of IDGI's projections, else NaN"),
)


@dataclass(frozen=True)
class Parameters:
    """Parameters of the experiment; `n_images` counts candidates, as in `idgi_scores`."""

    models: tuple[str, ...] = ("digits_cnn", "shapes_cnn")
    images: str | None = None
    n_images: int = 28
    paths: tuple[str, ...] = PATHS
    steps: tuple[int, ...] = (8, 16, 32, 64, 128)
    seed: int = 0
    slice_size: int = 28

    def __post_init__(self) -> None:
        validate_names(self.models, self.images, self.paths)
        validate_steps(*self.steps)
        validate_counts(n_images=self.n_images, slice_size=self.slice_size)


def tasks(parameters: Parameters) -> Sequence[Task]:
    """One task per slice of images, model and path."""
    common = {"steps": tuple(sorted(set(parameters.steps))), "seed": parameters.seed}
    return sliced_tasks(parameters, lambda first: common)


def compute(task: Task) -> Outcome:
    """Rows of one task: one per map."""
    given: dict[str, Any] = dict(task.parameters)
    chosen = select_slice(given)
    if not chosen.indices:
        return Outcome(table([], COLUMNS), chosen.notes)
    rows: list[dict[str, Any]] = []
    for steps in given["steps"]:
        path = study_path(given["path"], steps, chosen.pictures.shape[-1])
        start, end = _ends(chosen, path)
        error = taylor_error(chosen.model, chosen.pictures, chosen.targets, path=path)
        for method, attribution in both_rules(chosen, given["path"], steps).items():
            total = attribution.double().sum(dim=(1, 2, 3))
            values = {
                "start_score": start,
                "end_score": end,
                "total": total,
                "completeness_error": total - (end.double() - start.double()),
                # The projection points are IDGI's.
                "taylor_error": error if method.endswith("+idgi") else error * float("nan"),
            }
            columns = {name: value.tolist() for name, value in values.items()}
            rows += path_rows(given, chosen, method, steps, columns)
    return Outcome(table(rows, COLUMNS), chosen.notes)


def _ends(chosen: Selection, path: Path) -> tuple[Tensor, Tensor]:
    """Score of each image's path at its beginning and at the image."""
    walker = path.start(chosen.pictures, torch.zeros_like(chosen.pictures))
    first = walker.points(0, 1)[:, 0] if walker.start is None else walker.start
    return _score_of(chosen, first), _score_of(chosen, chosen.pictures)


def _score_of(chosen: Selection, pictures: Tensor) -> Tensor:
    parts = zip(pictures.split(8), chosen.targets.split(8), strict=True)
    with frozen(chosen.model) as model:
        scores = [score(model, part, targets, "probability") for part, targets in parts]
    return torch.cat([chosen.confidence.new_zeros(0), *scores])


EXPERIMENT = Experiment(
    name="idgi_theorem",
    title="Completeness and the error of the projection points, by number of steps",
    version=1,
    parameters=Parameters,
    profiles={
        "embedded": {},
        "reference": {
            "models": ("squeezenet1_0", "mobilenet_v2"),
            "images": "imagenet_sample",
            "n_images": 40,
            "slice_size": 10,
        },
        "paper": {
            "models": ("inception_v3",),
            "images": "imagenet_val",
            "n_images": 1000,
            "slice_size": 50,
        },
    },
    tasks=tasks,
    compute=compute,
    recorded=COLUMNS,
)
