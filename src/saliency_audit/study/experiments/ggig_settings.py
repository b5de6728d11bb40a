"""Likeness of maps and digits under every setting that text and code leave open, with controls."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from saliency_audit.attributions import GGIG, walk
from saliency_audit.released import ggig_study
from saliency_audit.sanity import similarity_rows
from saliency_audit.study.columns import Column
from saliency_audit.study.experiment import Experiment
from saliency_audit.study.ggig_methods import CLIMB, effort_in, explainers
from saliency_audit.study.image_parameters import SliceParameters
from saliency_audit.study.image_rows import Given, Rows, on_images, per_image
from saliency_audit.study.selection import Selection
from saliency_audit.study.shared_columns import IMAGE, SIMILARITIES, shared
from saliency_audit.study.slices import slice_tasks

# Methods of the library beside GGIG and its variants, whose maps come from one climb.
OTHERS = ("saliency", "ig_without_product", "edge", "random")
CONSTANT = "constant"
COLUMNS = (
    *shared("model", "images", "method", "sign"),
    Column(
        "scaling",
        "text",
        "",
        "unit: digit and map from 0 to 1; released: as the authors' code scales them",
    ),
    *IMAGE,
    *SIMILARITIES,
)


@dataclass(frozen=True)
class Parameters(SliceParameters):
    """Parameters of the experiment.

    `steps` are the points of the line, both ends included, `ascents` and `learning_rate` those of
    GGIG's climb at each.
    """

    models: tuple[str, ...] = ("digits_cnn",)
    n_images: int = 40
    slice_size: int = 40
    steps: int = 21
    ascents: int = 20
    learning_rate: float = 1e-4


@on_images(COLUMNS)
def compute(chosen: Selection, given: Given) -> Rows:
    """Rows of one task: image × method × scaling × sign."""
    for method, maps in _maps(chosen, given).items():
        if method != CONSTANT:  # from 0 to 1 it has no values
            yield from similarity_rows(maps, chosen.pictures, {"method": method, "scaling": "unit"})
        for sign in ggig_study.SIGNS:
            found = ggig_study.likeness(maps, chosen.pictures, sign)
            values = {name: numbers.tolist() for name, numbers in found.items()}
            yield from per_image(values, method=method, scaling="released", sign=sign)


def _maps(chosen: Selection, given: Given) -> dict[str, Tensor]:
    """The paper's three methods, GGIG by magnitudes and without an ascent, and controls."""
    on = chosen.inputs
    others = explainers(OTHERS, effort_in(given), given["seed"])
    climb = GGIG(given["steps"], given["ascents"], given["learning_rate"])
    rules = [climb.rule, replace(climb, absolute=True).rule]
    climbed, by_magnitude = walk(*on, path=climb.path, rules=rules, output="logit")
    return {
        **{name: explain(*on) for name, explain in others.items()},
        "ig_max": replace(climb, ascents=1)(*on),
        "ggig": climbed,
        "ggig_absolute": by_magnitude,
        "edge_mixed": ggig_study.edges(chosen.pictures),
        CONSTANT: torch.ones_like(chosen.pictures),
    }


EXPERIMENT = Experiment(
    name="ggig_settings",
    title="Likeness of maps and digits under every setting that text and code leave open",
    version=1,
    profiles={
        "embedded": Parameters(),
        "reference": Parameters(
            models=("mnist_cnn",), n_images=200, slice_size=50, steps=51, ascents=200
        ),
        "paper": Parameters(
            models=("mnist_cnn",), n_images=10000, slice_size=100, steps=51, ascents=200
        ),
    },
    split=slice_tasks,
    compute=compute,
    recorded=COLUMNS,
    labels=CLIMB,
)
