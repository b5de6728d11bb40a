"""How much maps of digits look like the digit itself: the rows behind Table 1 of the GGIG paper."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from torch import Tensor

from saliency_audit.attributions import (
    GGIG,
    Edge,
    MeanGradient,
    RandomMap,
    Riemann,
    Saliency,
    StraightPath,
    walk,
)
from saliency_audit.attributions.quadrature import weights
from saliency_audit.sanity import similarity_rows
from saliency_audit.study.columns import Column, names
from saliency_audit.study.experiment import Experiment, Labels, Outcome, Task
from saliency_audit.study.ggig_methods import climb_of
from saliency_audit.study.selection import Selection, select
from saliency_audit.study.shared_columns import IMAGE, SIMILARITIES, shared
from saliency_audit.study.slices import tasks_by_model
from saliency_audit.study.validation import (
    validate_counts,
    validate_models,
    validate_rate,
    validate_steps,
)

SETTINGS = ("steps", "ascents", "short_ascents", "learning_rate", "seed")
COLUMNS = (*shared("model", "images", "method", "sign"), *IMAGE, *SIMILARITIES)


@dataclass(frozen=True)
class Parameters:
    """Parameters of the experiment; `n_images` counts candidates, before classification.

    `steps` are the points of the line, both ends included, `ascents` and `learning_rate` those of
    the climb at each. Only the first `n_climbed` candidates (None: all), in whole slices, are
    climbed so far; beside it every image has GGIG of `short_ascents` (`ascents`, if they are less).
    """

    models: tuple[str, ...] = ("digits_cnn",)
    images: str | None = None
    n_images: int = 100
    steps: int = 51
    ascents: int = 200
    short_ascents: int = 20
    n_climbed: int | None = None
    learning_rate: float = 1e-4
    seed: int = 0
    slice_size: int = 100

    def __post_init__(self) -> None:
        validate_models(self.models, self.images)
        validate_rate(self.learning_rate)
        validate_steps(self.steps)
        validate_counts(
            n_images=self.n_images,
            slice_size=self.slice_size,
            ascents=self.ascents,
            short_ascents=self.short_ascents,
            n_climbed=self.n_images if self.n_climbed is None else self.n_climbed,
        )


def tasks(parameters: Parameters) -> Sequence[Task]:
    """One task per model and slice of images, which says whether its images are climbed whole."""
    until = parameters.n_images if parameters.n_climbed is None else parameters.n_climbed
    return [
        Task(task.name, {**task.parameters, "climbed": task.parameters["first"] < until})
        for task in tasks_by_model(parameters, SETTINGS)
    ]


def compute(task: Task) -> Outcome:
    """Rows of one task: image × method × sign."""
    given: dict[str, Any] = dict(task.parameters)
    chosen = select(given["model"], given["images"], given["seed"], given["first"], given["last"])
    rows: list[dict[str, Any]] = []
    for method, maps in _maps(chosen, given).items():
        keys = {"model": given["model"], "images": given["images"], "method": method}
        found = similarity_rows(maps, chosen.pictures, keys)
        rows += [{**row, **chosen.describe(row["position"])} for row in found]
    return Outcome(pd.DataFrame(rows, columns=names(COLUMNS)), chosen.notes)


def _maps(chosen: Selection, given: Mapping[str, Any]) -> dict[str, Tensor]:
    """The three methods of the paper, variants of two of them, and the controls.

    As in the paper "ig" is without the product with the input; "ig_product" has it.
    """
    if not chosen.indices:
        return {}
    on = (chosen.model, chosen.pictures, chosen.targets)
    line = StraightPath(given["steps"], "trapezoid")
    mean, product = walk(
        *on,
        path=line,
        rules=[MeanGradient(weights(line.quadrature, line.steps)), Riemann()],
        output="logit",
    )
    short = GGIG(given["steps"], _short_ascents(given), given["learning_rate"])
    return {
        "saliency": Saliency(output="logit")(*on),
        "ig": mean,
        "ig_product": product,
        **(_climbed(chosen, given) if given["climbed"] else {}),
        "ggig_short": short(*on),
        "edge": Edge()(*on),
        "random": RandomMap(seed=given["seed"])(*on),
    }


def _short_ascents(given: Mapping[str, Any]) -> int:
    return min(given["short_ascents"], given["ascents"])


def _climbs(given: Mapping[str, Any]) -> dict[str, int]:
    """GGIG's climb as columns, and the steps of the short one."""
    return {**climb_of(given), "short_climb_ascents": _short_ascents(given)}


LABELS = Labels(
    (
        *shared("climb_points", "climb_ascents"),
        Column("short_climb_ascents", "integer", "steps", "the same of the method ggig_short"),
    ),
    _climbs,
)


def _climbed(chosen: Selection, given: Mapping[str, Any]) -> dict[str, Tensor]:
    """GGIG and its variants, from one climb."""
    climb = GGIG(given["steps"], given["ascents"], given["learning_rate"])
    variants = {
        "ggig": climb,
        "ggig_absolute": replace(climb, absolute=True),
        "ggig_trapezoid": replace(climb, trapezoid=True),
    }
    maps = walk(
        *(chosen.model, chosen.pictures, chosen.targets),
        path=climb.path,
        rules=[each.rule for each in variants.values()],
        output="logit",
    )
    return dict(zip(variants, maps, strict=True))


EXPERIMENT = Experiment(
    name="ggig_mnist",
    title="Similarity of maps to the digit that they explain",
    version=2,
    parameters=Parameters,
    profiles={
        "embedded": {},
        "reference": {"models": ("mnist_cnn",), "n_images": 10000, "n_climbed": 1000},
        "paper": {"models": ("mnist_cnn",), "n_images": 10000},
    },
    tasks=tasks,
    compute=compute,
    recorded=COLUMNS,
    labels=LABELS,
)
