"""Saliency before a checkerboard, for the class that the network then sees, on exact masks.

Beside it, for the class that it saw before the picture's own background.
"""

from dataclasses import dataclass, replace

from torch import Tensor

from saliency_audit.attributions.engine import predict
from saliency_audit.metrics import widened
from saliency_audit.models.training import predicted_classes
from saliency_audit.study.columns import Column
from saliency_audit.study.experiment import Experiment
from saliency_audit.study.experiments import ggig_background
from saliency_audit.study.experiments.ggig_background import (
    ORIGINAL,
    before_background,
    shares_outside,
    views,
)
from saliency_audit.study.ggig_methods import CLIMB, CONTROLS, PAPER, explainers_in
from saliency_audit.study.image_rows import Given, Rows, per_image, plugged
from saliency_audit.study.inputs import named_inputs_and_objects
from saliency_audit.study.objects import all_with_objects
from saliency_audit.study.selection import Selection
from saliency_audit.study.shared_columns import shared
from saliency_audit.study.slices import network_tasks

COLUMNS = (
    *shared("model", "images"),
    *ggig_background.BACKGROUND,
    *shared("method", "image", "image_name"),
    Column("target", "integer", "", "class that the network predicts before the own background"),
    *shared("confidence"),
    Column("asked", "text", "", "the class that is predicted before this background (seen) or own"),
    Column("explained", "integer", "", "the class that was asked for: the map is of it"),
    *shared("probability"),
    Column("kept", "boolean", "", "whether the class is the same before both backgrounds"),
    *ggig_background.SHARES,
)


@dataclass(frozen=True)
class Parameters(ggig_background.Parameters):
    """Parameters of `ggig_background`.

    Every picture is used, whether or not its class is known. A map explains the class that the
    network predicts before the background in question, as in the paper's released code, and, in
    rows of their own, the class before the picture's own background.
    """

    n_images: int = 60
    methods: tuple[str, ...] = (*PAPER, *CONTROLS)
    backgrounds: tuple[str, ...] = ("checkerboard", ORIGINAL)
    squares: tuple[int, ...] = (14,)


@plugged(COLUMNS, all_with_objects)
def compute(chosen: Selection, masks: Tensor, given: Given) -> Rows:
    """Rows of one task: image × background × method × class."""
    explain = explainers_in(given)
    near = widened(masks, given["margin"] * chosen.pictures.shape[-1])
    for background, squares in views(given["backgrounds"], given["squares"]):
        pictures = before_background(chosen.pictures, masks, background, squares)
        seen = predicted_classes(chosen.model, pictures).to(chosen.targets.device)
        kept = seen == chosen.targets
        classes = (
            {"seen": seen} if background == ORIGINAL else {"seen": seen, "own": chosen.targets}
        )
        for method, explainer in explain.items():
            maps = explainer(chosen.model, pictures, seen)
            for asked, targets in classes.items():
                if asked == "own" and not kept.all():
                    maps[~kept] = explainer(chosen.model, pictures[~kept], targets[~kept])
                probability, _ = predict(chosen.model, pictures, targets)
                values = {
                    "explained": targets.tolist(),
                    "probability": probability.tolist(),
                    "kept": kept.tolist(),
                    **shares_outside(maps, masks, near),
                }
                keys = {"background": background, "squares": squares, "method": method}
                yield from per_image(values, **keys, asked=asked)


# Two views of 120 photographs, and a climb as long as that of `ggig_background`.
SQUEEZENET = Parameters(
    models=("squeezenet1_0",),
    images="cutouts",
    n_images=120,
    steps=51,
    climb_points=26,
    ascents=4,
    slice_size=20,
)

EXPERIMENT = Experiment(
    name="ggig_cutouts",
    title="Saliency before a checkerboard for the class that the network then sees",
    version=1,
    profiles={
        "embedded": {"shapes": Parameters()},
        "reference": {
            "SqueezeNet": SQUEEZENET,
            "MobileNetV2": replace(SQUEEZENET, models=("mobilenet_v2",)),
            "EfficientNet-Lite0": replace(SQUEEZENET, models=("efficientnet_lite0",)),
        },
        "paper": {
            "photographs": replace(
                SQUEEZENET,
                models=("inception_v3", "resnet101"),
                n_images=187,
                climb_points=51,
                ascents=200,
            ),
        },
    },
    split=network_tasks,
    compute=compute,
    recorded=COLUMNS,
    labels=CLIMB,
    reads=named_inputs_and_objects,
)
