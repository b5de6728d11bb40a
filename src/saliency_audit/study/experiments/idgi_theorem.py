"""Completeness of both rules and the error of IDGI's projection points, by number of steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from saliency_audit.attributions import IDGI, Path, Riemann, walk
from saliency_audit.attributions.engine import frozen, score
from saliency_audit.metrics import taylor_error
from saliency_audit.study.experiment import Experiment, Outcome, Task
from saliency_audit.study.paths import PATHS, study_path
from saliency_audit.study.selection import Selection, check_names, select
from saliency_audit.study.slices import sliced_tasks


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
        check_names(self.models, self.images, self.paths, PATHS)
        if not self.steps or min(self.steps) < 2:
            raise ValueError(f"steps must be at least 2 (the path's two ends), got {self.steps}")
        if min(self.n_images, self.slice_size) < 1:
            raise ValueError("n_images and slice_size must be at least 1")


def tasks(parameters: Parameters) -> Sequence[Task]:
    """One task per slice of images, model and path."""
    common = {"steps": parameters.steps, "seed": parameters.seed}
    return sliced_tasks(parameters, lambda first: common)


def compute(task: Task) -> Outcome:
    """Rows of one task: one per map."""
    given: dict[str, Any] = dict(task.parameters)
    chosen = select(given["model"], given["images"], given["seed"], given["first"], given["last"])
    rows: list[dict[str, Any]] = []
    for steps in given["steps"]:
        path = study_path(given["path"], steps, chosen.pictures.shape[-1])
        start, end = _ends(chosen, path)
        error = taylor_error(chosen.model, chosen.pictures, chosen.targets, path=path)
        maps = walk(
            chosen.model, chosen.pictures, chosen.targets, path=path, rules=[Riemann(), IDGI()]
        )
        for method, attribution in zip((given["path"], f"{given['path']}+idgi"), maps, strict=True):
            totals = attribution.double().sum(dim=(1, 2, 3))
            for position in range(len(chosen.indices)):
                change = float(end[position].double() - start[position].double())
                rows.append(
                    {
                        "model": given["model"],
                        "images": given["images"],
                        "path": given["path"],
                        "method": method,
                        "steps": steps,
                        **chosen.describe(position),
                        "start_score": float(start[position]),
                        "end_score": float(end[position]),
                        "total": float(totals[position]),
                        "completeness_error": float(totals[position]) - change,
                        "taylor_error": float(error[position])
                        if method.endswith("+idgi")
                        else float("nan"),
                    }
                )
    return Outcome(pd.DataFrame(rows, columns=COLUMNS), chosen.notes)


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


COLUMNS = [
    "model",
    "images",
    "path",
    "method",
    "steps",
    "image",
    "image_name",
    "target",
    "confidence",
    "start_score",
    "end_score",
    "total",
    "completeness_error",
    "taylor_error",
]

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
)
