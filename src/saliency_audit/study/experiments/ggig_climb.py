"""GGIG of fewer points and steps held against the whole climb: what a cheaper setting changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd
import torch
from torch import Tensor, nn

from saliency_audit.attributions import AscendingPath, walk
from saliency_audit.attributions.rules import Accumulator
from saliency_audit.sanity import similarity_rows
from saliency_audit.study.columns import names
from saliency_audit.study.experiment import Experiment, Outcome, Task
from saliency_audit.study.ggig_methods import effort_in, explainers
from saliency_audit.study.selection import Selection, select
from saliency_audit.study.shared_columns import IMAGE, SIMILARITIES, shared
from saliency_audit.study.slices import tasks_by_size
from saliency_audit.study.validation import (
    validate_counts,
    validate_models,
    validate_rate,
    validate_steps,
)

# What a likeness to the whole climb is to be held against.
OTHERS = ("saliency", "ig", "edge", "random")
COLUMNS = (*shared("model", "images", "method", "points", "ascents", "sign"), *IMAGE, *SIMILARITIES)


@dataclass(frozen=True)
class Parameters:
    """Parameters of the experiment; numbers of images count candidates, before classification.

    `points` of the line, both ends included, and `ascents` at each are the settings that are
    compared; the largest of both are the whole climb, `learning_rate` its rate. Networks without an
    image set of their own see `photographs`, on which they climb `photograph_ascents`.
    """

    models: tuple[str, ...] = ("digits_cnn", "shapes_cnn")
    images: str | None = None
    n_images: int = 5
    points: tuple[int, ...] = (6, 11, 26, 51)
    ascents: tuple[int, ...] = (1, 5, 10, 20)
    learning_rate: float = 1e-4
    photographs: str = "imagenet_sample"
    n_photographs: int = 8
    photograph_ascents: tuple[int, ...] = (1, 5, 10, 20)
    seed: int = 0
    slice_size: int = 5

    def __post_init__(self) -> None:
        validate_models(self.models, self.images or self.photographs)
        validate_steps(*self.points)
        validate_counts(
            n_images=self.n_images,
            n_photographs=self.n_photographs,
            slice_size=self.slice_size,
            ascents=min(self.ascents, default=0),
            photograph_ascents=min(self.photograph_ascents, default=0),
        )
        validate_points(self.points)
        validate_rate(self.learning_rate)


def validate_points(points: Sequence[int]) -> None:
    """Refuse numbers of points that do not lie among those of the largest.

    Raises:
        ValueError: names the first.
    """
    gaps = max(points) - 1
    if uneven := [count for count in points if gaps % (count - 1)]:
        raise ValueError(
            f"fewer points must lie among the {gaps + 1} of the whole climb: the gaps between "
            f"them must divide {gaps}, but {uneven[0]} points have {uneven[0] - 1}"
        )


def tasks(parameters: Parameters) -> Sequence[Task]:
    """One task per model and slice of images."""
    return tasks_by_size(parameters, ("points", "learning_rate", "seed"), ("ascents",))


def compute(task: Task) -> Outcome:
    """Rows of one task: image × sign × (setting of GGIG or other method), beside the whole."""
    given: dict[str, Any] = dict(task.parameters)
    chosen = select(given["model"], given["images"], given["seed"], given["first"], given["last"])
    if not chosen.indices:
        return Outcome(pd.DataFrame([], columns=names(COLUMNS)), chosen.notes)
    on = (chosen.model, chosen.pictures, chosen.targets)
    settings = {name: given[name] for name in ("points", "ascents", "learning_rate")}
    climbed = climbs(*on, **settings)
    whole = climbed[max(given["points"]), max(given["ascents"])]
    rows: list[dict[str, Any]] = []
    for (points, ascents), maps in climbed.items():
        rows += _rows(maps, whole, chosen, given, method="ggig", points=points, ascents=ascents)
    effort = effort_in({"steps": max(given["points"])})
    for method, explain in explainers(OTHERS, effort, given["seed"]).items():
        maps = explain(*on)
        rows += _rows(maps, whole, chosen, given, method=method, points=0, ascents=0)
    return Outcome(pd.DataFrame(rows, columns=names(COLUMNS)), chosen.notes)


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
        points: of the line; the gaps between them divide those of the largest.
        ascents: of the climbs.
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
        assert self._highest is not None, "the first point of a path belongs to every choice"
        return self._highest


def _rows(
    maps: Tensor, whole: Tensor, chosen: Selection, given: dict[str, Any], **keys: Any
) -> list[dict[str, Any]]:
    keys = {"model": given["model"], "images": given["images"], **keys}
    found = similarity_rows(maps, whole, keys)
    return [{**row, **chosen.describe(row["position"])} for row in found]


EXPERIMENT = Experiment(
    name="ggig_climb",
    title="GGIG of fewer points and steps beside the whole climb",
    version=1,
    parameters=Parameters,
    profiles={
        "embedded": {},
        "reference": {
            "models": ("mnist_cnn", "shapes_cnn", "squeezenet1_0", "mobilenet_v2"),
            "n_images": 24,
            "ascents": (1, 5, 10, 20, 50, 100, 200),
            # As many as the authors' code takes on ImageNet.
            "photograph_ascents": (1, 5, 10, 20, 50, 100),
            "n_photographs": 8,
            "slice_size": 2,
        },
        "paper": {
            "models": ("inception_v3", "resnet101"),
            "photographs": "imagenet_val",
            "n_photographs": 100,
            "photograph_ascents": (1, 5, 10, 20, 50, 100, 200),
        },
    },
    tasks=tasks,
    compute=compute,
    recorded=COLUMNS,
)
