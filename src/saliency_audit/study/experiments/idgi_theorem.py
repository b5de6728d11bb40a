"""Completeness of both rules and the error of IDGI's projection points, by number of steps."""

from dataclasses import dataclass

import torch
from torch import Tensor

from saliency_audit.attributions import Path
from saliency_audit.attributions.engine import frozen, score
from saliency_audit.metrics import taylor_error
from saliency_audit.study.columns import Column
from saliency_audit.study.experiment import Experiment, Task
from saliency_audit.study.image_parameters import SliceParameters
from saliency_audit.study.image_rows import Given, Rows, on_images, per_image
from saliency_audit.study.paths import KEYS, PATHS, both_rules, study_path
from saliency_audit.study.selection import Selection
from saliency_audit.study.slices import slice_tasks

COLUMNS = (
    *KEYS,
    Column("start_score", "number", "probability", "of the target at the start of the path"),
    Column("end_score", "number", "probability", "of the target at the image"),
    Column("total", "number", "probability", "sum of the map"),
    Column("completeness_error", "number", "probability", "total − (end_score − start_score)"),
    Column("taylor_error", "number", "probability", "mean error at IDGI's projections, else NaN"),
)


@dataclass(frozen=True)
class Parameters(SliceParameters):
    """Parameters of the experiment."""

    models: tuple[str, ...] = ("digits_cnn", "shapes_cnn")
    n_images: int = 28
    paths: tuple[str, ...] = PATHS
    steps: tuple[int, ...] = (8, 16, 32, 64, 128)
    slice_size: int = 28


def tasks(parameters: Parameters) -> list[Task]:
    """One task per slice of images, model and path."""
    steps = tuple(sorted(set(parameters.steps)))
    return slice_tasks(parameters, more=lambda first: {"steps": steps})


@on_images(COLUMNS)
def compute(chosen: Selection, given: Given) -> Rows:
    """Rows of one task: one per map."""
    for steps in given["steps"]:
        path = study_path(given["path"], steps, chosen.pictures.shape[-1])
        start, end = _ends(chosen, path)
        error = taylor_error(*chosen.inputs, path=path)
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
            yield from per_image(columns, method=method, steps=steps)


def _ends(chosen: Selection, path: Path) -> tuple[Tensor, Tensor]:
    """Scores at the start of each image's path and at the image."""
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
    profiles={
        "embedded": Parameters(),
        "reference": Parameters(
            models=("squeezenet1_0", "mobilenet_v2"),
            images="imagenet_sample",
            n_images=40,
            slice_size=10,
        ),
        "paper": Parameters(
            models=("inception_v3",),
            images="imagenet_val",
            n_images=1000,
            slice_size=50,
        ),
    },
    split=tasks,
    compute=compute,
    recorded=COLUMNS,
)
