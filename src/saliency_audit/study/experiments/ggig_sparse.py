"""The most salient pixels of each method: on edges, on the object, and in how many pieces."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from torch import Tensor

from saliency_audit.attributions import Edge, saliency
from saliency_audit.metrics import connected_components, explainability, share_within, top_pixels
from saliency_audit.study.columns import Column, names
from saliency_audit.study.experiment import Experiment, Outcome, Task
from saliency_audit.study.ggig_methods import (
    CLIMB,
    CONTROLS,
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

COLUMNS = (
    *shared("model", "images", "method"),
    Column("share", "number", "share", "of the pixels that is looked at, the most salient ones"),
    *IMAGE,
    Column("area", "number", "share", "of the picture that the object covers"),
    Column("edge_overlap", "number", "share", "of these pixels that lie on the strongest edges"),
    Column("connected_components", "number", "pieces", "that they form; NaN for a constant map"),
    Column("object_precision", "number", "share", "of these pixels that lie on the object"),
    Column("explainability", "number", "0 to 1", "average precision of the map for the object"),
)


@dataclass(frozen=True)
class Parameters:
    """Parameters of the experiment; `n_images` counts candidates, before classification.

    Networks without an image set of their own see `photographs`, which need boxes or masks.
    Photographs have settings of their own, which begin with `photograph_`.

    `shares` are those of the pixels that are looked at, `edge_share` that of the strongest edges.
    `steps` are the points on IG's line, `climb_points` those from which GGIG climbs, `ascents`
    times each.
    """

    models: tuple[str, ...] = ("shapes_cnn",)
    images: str | None = None
    n_images: int = 60
    methods: tuple[str, ...] = (*PAPER, *CONTROLS)
    shares: tuple[float, ...] = (0.05, 0.1)
    edge_share: float = 0.1
    steps: int = 51
    climb_points: int = 11
    ascents: int = 10
    learning_rate: float = 1e-4
    photographs: str = BOXED_IMAGES
    n_photographs: int = 200
    photograph_climb_points: int = 26
    photograph_ascents: int = 10
    seed: int = 0
    slice_size: int = 100

    def __post_init__(self) -> None:
        validate_models(self.models, self.images or self.photographs)
        validate_steps(self.steps, self.climb_points, self.photograph_climb_points)
        explainers(self.methods, self.effort, self.seed)
        validate_counts(
            n_images=self.n_images,
            n_photographs=self.n_photographs,
            photograph_ascents=self.photograph_ascents,
            slice_size=self.slice_size,
        )
        if not self.shares:
            raise ValueError("at least one share of the pixels is needed")
        for share in (*self.shares, self.edge_share):
            if not 0 < share <= 1:
                raise ValueError(f"shares must lie in (0, 1], got {share}")

    @property
    def effort(self) -> Effort:
        """How many points the methods take."""
        return effort_in(vars(self))


def tasks(parameters: Parameters) -> Sequence[Task]:
    """One task per model and slice of images."""
    shared = ("methods", "shares", "edge_share", "steps", "learning_rate", "seed")
    return tasks_by_size(parameters, shared, ("climb_points", "ascents"))


def compute(task: Task) -> Outcome:
    """Rows of one task: image × method × share."""
    given: dict[str, Any] = dict(task.parameters)
    chosen, masks = select_objects(given)
    rows: list[dict[str, Any]] = []
    if chosen.indices:
        keys = {"model": given["model"], "images": given["images"]}
        rows = [{**keys, **row} for row in _rows(chosen, masks, given)]
    return Outcome(pd.DataFrame(rows, columns=names(COLUMNS)), chosen.notes)


def _rows(chosen: Selection, masks: Tensor, given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    on = (chosen.model, chosen.pictures, chosen.targets)
    # As the control "edge" sees them: its own top pixels are all edges, up to this share.
    edges = top_pixels(saliency(Edge()(*on), "sum_abs"), given["edge_share"])
    regions = masks.cpu()
    areas = regions.double().mean(dim=(1, 2)).tolist()
    made = explainers(given["methods"], effort_in(given), given["seed"])
    for method, explain in made.items():
        maps = saliency(explain(*on), "sum_abs").cpu()
        whole = explainability(maps, regions)
        for share in given["shares"]:
            marked = top_pixels(maps, share)
            measured = {
                "edge_overlap": share_within(marked, edges),
                "connected_components": connected_components(marked),
                "object_precision": share_within(marked, regions),
                "explainability": whole,
            }
            for position in range(len(maps)):
                yield {
                    **chosen.describe(position),
                    "method": method,
                    "share": share,
                    "area": areas[position],
                    **{name: float(values[position]) for name, values in measured.items()},
                }


EXPERIMENT = Experiment(
    name="ggig_sparse",
    title="The most salient pixels: on edges, on the object, in how many pieces",
    version=1,
    parameters=Parameters,
    profiles={
        "embedded": {},
        # The paper's 200 ascents from each of 51 points are 10,200 gradients per image and network:
        # more than a processor has time for. The rate is the paper's.
        "reference": {
            "models": ("shapes_cnn", "squeezenet1_0", "mobilenet_v2"),
            "n_images": 300,
            "slice_size": 20,
        },
        "paper": {
            "models": ("inception_v3", "resnet101"),
            "n_photographs": 2000,
            "photograph_climb_points": 51,
            "photograph_ascents": 200,
        },
    },
    tasks=tasks,
    compute=compute,
    recorded=COLUMNS,
    labels=CLIMB,
)
