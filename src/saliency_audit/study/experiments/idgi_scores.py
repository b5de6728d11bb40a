"""Six methods, all scores, by number of steps: the rows behind Tables 1–3 and 6–17."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from saliency_audit.attributions import saliency
from saliency_audit.metrics import InformationPoints, information_points
from saliency_audit.metrics.reveal import Mode
from saliency_audit.study.columns import Column, names
from saliency_audit.study.experiment import Experiment, Task
from saliency_audit.study.image_parameters import SliceParameters
from saliency_audit.study.image_rows import Given, Rows, on_images, per_image
from saliency_audit.study.paths import (
    INSERTION,
    KEYS,
    PAPER_MODELS,
    PATHS,
    both_rules,
    insertion_columns,
)
from saliency_audit.study.selection import Selection
from saliency_audit.study.shared_columns import AT_POINTS, shared
from saliency_audit.study.slices import slice_tasks
from saliency_audit.study.validation import validate_steps

# Lossless compression says little about a smaller picture, and the window of MS-SSIM does not fit.
SMALLEST_SIDE = 16

CURVES = (
    *shared("ic_file_size"),
    Column("ic_ms_ssim", "numbers", "0 to 1", f"MS-SSIM to the whole picture {AT_POINTS}"),
    *shared("ic_probability", "ic_correct"),
)
COLUMNS = (
    *KEYS,
    *INSERTION,
    *CURVES,
)


@dataclass(frozen=True)
class Parameters(SliceParameters):
    """Parameters of the experiment.

    Only images that the model classifies correctly enter the rows, as in the paper. All of them are
    explained at `steps` points; the first `n_sweep` candidates at every number in `sweep` too.
    `reveal` is the number of picture rows revealed per step of the insertion score. `information`
    is how the information curves restore hidden pixels: "exact" or "fast".
    """

    models: tuple[str, ...] = ("digits_cnn", "shapes_cnn")
    n_images: int = 28
    paths: tuple[str, ...] = PATHS
    steps: int = 32
    sweep: tuple[int, ...] = (8, 32, 128)
    n_sweep: int = 28
    reduction: str = "sum_abs"
    reveal: int = 1
    information: str = "fast"
    slice_size: int = 28

    def __post_init__(self) -> None:
        super().__post_init__()
        validate_steps(self.steps, *self.sweep)
        if self.n_sweep < 0:
            raise ValueError(f"n_sweep must be at least 0, got {self.n_sweep}")
        if self.n_sweep % self.slice_size and self.n_sweep < self.n_images:
            raise ValueError("n_sweep must be a multiple of slice_size")


def tasks(parameters: Parameters) -> list[Task]:
    """One task per slice of images, model and path."""

    def steps(first: int) -> dict[str, Any]:
        swept = parameters.sweep if first < parameters.n_sweep else ()
        return {"steps": tuple(sorted({parameters.steps, *swept}))}

    return slice_tasks(parameters, without=("sweep", "n_sweep"), more=steps)


@on_images(COLUMNS)
def compute(chosen: Selection, given: Given) -> Rows:
    """Rows of one task: one per map."""
    ends: InformationPoints | None = None
    for steps in given["steps"]:
        for method, attribution in both_rules(chosen, given["path"], steps).items():
            salient = saliency(attribution, given["reduction"])
            ends = _information(chosen, salient, given["information"], ends)
            scores = insertion_columns(chosen, salient, given["reveal"])
            values = {**scores, **_curves(ends, len(salient))}
            yield from per_image(values, method=method, steps=steps)


def _information(
    chosen: Selection, salient: Tensor, mode: Mode, ends: InformationPoints | None
) -> InformationPoints | None:
    """Points of the maps' information curves; None if the pictures are too small."""
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
        return {name: [None] * count for name in names(CURVES)}
    return {
        name: list(getattr(points, name.removeprefix("ic_")).to(torch.float32).numpy())
        for name in names(CURVES)
    }


EXPERIMENT = Experiment(
    name="idgi_scores",
    title="Insertion scores and information curves of six path methods, by number of steps",
    version=1,
    profiles={
        "embedded": Parameters(),
        "reference": Parameters(
            models=("squeezenet1_0", "mobilenet_v2"),
            images="imagenet_sample",
            n_images=500,
            n_sweep=170,
            sweep=(8, 16, 32, 64, 128),
            reveal=8,
            slice_size=10,
        ),
        "paper": Parameters(
            models=PAPER_MODELS,
            images="imagenet_val",
            n_images=50000,
            steps=128,
            sweep=(8, 16, 32, 64, 128),
            n_sweep=50000,
            information="exact",
            slice_size=100,
        ),
    },
    split=tasks,
    compute=compute,
    recorded=COLUMNS,
)
