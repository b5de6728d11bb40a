"""Six methods, all scores, by number of steps: the rows behind Tables 1–3 and 6–17."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from saliency_audit.attributions import IDGI, Riemann, saliency, walk
from saliency_audit.attributions.reduction import REDUCTIONS
from saliency_audit.metrics import InformationPoints, information_points, insertion_score
from saliency_audit.metrics.reveal import Mode
from saliency_audit.study.experiment import Experiment, Outcome, Task
from saliency_audit.study.paths import PATHS, study_path
from saliency_audit.study.selection import Selection, check_names, select
from saliency_audit.study.slices import sliced_tasks

CURVES = ("ic_entropy", "ic_ms_ssim", "ic_probability", "ic_correct")
# Lossless compression says little about a picture smaller than this, and MS-SSIM needs a window.
SMALLEST_SIDE = 16


@dataclass(frozen=True)
class Parameters:
    """Parameters of the experiment.

    `n_images` counts candidates: the first so many of the image set in the order of the seed. Only
    those that the model classifies correctly enter the rows, as in the paper. All of them are
    explained at `steps` points; the first `n_sweep` candidates at every number in `sweep` too.
    `images` is the image set; every network's own if not given. `reveal` is the number of picture
    rows revealed per step of the insertion score. `information` is how the information curves
    restore hidden pixels: "exact" or "fast".
    """

    models: tuple[str, ...] = ("digits_cnn", "shapes_cnn")
    images: str | None = None
    n_images: int = 28
    paths: tuple[str, ...] = PATHS
    steps: int = 32
    sweep: tuple[int, ...] = (8, 32, 128)
    n_sweep: int = 28
    reduction: str = "sum_abs"
    reveal: int = 1
    information: str = "fast"
    seed: int = 0
    slice_size: int = 28

    def __post_init__(self) -> None:
        check_names(self.models, self.images, self.paths, PATHS)
        if self.reduction not in REDUCTIONS:
            raise ValueError(
                f"unknown reduction {self.reduction!r}; known: {', '.join(REDUCTIONS)}"
            )
        if self.information not in ("exact", "fast"):
            raise ValueError(f"information must be exact or fast, got {self.information!r}")
        for steps in (self.steps, *self.sweep):
            if steps < 2:
                raise ValueError(f"steps must be at least 2 (the path's two ends), got {steps}")
        if min(self.n_images, self.slice_size, self.reveal) < 1 or self.n_sweep < 0:
            raise ValueError("n_images, slice_size and reveal must be at least 1, n_sweep 0")
        if self.n_sweep % self.slice_size and self.n_sweep < self.n_images:
            raise ValueError("n_sweep must be a multiple of slice_size")


def tasks(parameters: Parameters) -> Sequence[Task]:
    """One task per slice of images, model and path."""

    def settings(first: int) -> dict[str, Any]:
        swept = parameters.sweep if first < parameters.n_sweep else ()
        return {
            "steps": tuple(sorted({parameters.steps, *swept})),
            "reduction": parameters.reduction,
            "reveal": parameters.reveal,
            "information": parameters.information,
            "seed": parameters.seed,
        }

    return sliced_tasks(parameters, settings)


def compute(task: Task) -> Outcome:
    """Rows of one task: one per map."""
    given: dict[str, Any] = dict(task.parameters)
    chosen = select(given["model"], given["images"], given["seed"], given["first"], given["last"])
    rows: list[dict[str, Any]] = []
    ends: InformationPoints | None = None
    for steps in given["steps"]:
        path = study_path(given["path"], steps, chosen.pictures.shape[-1])
        maps = walk(
            chosen.model, chosen.pictures, chosen.targets, path=path, rules=[Riemann(), IDGI()]
        )
        for method, attribution in zip((given["path"], f"{given['path']}+idgi"), maps, strict=True):
            salient = saliency(attribution, given["reduction"])
            scores = _insertion(chosen, salient, given["reveal"])
            ends = _information(chosen, salient, given["information"], ends)
            scores |= _curves(ends, len(salient))
            for position in range(len(chosen.indices)):
                rows.append(
                    {
                        "model": given["model"],
                        "images": given["images"],
                        "path": given["path"],
                        "method": method,
                        "steps": steps,
                        **chosen.describe(position),
                        **{name: values[position] for name, values in scores.items()},
                    }
                )
    return Outcome(pd.DataFrame(rows, columns=COLUMNS), chosen.notes)


def _insertion(chosen: Selection, salient: Tensor, reveal: int) -> dict[str, list[Any]]:
    scores = insertion_score(
        chosen.model,
        chosen.pictures,
        salient,
        chosen.targets,
        seeds=chosen.seeds,
        pixels_per_step=reveal * chosen.pictures.shape[-1],
    )
    return {"probability": scores.probability.tolist(), "ratio": scores.ratio.tolist()}


def _information(
    chosen: Selection, salient: Tensor, mode: Mode, ends: InformationPoints | None
) -> InformationPoints | None:
    """Points of the maps' information curves; None where the pictures are too small for any."""
    if min(chosen.pictures.shape[-2:]) < SMALLEST_SIDE:
        return None
    return information_points(
        chosen.model,
        chosen.pictures,
        salient,
        chosen.targets,
        seeds=chosen.seeds,
        mode=mode,
        ends=ends,
    )


def _curves(points: InformationPoints | None, count: int) -> dict[str, list[Any]]:
    if points is None:
        return {name: [None] * count for name in CURVES}
    return {
        name: list(getattr(points, name.removeprefix("ic_")).to(torch.float32).numpy())
        for name in CURVES
    }


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
    "probability",
    "ratio",
    *CURVES,
]

_PAPER_MODELS = (
    "densenet121",
    "densenet169",
    "densenet201",
    "inception_v3",
    "mobilenet_v2",
    "resnet50",
    "resnet101",
    "resnet152",
    "vgg16",
    "vgg19",
)

EXPERIMENT = Experiment(
    name="idgi_scores",
    title="Insertion scores and information curves of six path methods, by number of steps",
    version=1,
    parameters=Parameters,
    profiles={
        "embedded": {},
        "reference": {
            "models": ("squeezenet1_0", "mobilenet_v2"),
            "images": "imagenet_sample",
            "n_images": 500,
            "n_sweep": 170,
            "sweep": (8, 16, 32, 64, 128),
            "reveal": 8,
            "slice_size": 10,
        },
        "paper": {
            "models": _PAPER_MODELS,
            "images": "imagenet_val",
            "n_images": 50000,
            "steps": 128,
            "sweep": (8, 16, 32, 64, 128),
            "n_sweep": 50000,
            "information": "exact",
            "slice_size": 100,
        },
    },
    tasks=tasks,
    compute=compute,
)
