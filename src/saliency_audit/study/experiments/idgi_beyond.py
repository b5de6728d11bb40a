"""What the IDGI study left out: localisation of objects, and Xception."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from saliency_audit.attributions import IDGI, Riemann, saliency, walk
from saliency_audit.attributions.reduction import REDUCTIONS
from saliency_audit.datasets import read_regions
from saliency_audit.metrics import box_iou, explainability, insertion_score, region_iou
from saliency_audit.study.experiment import Experiment, Outcome, Task
from saliency_audit.study.paths import PATHS, study_path
from saliency_audit.study.selection import Selection, check_names, select
from saliency_audit.study.slices import sliced_tasks

LOCALISATION = {"explainability": explainability, "region_iou": region_iou, "box_iou": box_iou}


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
        check_names(self.models, self.images, self.paths, PATHS)
        if self.reduction not in REDUCTIONS:
            raise ValueError(
                f"unknown reduction {self.reduction!r}; known: {', '.join(REDUCTIONS)}"
            )
        if self.steps < 2:
            raise ValueError(f"steps must be at least 2 (the path's two ends), got {self.steps}")
        if min(self.n_images, self.slice_size, self.reveal) < 1:
            raise ValueError("n_images, slice_size and reveal must be at least 1")


def tasks(parameters: Parameters) -> Sequence[Task]:
    """One task per slice of images, model and path."""
    names = ("steps", "reduction", "reveal", "seed")
    common = {name: getattr(parameters, name) for name in names}
    return sliced_tasks(parameters, lambda first: common)


def compute(task: Task) -> Outcome:
    """Rows of one task: image × method × score."""
    given: dict[str, Any] = dict(task.parameters)
    chosen = select(given["model"], given["images"], given["seed"], given["first"], given["last"])
    path = study_path(given["path"], given["steps"], chosen.pictures.shape[-1])
    maps = walk(chosen.model, chosen.pictures, chosen.targets, path=path, rules=[Riemann(), IDGI()])
    rows: list[dict[str, Any]] = []
    for method, attribution in zip((given["path"], f"{given['path']}+idgi"), maps, strict=True):
        salient = saliency(attribution, given["reduction"])
        for score, values in _scores(chosen, salient, given["reveal"]).items():
            for position in range(len(chosen.indices)):
                rows.append(
                    {
                        "model": given["model"],
                        "images": given["images"],
                        "path": given["path"],
                        "method": method,
                        "steps": given["steps"],
                        **chosen.describe(position),
                        "score": score,
                        "value": values[position],
                    }
                )
    return Outcome(pd.DataFrame(rows, columns=COLUMNS), chosen.notes)


def _scores(chosen: Selection, salient: Any, reveal: int) -> dict[str, list[float]]:
    insertion = insertion_score(
        chosen.model,
        chosen.pictures,
        salient,
        chosen.targets,
        seeds=chosen.seeds,
        pixels_per_step=reveal * chosen.pictures.shape[-1],
    )
    scores = {"probability": insertion.probability.tolist(), "ratio": insertion.ratio.tolist()}
    if chosen.source.region is not None and chosen.indices:
        regions = read_regions(chosen.source, chosen.indices)
        for name, measure in LOCALISATION.items():
            scores[name] = measure(salient.cpu(), regions).tolist()
    return scores


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
    "score",
    "value",
]

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
)
