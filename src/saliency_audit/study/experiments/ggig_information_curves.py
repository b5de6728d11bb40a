"""Information curves of the GGIG paper's five methods: the rows behind its Table 2."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from saliency_audit.attributions import saliency
from saliency_audit.metrics import InformationPoints, information_points
from saliency_audit.metrics.information_curve import Complexity
from saliency_audit.metrics.reveal import Mode
from saliency_audit.study.columns import Column, names
from saliency_audit.study.experiment import Experiment
from saliency_audit.study.experiments.idgi_scores import SMALLEST_SIDE
from saliency_audit.study.ggig_methods import CLIMB, CONTROLS, PAPER, explainers_in
from saliency_audit.study.image_parameters import SliceParameters
from saliency_audit.study.image_rows import Given, Rows, on_images, per_image
from saliency_audit.study.selection import Selection
from saliency_audit.study.shared_columns import AT_POINTS, IMAGE, shared
from saliency_audit.study.slices import slice_tasks

CURVES = (
    Column("ic_shannon_entropy", "numbers", "bits", f"of the grey levels {AT_POINTS}"),
    *shared("ic_file_size", "ic_probability", "ic_correct"),
)
COLUMNS = (*shared("model", "images", "method"), *IMAGE, *CURVES)


@dataclass(frozen=True)
class Parameters(SliceParameters):
    """Parameters of the experiment.

    `steps` are the points of Integrated Gradients, both ends included, `climb_points` those of
    GGIG's line, `ascents` and `learning_rate` those of the climb at each. `information` is how
    hidden pixels are restored: "exact" or "fast". Digits of 8×8 pixels are too small for meaningful
    curves: 1 % of their pixels is less than one pixel.
    """

    n_images: int = 32
    methods: tuple[str, ...] = (*PAPER, *CONTROLS)
    steps: int = 21
    climb_points: int = 11
    ascents: int = 10
    learning_rate: float = 1e-4
    reduction: str = "sum_abs"
    information: str = "fast"
    slice_size: int = 32


@on_images(COLUMNS)
def compute(chosen: Selection, given: Given) -> Rows:
    """Rows of one task: one per map."""
    ends: InformationPoints | None = None
    for method, explain in explainers_in(given).items():
        salient = saliency(explain(*chosen.inputs), given["reduction"])
        ends = _points(chosen, salient, given["information"], ends)
        values = {name: _lists(ends, name.removeprefix("ic_")) for name in names(CURVES)}
        yield from per_image(values, method=method)


def _points(
    chosen: Selection, salient: Tensor, mode: Mode, ends: InformationPoints | None
) -> InformationPoints:
    """Points of the maps' curves; without compressed sizes if the pictures are too small."""
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


def _lists(points: InformationPoints, measured: str) -> list[NDArray[np.float32] | None]:
    """The points of every image; None for what was not measured."""
    values = getattr(points, measured).to(torch.float32)
    return [None if each.isnan().any() else each.numpy() for each in values]


EXPERIMENT = Experiment(
    name="ggig_information_curves",
    title="Information curves of GGIG, its rivals and controls",
    version=1,
    profiles={
        "embedded": Parameters(),
        "reference": Parameters(
            models=("squeezenet1_0", "mobilenet_v2"),
            images="imagenet_sample",
            n_images=90,
            steps=51,
            climb_points=26,
            slice_size=10,
        ),
        "paper": Parameters(
            models=("inception_v3", "resnet101"),
            images="imagenet_val",
            n_images=50000,
            steps=51,
            climb_points=51,
            ascents=100,
            information="exact",
            slice_size=100,
        ),
    },
    split=slice_tasks,
    compute=compute,
    recorded=COLUMNS,
    labels=CLIMB,
)
