"""What the controller and x² do to the order of the scores of a map."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from torch import Tensor

from saliency_audit.attributions import DistributionController, standardise
from saliency_audit.attributions.controller import validate_settings
from saliency_audit.attributions.relevance.generator import enlarged
from saliency_audit.metrics import share_within, spearman, top_pixels
from saliency_audit.study.columns import Column
from saliency_audit.study.experiment import Experiment, Outcome, Task
from saliency_audit.study.score_maps import (
    DRAWN,
    Scores,
    mixture,
    normal,
    skew_normal,
    uniform,
    validate_maps,
)
from saliency_audit.study.shared_columns import shared
from saliency_audit.study.validation import validate_counts, validate_fields

COLUMNS = (
    *shared("model"),
    Column("distribution", "text", "", "of the scores before the mapping"),
    Column("map", "integer", "", "which of the maps, from 0, over all distributions"),
    Column("method", "text", "", "the mapping: controller, square or square, not normalised"),
    Column("spearman", "number", "−1 to 1", "rank correlation of the map before and after"),
    Column("spearman_upsampled", "number", "−1 to 1", "the same, both upsampled to image size"),
    Column(
        "top_quarter",
        "number",
        "share",
        "of the quarter with the highest scores that is in it before and after",
    ),
    Column(
        "faithfulness",
        "number",
        "0 to 1",
        "M_F of an estimator trained with the mapping; NaN for drawn scores",
    ),
)


@dataclass(frozen=True)
class Parameters:
    """Parameters of the experiment.

    `maps` of `side`² scores are drawn from each of four distributions. They go through the
    controller and through x², of the standardised scores and of the scores as they are, and are
    compared at their own size and after bilinear upsampling by `scale`.
    """

    eta: float = 1.5
    h: float = 2.5
    maps: int = 20
    side: int = 56
    scale: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        validate_maps(self.maps, self.side)
        validate_counts(scale=self.scale)
        validate_fields(self)
        validate_settings(self.eta, self.h)


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
    """All distributions together: they take seconds."""
    return [Task("all", vars(parameters))]


def compute(task: Task) -> Outcome:
    """Rows of all distributions: map × mapping."""
    return Outcome(pd.DataFrame(list(_rows(dict(task.parameters)))))


def _rows(given: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for group, scores in enumerate(distributions()):
        maps = scores.maps(given["maps"], given["side"], given["seed"])
        for method, mapping in mappings(given["eta"], given["h"]).items():
            mapped = mapping(maps)
            values = {
                "spearman": spearman(maps[:, 0], mapped[:, 0]),
                "spearman_upsampled": spearman(
                    upsampled(maps, given["scale"]), upsampled(mapped, given["scale"])
                ),
                "top_quarter": shared_top(maps, mapped),
            }
            lists = {name: found.tolist() for name, found in values.items()}
            for number in range(len(maps)):
                yield {
                    "model": DRAWN,
                    "distribution": scores.name,
                    "map": group * len(maps) + number,
                    "method": method,
                    **{name: found[number] for name, found in lists.items()},
                    "faithfulness": float("nan"),
                }


def upsampled(maps: Tensor, scale: int) -> Tensor:
    """`(N, 1, H, W)` -> `(N, scale·H, scale·W)`, bilinear, as masks become as large as images."""
    return enlarged(maps, [scale * side for side in maps.shape[2:]])[:, 0]


def shared_top(maps: Tensor, mapped: Tensor) -> Tensor:
    """Share of the quarter of the pixels that are highest in both: `(N,)` in [0, 1]."""
    return share_within(*(top_pixels(each[:, 0], 0.25) for each in (mapped, maps)))


MANY = Parameters(maps=100)

EXPERIMENT = Experiment(
    name="dre_monotony",
    title="The order of scores under the controller and under x²",
    version=1,
    profiles={"embedded": Parameters(), "reference": MANY, "paper": MANY},
    split=tasks,
    compute=compute,
    recorded=COLUMNS,
)
