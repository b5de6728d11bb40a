"""Maps and scores as noise on the weights grows: the rows behind Figure 4 of the GGIG paper."""

import math
from dataclasses import dataclass

import pandas as pd
import torch

from saliency_audit.models.randomization import Randomisation
from saliency_audit.one_output import two_logits
from saliency_audit.sanity import perturbed_weights, unrelated_models
from saliency_audit.study.changed_models import (
    ChangedModels,
    changed_model_tasks,
    rounded,
    sanity_explainers,
)
from saliency_audit.study.columns import Column
from saliency_audit.study.experiment import Experiment
from saliency_audit.study.ggig_methods import CHEAP, CLIMB, CONTROLS, PAPER
from saliency_audit.study.image_rows import Given, on_images
from saliency_audit.study.selection import Selection
from saliency_audit.study.shared_columns import IMAGE, SIMILARITIES, shared

NOISE, UNRELATED = "noise", "unrelated"
COLUMNS = (
    *shared("model", "images", "method", "sign"),
    *IMAGE,
    *shared("against"),
    Column("level", "number", "σ", "of the noise on each weight; NaN for an unrelated network"),
    *shared("draw", "probability"),
    Column("classes", "integer", "", "number of classes of the network"),
    *SIMILARITIES,
)
TENTHS = tuple(n / 10 for n in range(11))
HUNDREDTHS = tuple(n / 100 for n in range(101))


@dataclass(frozen=True)
class Parameters(ChangedModels):
    """Parameters of the experiment: those of `ChangedModels`, and levels of the noise in σ.

    Models with all layers re-initialised, as many as there are draws per level, give the floor of
    each method and measure.
    """

    levels: tuple[float, ...] = (0.0, 0.5, 1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.levels or not all(math.isfinite(t) and t >= 0 for t in self.levels):
            raise ValueError(f"levels of noise must be finite numbers ≥ 0, got {self.levels}")


@on_images(COLUMNS)
def compute(chosen: Selection, given: Given) -> pd.DataFrame:
    """Rows of one task: image × method × sign × (level × draw, or draw of an unrelated model).

    `against` says which of the two; `level` is NaN for unrelated models.
    """
    on = (chosen.model, sanity_explainers(given), chosen.pictures, chosen.targets)
    draws, seed = given["draws"], given["seed"]
    noisy = perturbed_weights(*on, levels=given["levels"], draws=draws, seed=seed)
    unrelated = unrelated_models(*on, draws=draws, how=Randomisation(seed=seed))
    rows = pd.concat(
        [noisy.assign(against=NOISE), unrelated.assign(against=UNRELATED, level=math.nan)],
        ignore_index=True,
    )
    return rounded(rows.assign(classes=_classes(chosen)))


def _classes(chosen: Selection) -> int:
    with torch.no_grad():
        return two_logits(chosen.model(chosen.pictures[:1])).shape[1]


EXPERIMENT = Experiment(
    name="ggig_sigma",
    title="Maps and scores as noise on the weights grows",
    version=1,
    profiles={
        "embedded": {
            "digits": Parameters(),
            "shapes": Parameters(
                models=("shapes_cnn",), methods=(*PAPER, *CONTROLS), steps=5, ascents=3
            ),
        },
        # With the paper's 51 points and 200 steps, 100 images under 120 changed models would take
        # 10⁸ gradients; these take a hundredth, for nearly the same map (ggig_climb).
        "reference": {
            "digits": Parameters(
                models=("mnist_cnn",),
                n_images=100,
                draws=10,
                steps=21,
                ascents=5,
                levels=TENTHS,
                samples=50,
                masks=500,
                slice_size=16,
            ),
            # Unlike SqueezeNet's, its logits pass no ReLU, which would silence unrelated models.
            "photographs": Parameters(
                models=("mobilenet_v2",),
                images="imagenet_sample",
                n_images=36,
                methods=(*PAPER, *CONTROLS),
                also=CHEAP,
                levels=(0.0, 0.25, 0.5, 0.75, 1.0),
                steps=26,
                ascents=2,
                samples=50,
                masks=500,
                slice_size=16,
            ),
        },
        "paper": {
            "digits": Parameters(
                models=("mnist_cnn",),
                n_images=100,
                draws=10,
                steps=51,
                ascents=200,
                levels=HUNDREDTHS,
                samples=50,
                masks=1000,
            ),
            "photographs": Parameters(
                models=("resnet101", "inception_v3"),
                images="imagenet_val",
                n_images=100,
                draws=10,
                steps=51,
                ascents=200,
                levels=HUNDREDTHS,
                samples=50,
                masks=1000,
            ),
        },
    },
    split=changed_model_tasks,
    compute=compute,
    recorded=COLUMNS,
    labels=CLIMB,
)
