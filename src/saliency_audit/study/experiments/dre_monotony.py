"""What the controller and x² do to the order of the scores of a map, and to M_F if trained with."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import pandas as pd
from torch import Tensor

from saliency_audit.attributions import DistributionController, standardise
from saliency_audit.attributions.controller import validate_settings
from saliency_audit.study.columns import Column, names
from saliency_audit.study.estimators import noting_estimators
from saliency_audit.study.experiment import Experiment, Outcome, Task
from saliency_audit.study.inputs import Inputs
from saliency_audit.study.mapped_scores import (
    MappedParameters,
    is_mapped,
    mapped_inputs,
    mapped_rows,
)
from saliency_audit.study.order_measures import ORDER_COLUMNS, order_measures
from saliency_audit.study.score_maps import (
    DRAWN,
    Scores,
    mixture,
    normal,
    skew_normal,
    uniform,
    validate_maps,
)
from saliency_audit.study.selection import select_task
from saliency_audit.study.shared_columns import shared
from saliency_audit.study.slices import network_tasks
from saliency_audit.study.trained_mappings import (
    TrainedParameters,
    trained_inputs,
    trained_rows,
)
from saliency_audit.study.validation import validate_counts, validate_fields

COLUMNS = (
    *shared("model"),
    Column("distribution", "text", "", "of the scores before the mapping, or where they are from"),
    Column(
        "map",
        "integer",
        "",
        "which of the maps, from 0, over all distributions; of an estimator the image in its set",
    ),
    Column("method", "text", "", "the mapping: controller, square or square, not normalised"),
    *ORDER_COLUMNS,
    Column(
        "faithfulness",
        "number",
        "0 to 1",
        "M_F of an estimator trained with the mapping; NaN for drawn scores",
    ),
)
# What rows of drawn scores follow from.
DRAWING = ("eta", "h", "maps", "side", "scale", "seed")


@dataclass(frozen=True)
class Parameters:
    """Parameters of the experiment.

    `maps` of `side`² scores are drawn from each of four distributions. They go through the
    controller and through x², of the standardised scores and of the scores as they are, and are
    compared at their own size and after bilinear upsampling by `scale`.

    For each of the classifiers `trained`, which may be none, estimators are trained with the
    controller and with x², as `TrainedParameters` says, and explain the same `n_images`.

    For each of the classifiers `mapped`, which may be none, the scores that a trained estimator
    gives for `n_mapped` images go through the mappings, as `MappedParameters` says.
    """

    eta: float = 1.5
    h: float = 2.5
    maps: int = 20
    side: int = 56
    scale: int = 4
    seed: int = 0
    trained: tuple[str, ...] = ("shapes_cnn",)
    images: str | None = None
    n_images: int = 40
    slice_size: int = 100
    n_train: int = 1500
    epochs: int = 3
    filter_epochs: int = 5
    train_seeds: tuple[int, ...] = (0,)
    mapped: tuple[str, ...] = ()
    n_mapped: int = 100

    def __post_init__(self) -> None:
        validate_maps(self.maps, self.side)
        validate_counts(scale=self.scale)
        validate_fields(self)
        validate_settings(self.eta, self.h)
        validate_counts(n_mapped=self.n_mapped)
        trained_tasks(self)
        mapped_tasks(self)


def distributions() -> list[Scores]:
    """Normal, uniform, left-skewed, and of two modes."""
    return [normal(), uniform(), skew_normal(-20), mixture(8, 0.9)]


def mappings(eta: float, h: float) -> Mapping[str, Callable[[Tensor], Tensor]]:
    """The mappings that are compared, by their names in rows."""
    return {
        "controller": DistributionController(eta, h),
        "square": lambda maps: standardise(maps).square(),
        "square, not normalised": lambda maps: maps.square(),
    }


def tasks(parameters: Parameters) -> Sequence[Task]:
    """All distributions together, which take seconds; then the estimators."""
    drawn = {name: getattr(parameters, name) for name in DRAWING}
    return [Task("all", drawn), *trained_tasks(parameters), *mapped_tasks(parameters)]


def trained_tasks(parameters: Parameters) -> Sequence[Task]:
    """A task per classifier and slice of images; none without a classifier."""
    if not parameters.trained:
        return []
    shared_fields = {field.name for field in fields(TrainedParameters)} - {"models"}
    given = {name: value for name, value in vars(parameters).items() if name in shared_fields}
    return network_tasks(TrainedParameters(models=parameters.trained, **given))


def mapped_tasks(parameters: Parameters) -> Sequence[Task]:
    """A task per classifier and slice of images; none without a classifier."""
    if not parameters.mapped:
        return []
    given = MappedParameters(
        models=parameters.mapped,
        n_images=parameters.n_mapped,
        seed=parameters.seed,
        eta=parameters.eta,
        h=parameters.h,
    )
    return [replace(task, name=f"mapped-{task.name}") for task in network_tasks(given)]


def reads(given: Mapping[str, Any]) -> Inputs:
    """What a task reads; drawn scores need nothing."""
    if "model" not in given:
        return Inputs()
    return mapped_inputs(given) if is_mapped(given) else trained_inputs(given)


@noting_estimators
def compute(task: Task) -> Outcome:
    """Rows of drawn scores, distribution × map × mapping, or those of estimators."""
    given = dict(task.parameters)
    if "model" not in given:
        return Outcome(pd.DataFrame(list(_drawn(given))))
    chosen = select_task(given)
    rows: list[dict[str, Any]] = []
    if chosen.indices and is_mapped(given):
        rows = list(mapped_rows(chosen, given, mappings(given["eta"], given["h"])))
    elif chosen.indices:
        rows = list(trained_rows(chosen, given))
    return Outcome(pd.DataFrame(rows, columns=names(COLUMNS)), chosen.notes)


def _drawn(given: dict[str, Any]) -> Iterator[dict[str, Any]]:
    size = [given["scale"] * given["side"]] * 2
    for group, scores in enumerate(distributions()):
        maps = scores.maps(given["maps"], given["side"], given["seed"])
        for method, mapping in mappings(given["eta"], given["h"]).items():
            measured = order_measures(maps, mapping(maps), size)
            lists = {name: found.tolist() for name, found in measured.items()}
            for number in range(len(maps)):
                yield {
                    "model": DRAWN,
                    "distribution": scores.name,
                    "map": group * len(maps) + number,
                    "method": method,
                    **{name: found[number] for name, found in lists.items()},
                    "faithfulness": float("nan"),
                }


MANY = Parameters(maps=100, n_images=100, n_train=3000, epochs=3, train_seeds=(0, 1, 2))

EXPERIMENT = Experiment(
    name="dre_monotony",
    title="The order of scores under the controller and under x²",
    version=1,
    profiles={
        "embedded": Parameters(),
        "reference": replace(
            MANY,
            mapped=("efficientnet_lite0_tiny200", "mobilenet_v2_tiny200"),
            n_mapped=500,
        ),
        # The pictures and trainings of dre_settings, whose estimators these are.
        "paper": replace(
            MANY,
            trained=("resnet50", "vgg19", "googlenet"),
            images="imagenet_val",
            n_images=10000,
            n_train=1281167,
        ),
    },
    split=tasks,
    compute=compute,
    recorded=COLUMNS,
    reads=reads,
)
