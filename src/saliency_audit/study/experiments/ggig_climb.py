"""GGIG with fewer points and steps against the whole climb: what a cheaper setting changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from saliency_audit.attributions import AscendingPath, walk
from saliency_audit.attributions.rules import Accumulator
from saliency_audit.sanity import similarity_rows
from saliency_audit.study.experiment import Experiment
from saliency_audit.study.ggig_methods import effort_in, explainers
from saliency_audit.study.image_parameters import SliceParameters
from saliency_audit.study.image_rows import Given, Rows, on_images
from saliency_audit.study.selection import Selection
from saliency_audit.study.shared_columns import IMAGE, SIMILARITIES, shared
from saliency_audit.study.slices import network_tasks

# Methods whose similarity to the whole climb serves as a yardstick.
OTHERS = ("saliency", "ig_without_product", "edge", "random")
COLUMNS = (*shared("model", "images", "method", "points", "ascents", "sign"), *IMAGE, *SIMILARITIES)


@dataclass(frozen=True)
class Parameters(SliceParameters):
    """Parameters of the experiment.

    Every pair of `points` on the line (both ends included) and `ascents` at each point is a setting
    to compare. The largest of both make the whole climb. All climb with `learning_rate`.
    """

    models: tuple[str, ...] = ("digits_cnn", "shapes_cnn")
    n_images: int = 5
    points: tuple[int, ...] = (6, 11, 26, 51)
    ascents: tuple[int, ...] = (1, 5, 10, 20)
    learning_rate: float = 1e-4
    slice_size: int = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        validate_points(self.points)


def validate_points(points: Sequence[int]) -> None:
    """Refuse numbers of points that are not a subset of the line with the most points.

    Raises:
        ValueError: names the first.
    """
    gaps = max(points) - 1
    if uneven := [count for count in points if gaps % (count - 1)]:
        raise ValueError(
            f"fewer points must lie among the {gaps + 1} of the whole climb: the gaps between "
            f"them must divide {gaps}, but {uneven[0]} points have {uneven[0] - 1}"
        )


@on_images(COLUMNS)
def compute(chosen: Selection, given: Given) -> Rows:
    """Rows of one task: image × sign × (setting of GGIG or other method), against the whole."""
    settings = {name: given[name] for name in ("points", "ascents", "learning_rate")}
    climbed = climbs(*chosen.inputs, **settings)
    whole = climbed[max(given["points"]), max(given["ascents"])]
    for (points, ascents), maps in climbed.items():
        keys = {"method": "ggig", "points": points, "ascents": ascents}
        yield from similarity_rows(maps, whole, keys)
    effort = effort_in({"steps": max(given["points"])})
    for method, explain in explainers(OTHERS, effort, given["seed"]).items():
        keys = {"method": method, "points": 0, "ascents": 0}
        yield from similarity_rows(explain(*chosen.inputs), whole, keys)


def climbs(
    model: nn.Module,
    pictures: Tensor,
    targets: Tensor,
    *,
    points: Sequence[int],
    ascents: Sequence[int],
    learning_rate: float,
) -> dict[tuple[int, int], Tensor]:
    """Maps of GGIG by (points, ascents), all from the one walk that has most of both.

    Args:
        model: maps `(N, C, H, W)` in [0, 1] to logits.
        pictures: `(N, C, H, W)`.
        targets: `(N,)`.
        points: numbers of points on the line; their numbers of gaps divide the largest one's.
        ascents: numbers of steps of the climbs.
        learning_rate: of the climbs.
    """
    whole = AscendingPath(max(points), max(ascents), learning_rate)
    settings = [(count, visits) for count in points for visits in ascents]
    rules = [
        MaximumSoFar((whole.steps - 1) // (count - 1), visits, whole.ascents)
        for count, visits in settings
    ]
    found = walk(model, pictures, targets, path=whole, rules=rules, output="logit")
    return dict(zip(settings, found, strict=True))


@dataclass(frozen=True)
class MaximumSoFar:
    """The highest gradient on every `stride`-th climb of an `AscendingPath`, in its first `visits`.

    Attributes:
        stride: 1 for all climbs of the path.
        visits: how many of each are taken.
        of: ascents of the path.
    """

    stride: int
    visits: int
    of: int

    needs_increments: ClassVar[bool] = False
    needs_ends: ClassVar[bool] = False

    def start(self, start: Tensor | None = None) -> Accumulator:
        """A fresh accumulator."""
        return _HighestSoFar(self)


class _HighestSoFar:
    def __init__(self, rule: MaximumSoFar) -> None:
        self._rule = rule
        self._highest: Tensor | None = None
        self._first = 0
        self._visits = 0

    def update(self, scores: Tensor, gradients: Tensor, increments: Tensor | None) -> None:
        begin = -self._first % self._rule.stride
        if self._visits < self._rule.visits and begin < gradients.shape[1]:
            found = gradients[:, begin :: self._rule.stride].amax(dim=1)
            self._highest = found if self._highest is None else torch.maximum(self._highest, found)
        self._visits += 1
        if self._visits == self._rule.of:
            self._first, self._visits = self._first + gradients.shape[1], 0

    def result(self, end: Tensor | None) -> Tensor:
        assert self._highest is not None, "every choice includes the first point of the path"
        return self._highest


EXPERIMENT = Experiment(
    name="ggig_climb",
    title="GGIG with fewer points and steps, beside the whole climb",
    version=1,
    profiles={
        "embedded": {"small": Parameters()},
        "reference": {
            "small": Parameters(
                models=("mnist_cnn", "shapes_cnn"),
                n_images=24,
                ascents=(1, 5, 10, 20, 50, 100, 200),
                slice_size=2,
            ),
            "photographs": Parameters(
                models=("squeezenet1_0", "mobilenet_v2"),
                images="imagenet_sample",
                n_images=8,
                # The authors' code takes 100 on ImageNet.
                ascents=(1, 5, 10, 20, 50, 100),
                slice_size=2,
            ),
        },
        "paper": {
            "photographs": Parameters(
                models=("inception_v3", "resnet101"),
                images="imagenet_val",
                n_images=100,
                ascents=(1, 5, 10, 20, 50, 100, 200),
            ),
        },
    },
    split=network_tasks,
    compute=compute,
    recorded=COLUMNS,
)
