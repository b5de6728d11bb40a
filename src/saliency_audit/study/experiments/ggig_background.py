"""How much of each method's saliency lies on a background that was replaced."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from saliency_audit.attributions import Explainer, saliency
from saliency_audit.attributions.engine import predict
from saliency_audit.errors import refuse_unknown
from saliency_audit.metrics import mass_inside, widened
from saliency_audit.sanity import BACKGROUNDS, mass_outside, replace_background
from saliency_audit.study.columns import Column, names
from saliency_audit.study.experiment import Experiment, Outcome, Task
from saliency_audit.study.ggig_methods import (
    CLIMB,
    CONTROLS,
    METHODS,
    PAPER,
    Effort,
    effort_in,
    explainers,
)
from saliency_audit.study.objects import BOXED_IMAGES, select_objects
from saliency_audit.study.selection import Selection
from saliency_audit.study.shared_columns import IMAGE, shared
from saliency_audit.study.slices import tasks_by_size
from saliency_audit.study.validation import validate_counts, validate_models, validate_steps

# The picture as it is, beside the replaced ones.
ORIGINAL = "none"
# Those that have squares or stripes, whose size matters.
REPEATING = ("checkerboard", "stripes")
EFFORT = ("steps", "learning_rate", "samples", "masks")
COLUMNS = (
    *shared("model", "images"),
    Column("background", "text", "", "what the background was replaced by; none: nothing"),
    Column("squares", "integer", "", "squares or stripes along a side; 0 where it has none"),
    *shared("method"),
    *IMAGE,
    *shared("probability"),
    Column("still_right", "boolean", "", "whether the network still predicts the true class"),
    Column("area_outside", "number", "share", "of the picture that is outside the object"),
    Column("outside", "number", "share", "of the saliency that lies outside the object"),
    Column("area_beyond", "number", "share", "of the picture beyond the margin of the object"),
    Column("beyond", "number", "share", "of the saliency beyond it; NaN if nothing is"),
)


@dataclass(frozen=True)
class Parameters:
    """Parameters of the experiment; `n_images` counts candidates, before classification.

    Networks without an image set of their own see `photographs`, which need boxes or masks.
    Photographs have settings of their own, which begin with `photograph_`.

    `squares` are the squares or stripes along a side of the picture, for the paper prints no size:
    every background is drawn with the first number, the checkerboard with all. `margin` is how far
    from the object, as a share of the side, saliency must lie to count as beyond it. `steps` are
    the points on the line of IG and of other paths, `climb_points` those from which GGIG climbs,
    `ascents` times each.
    """

    models: tuple[str, ...] = ("shapes_cnn",)
    images: str | None = None
    n_images: int = 24
    methods: tuple[str, ...] = METHODS
    backgrounds: tuple[str, ...] = ("checkerboard", "stripes", "grey", ORIGINAL)
    squares: tuple[int, ...] = (14, 7)
    margin: float = 1 / 16
    steps: int = 9
    climb_points: int = 4
    ascents: int = 3
    learning_rate: float = 1e-4
    samples: int = 8
    masks: int = 60
    photographs: str = BOXED_IMAGES
    n_photographs: int = 200
    photograph_methods: tuple[str, ...] = (*PAPER, *CONTROLS)
    photograph_climb_points: int = 26
    photograph_ascents: int = 4
    seed: int = 0
    slice_size: int = 50

    def __post_init__(self) -> None:
        validate_models(self.models, self.images or self.photographs)
        for background in self.backgrounds:
            refuse_unknown("background", background, (*BACKGROUNDS, ORIGINAL))
        validate_steps(self.steps, self.climb_points, self.photograph_climb_points)
        explainers((*self.methods, *self.photograph_methods), self.effort, self.seed)
        validate_counts(
            n_images=self.n_images,
            n_photographs=self.n_photographs,
            photograph_ascents=self.photograph_ascents,
            slice_size=self.slice_size,
        )
        if min(self.squares, default=0) < 2:
            raise ValueError(
                f"squares must be at least 2 along a side to repeat, got {self.squares}"
            )
        if not 0 <= self.margin < 1:
            raise ValueError(f"margin must lie in [0, 1), got {self.margin}")

    @property
    def effort(self) -> Effort:
        """How many points the methods take."""
        return effort_in(vars(self))


def tasks(parameters: Parameters) -> Sequence[Task]:
    """One task per model and slice of images."""
    shared = ("backgrounds", "squares", "margin", *EFFORT, "seed")
    return tasks_by_size(parameters, shared, ("methods", "climb_points", "ascents"))


def compute(task: Task) -> Outcome:
    """Rows of one task: image × background × method."""
    given: dict[str, Any] = dict(task.parameters)
    chosen, masks = select_objects(given)
    if not chosen.indices:
        return Outcome(pd.DataFrame(columns=names(COLUMNS)), chosen.notes)
    explain = explainers(given["methods"], effort_in(given), given["seed"])
    near = widened(masks, given["margin"] * chosen.pictures.shape[-1])
    rows: list[dict[str, Any]] = []
    for background, squares in views(given["backgrounds"], given["squares"]):
        pictures = before_background(chosen.pictures, masks, background, squares)
        keys = {
            "model": given["model"],
            "images": given["images"],
            "background": background,
            "squares": squares,
        }
        rows += [{**keys, **row} for row in _rows(chosen, pictures, masks, near, explain)]
    return Outcome(pd.DataFrame(rows, columns=names(COLUMNS)), chosen.notes)


def views(backgrounds: Sequence[str], squares: Sequence[int]) -> Iterator[tuple[str, int]]:
    """Every background with its number of squares along a side, 0 where it has none."""
    for background in backgrounds:
        if background not in REPEATING:
            yield background, 0
        else:
            numbers = squares if background == "checkerboard" else squares[:1]
            yield from ((background, number) for number in numbers)


def before_background(pictures: Tensor, masks: Tensor, background: str, squares: int) -> Tensor:
    """The pictures with their background replaced, or as they are where it is "none".

    Args:
        pictures: `(N, C, H, W)` in [0, 1].
        masks: `(N, H, W)` bool, where the object is.
        background: "none" or one that `replace_background` takes.
        squares: along a side of the picture; 0 where the background has none.
    """
    if background == ORIGINAL:
        return pictures
    size = max(1, round(pictures.shape[-1] / squares)) if squares else 1
    return replace_background(pictures, masks, background, size=size)


def _rows(
    chosen: Selection,
    pictures: Tensor,
    masks: Tensor,
    near: Tensor,
    explain: Mapping[str, Explainer],
) -> Iterator[dict[str, Any]]:
    """A row per method and image: the share outside the object, and what the model now says.

    Where the widened object leaves no background, `beyond` is NaN.
    """
    parts = zip(pictures.split(32), chosen.targets.split(32), strict=True)
    found = [predict(chosen.model, *part) for part in parts]
    probability, right = (torch.cat(each).tolist() for each in zip(*found, strict=True))
    area_outside, area_beyond = ((~each).double().mean(dim=(1, 2)).cpu() for each in (masks, near))
    for method, explainer in explain.items():
        maps = saliency(explainer(chosen.model, pictures, chosen.targets), "sum_abs")
        outside = mass_outside(maps, masks)
        beyond = (1 - mass_inside(maps, near)).where(area_beyond > 0, torch.nan)
        for position in range(len(pictures)):
            yield {
                **chosen.describe(position),
                "method": method,
                "probability": probability[position],
                "still_right": right[position],
                "area_outside": float(area_outside[position]),
                "outside": float(outside[position]),
                "area_beyond": float(area_beyond[position]),
                "beyond": float(beyond[position]),
            }


EXPERIMENT = Experiment(
    name="ggig_background",
    title="Saliency on a background that was replaced",
    version=1,
    parameters=Parameters,
    profiles={
        "embedded": {},
        # The paper's 200 ascents from each of 51 points are 10,200 gradients per image, background
        # and network: more than a processor has time for. The rate is the paper's.
        "reference": {
            "models": ("shapes_cnn", "squeezenet1_0", "mobilenet_v2"),
            "n_images": 150,
            "n_photographs": 160,
            "steps": 51,
            "climb_points": 11,
            "ascents": 10,
            "samples": 50,
            "masks": 500,
            "slice_size": 20,
        },
        "paper": {
            "models": ("inception_v3", "resnet101"),
            "n_photographs": 2000,
            "steps": 51,
            "photograph_climb_points": 51,
            "photograph_ascents": 200,
        },
    },
    tasks=tasks,
    compute=compute,
    recorded=COLUMNS,
    labels=CLIMB,
)
