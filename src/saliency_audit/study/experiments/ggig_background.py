"""How much of each method's saliency lies on a background that was replaced."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from saliency_audit.attributions import Explainer, saliency
from saliency_audit.attributions.engine import predict
from saliency_audit.errors import refuse_unknown
from saliency_audit.metrics import mass_inside, widened
from saliency_audit.sanity import BACKGROUNDS, mass_outside, replace_background
from saliency_audit.study.columns import Column
from saliency_audit.study.experiment import Experiment
from saliency_audit.study.ggig_methods import CLIMB, CONTROLS, METHODS, PAPER, explainers_in
from saliency_audit.study.image_parameters import SliceParameters
from saliency_audit.study.image_rows import Given, Rows, per_image
from saliency_audit.study.inputs import named_inputs_and_objects
from saliency_audit.study.objects import BOXED_IMAGES, on_objects
from saliency_audit.study.selection import Selection
from saliency_audit.study.shared_columns import IMAGE, shared
from saliency_audit.study.slices import network_tasks

# The picture with its own background, for comparison.
ORIGINAL = "none"
# Backgrounds with squares or stripes, whose size matters.
REPEATING = ("checkerboard", "stripes")
BACKGROUND = (
    Column("background", "text", "", "what replaced the background; none: not replaced"),
    Column("squares", "integer", "", "squares or stripes along a side; 0 where it has none"),
)
SHARES = (
    Column("area_outside", "number", "share", "of the picture that is outside the object"),
    Column("outside", "number", "share", "of the saliency that lies outside the object"),
    Column("area_beyond", "number", "share", "of the picture beyond the margin of the object"),
    Column("beyond", "number", "share", "of the saliency beyond it; NaN if no pixel is"),
)
COLUMNS = (
    *shared("model", "images"),
    *BACKGROUND,
    *shared("method"),
    *IMAGE,
    *shared("probability"),
    Column("still_right", "boolean", "", "whether the network still predicts the true class"),
    *SHARES,
)


@dataclass(frozen=True)
class Parameters(SliceParameters):
    """Parameters of the experiment; the images need boxes or masks of their objects.

    `squares` are numbers of squares or stripes along a side of the picture; the paper prints no
    size. Every background is drawn with the first number, the checkerboard with all. `margin` is
    how far from the object, as a share of the side, saliency must lie to count as beyond it.
    `steps` are the points on the line of IG and of other paths, `climb_points` those from which
    GGIG climbs, with `ascents` steps each.
    """

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
    slice_size: int = 50

    def __post_init__(self) -> None:
        super().__post_init__()
        for background in self.backgrounds:
            refuse_unknown("background", background, (*BACKGROUNDS, ORIGINAL))
        if min(self.squares, default=0) < 2:
            raise ValueError(
                f"squares must be at least 2 along a side to repeat, got {self.squares}"
            )
        if not 0 <= self.margin < 1:
            raise ValueError(f"margin must lie in [0, 1), got {self.margin}")


@on_objects(COLUMNS)
def compute(chosen: Selection, masks: Tensor, given: Given) -> Rows:
    """Rows of one task: image × background × method."""
    explain = explainers_in(given)
    near = widened(masks, given["margin"] * chosen.pictures.shape[-1])
    for background, squares in views(given["backgrounds"], given["squares"]):
        pictures = before_background(chosen.pictures, masks, background, squares)
        for row in _rows(chosen, pictures, masks, near, explain):
            yield {"background": background, "squares": squares, **row}


def views(backgrounds: Sequence[str], squares: Sequence[int]) -> Iterator[tuple[str, int]]:
    """Every background with its number of squares along a side, 0 where it has none."""
    for background in backgrounds:
        if background not in REPEATING:
            yield background, 0
        else:
            numbers = squares if background == "checkerboard" else squares[:1]
            yield from ((background, number) for number in numbers)


def before_background(pictures: Tensor, masks: Tensor, background: str, squares: int) -> Tensor:
    """The pictures with their background replaced; unchanged for "none".

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
    """A row per method and image: the share outside the object, and the model's new prediction."""
    parts = zip(pictures.split(32), chosen.targets.split(32), strict=True)
    found = [predict(chosen.model, *part) for part in parts]
    probability, right = (torch.cat(each).tolist() for each in zip(*found, strict=True))
    for method, explainer in explain.items():
        shares = shares_outside(explainer(chosen.model, pictures, chosen.targets), masks, near)
        yield from per_image(
            {"probability": probability, "still_right": right, **shares}, method=method
        )


def shares_outside(attribution: Tensor, masks: Tensor, near: Tensor) -> dict[str, list[float]]:
    """The columns `SHARES` of maps of magnitudes, summed over the channels.

    Args:
        attribution: `(N, C, H, W)`.
        masks: `(N, H, W)` bool, where the object is.
        near: the same, widened by the margin; `beyond` is NaN where it leaves no background.
    """
    maps = saliency(attribution, "sum_abs")
    area_outside, area_beyond = ((~each).double().mean(dim=(1, 2)).cpu() for each in (masks, near))
    values = {
        "area_outside": area_outside,
        "outside": mass_outside(maps, masks),
        "area_beyond": area_beyond,
        "beyond": (1 - mass_inside(maps, near)).where(area_beyond > 0, torch.nan),
    }
    return {name: value.tolist() for name, value in values.items()}


EXPERIMENT = Experiment(
    name="ggig_background",
    title="Saliency on a background that was replaced",
    version=1,
    profiles={
        "embedded": {"shapes": Parameters()},
        # The paper's 200 ascents from each of 51 points are 10,200 gradients per image, background
        # and network: too many for a CPU. The rate is the paper's.
        "reference": {
            "shapes": Parameters(
                n_images=150,
                steps=51,
                climb_points=11,
                ascents=10,
                samples=50,
                masks=500,
                slice_size=20,
            ),
            "photographs": Parameters(
                models=("squeezenet1_0", "mobilenet_v2"),
                images=BOXED_IMAGES,
                n_images=160,
                methods=(*PAPER, *CONTROLS),
                steps=51,
                climb_points=26,
                ascents=4,
                samples=50,
                masks=500,
                slice_size=20,
            ),
        },
        "paper": {
            "photographs": Parameters(
                models=("inception_v3", "resnet101"),
                images=BOXED_IMAGES,
                n_images=2000,
                methods=(*PAPER, *CONTROLS),
                steps=51,
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
