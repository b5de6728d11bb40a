"""How much maps change when the picture is compressed: the rows behind Table 5."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from saliency_audit.attributions import IDGI, Riemann, walk
from saliency_audit.metrics import jpeg_copy, jpeg_stability
from saliency_audit.metrics.jpeg import Scale
from saliency_audit.study.experiment import Experiment, Outcome, Task
from saliency_audit.study.paths import PATHS, study_path
from saliency_audit.study.selection import check_names, select
from saliency_audit.study.slices import sliced_tasks

SCALES: tuple[Scale, ...] = ("raw", "unit_norm")


@dataclass(frozen=True)
class Parameters:
    """Parameters of the experiment; `n_images` counts candidates, as in `idgi_scores`."""

    models: tuple[str, ...] = ("digits_cnn", "shapes_cnn")
    images: str | None = None
    n_images: int = 50
    paths: tuple[str, ...] = PATHS
    steps: int = 32
    quality: int = 75
    seed: int = 0
    slice_size: int = 50

    def __post_init__(self) -> None:
        check_names(self.models, self.images, self.paths, PATHS)
        if self.steps < 2:
            raise ValueError(f"steps must be at least 2 (the path's two ends), got {self.steps}")
        if not 1 <= self.quality <= 95:
            raise ValueError(f"quality must lie in 1..95, got {self.quality}")
        if min(self.n_images, self.slice_size) < 1:
            raise ValueError("n_images and slice_size must be at least 1")


def tasks(parameters: Parameters) -> Sequence[Task]:
    """One task per slice of images, model and path."""
    common = {name: getattr(parameters, name) for name in ("steps", "quality", "seed")}
    return sliced_tasks(parameters, lambda first: common)


def compute(task: Task) -> Outcome:
    """Rows of one task: image × method × scale."""
    given: dict[str, Any] = dict(task.parameters)
    chosen = select(given["model"], given["images"], given["seed"], given["first"], given["last"])
    path = study_path(given["path"], given["steps"], chosen.pictures.shape[-1])
    before, after = (
        walk(chosen.model, pictures, chosen.targets, path=path, rules=[Riemann(), IDGI()])
        for pictures in (chosen.pictures, jpeg_copy(chosen.pictures, given["quality"]))
    )
    rows: list[dict[str, Any]] = []
    for method, maps, copies in zip(
        (given["path"], f"{given['path']}+idgi"), before, after, strict=True
    ):
        for scale in SCALES:
            values = jpeg_stability(maps, copies, scale=scale)
            for position in range(len(chosen.indices)):
                rows.append(
                    {
                        "model": given["model"],
                        "images": given["images"],
                        "path": given["path"],
                        "method": method,
                        "steps": given["steps"],
                        **chosen.describe(position),
                        "scale": scale,
                        "value": float(values[position]),
                    }
                )
    return Outcome(pd.DataFrame(rows, columns=COLUMNS), chosen.notes)


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
    "scale",
    "value",
]

EXPERIMENT = Experiment(
    name="idgi_jpeg",
    title="Stability of six path methods under JPEG compression",
    version=1,
    parameters=Parameters,
    profiles={
        "embedded": {},
        "reference": {
            "models": ("squeezenet1_0", "mobilenet_v2"),
            "images": "imagenet_sample",
            "n_images": 170,
            "slice_size": 10,
        },
        "paper": {
            "models": ("inception_v3",),
            "images": "imagenet_val",
            "n_images": 50000,
            "steps": 128,
            "slice_size": 100,
        },
    },
    tasks=tasks,
    compute=compute,
)
