"""Distances of two methods' sets of maps, for sets of several sizes: XMGD beside KL and Fréchet."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from saliency_audit.metrics import frechet_distance, kl_divergence, xmgd
from saliency_audit.study.columns import Column, names
from saliency_audit.study.detector_maps import (
    MESO,
    MESO_DEEPFAKES,
    MapParameters,
    defined_in_all,
    maps_of,
    mixtures_in,
    require_mixtures,
    unit_maps,
)
from saliency_audit.study.experiment import Experiment, Outcome, Task
from saliency_audit.study.selection import select_task
from saliency_audit.study.shared_columns import shared
from saliency_audit.study.slices import whole_tasks
from saliency_audit.study.validation import validate_counts

COLUMNS = (
    *shared("model", "images"),
    Column("first", "text", "", "the method of the first set of maps"),
    Column("second", "text", "", "the method of the second set"),
    Column("method", "text", "", "measure: xmgd, kl_divergence or frechet_distance"),
    Column("size", "integer", "maps", "in either set"),
    Column("draw", "integer", "", "which of the random sets of images, from 0"),
    Column("value", "number", "of the measure", "distance of the two sets"),
    Column("largest", "integer", "maps", "in the set that all sets are drawn from"),
    Column("reference", "number", "of the measure", "distance of the largest sets"),
    Column("squared_deviation", "number", "", "of the value from the reference, relative to it"),
)


@dataclass(frozen=True)
class Parameters(MapParameters):
    """Parameters of the maps, on `side` × `side` pixels, of the first two methods.

    `sizes` are numbers of images, of which `draws` sets each are drawn without replacement; sizes
    that are not below the number of images at hand are left out.
    """

    models: tuple[str, ...] = ("small_faces_cnn_swap",)
    explained: tuple[str, ...] = ("ig", "saliency")
    n_images: int = 80
    side: int = 32
    components: int = 5
    sizes: tuple[int, ...] = (5, 10, 20, 50)
    draws: int = 30
    cells: int = 8

    def __post_init__(self) -> None:
        super().__post_init__()
        validate_counts(side=self.side, cells=self.cells)
        if len(self.explained) != 2:
            raise ValueError(f"two methods are compared, got {len(self.explained)}")
        if not self.sizes or min(self.sizes) < 2:
            raise ValueError(f"sizes must be at least 2: a single map has no spread; {self.sizes}")
        if self.cells > self.side:
            raise ValueError(f"{self.cells} cells do not fit into {self.side} pixels")


def distances(
    draws: Sequence[Mapping[str, Tensor]], given: Mapping[str, Any]
) -> Iterator[Mapping[str, float]]:
    """Per draw the distance of two methods' sets of maps `(n, side, side)` under each measure.

    XMGD and KL compare the mean maps; those of all draws are fitted together.

    Raises:
        ValueError: a mean map to which no mixture can be fitted.
    """
    settings = mixtures_in(given)
    means = [{name: maps.mean(dim=0) for name, maps in sets.items()} for sets in draws]
    for each in means:
        require_mixtures(each, settings, given["model"])
    first, second = (
        torch.stack(maps) for maps in zip(*(each.values() for each in means), strict=True)
    )
    costs = xmgd(first, second, settings).tolist()
    diverged = kl_divergence(first, second, symmetric=True).tolist()
    for sets, cost, divergence in zip(draws, costs, diverged, strict=True):
        yield {
            "xmgd": cost,
            "kl_divergence": divergence,
            "frechet_distance": frechet_distance(*sets.values(), side=given["cells"]),
        }


def compute(task: Task) -> Outcome:
    """Rows of one task: size × draw × measure. Images of which a map is constant are left out."""
    given = task.parameters
    chosen = select_task(given)
    rows = list(_rows(chosen, given)) if chosen.indices else []
    return Outcome(pd.DataFrame(rows, columns=names(COLUMNS)), chosen.notes)


def _rows(chosen: Any, given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    units = {name: unit_maps(maps, given["side"]) for name, maps in maps_of(chosen, given)}
    kept = defined_in_all(units.values())
    largest = {name: unit[kept] for name, unit in units.items()}
    count = int(kept.sum())
    sizes = [size for size in given["sizes"] if size < count]
    if not sizes:
        return
    (reference,) = distances([largest], given)
    first, second = given["explained"]
    for size in sizes:
        sets = []
        for draw in range(given["draws"]):
            random = np.random.default_rng([given["seed"], size, draw])
            drawn = torch.from_numpy(random.permutation(count)[:size])
            sets.append({name: unit[drawn] for name, unit in largest.items()})
        for draw, found in enumerate(distances(sets, given)):
            for measure, value in found.items():
                yield {
                    "model": given["model"],
                    "images": given["images"],
                    "first": first,
                    "second": second,
                    "method": measure,
                    "size": size,
                    "draw": draw,
                    "value": value,
                    "largest": count,
                    "reference": reference[measure],
                    "squared_deviation": (value / reference[measure] - 1) ** 2,
                }


EXPERIMENT = Experiment(
    name="xmgd_set_size",
    title="Sets of few maps: XMGD, KL and the Fréchet distance",
    version=1,
    profiles={
        "embedded": Parameters(),
        "reference": Parameters(
            models=MESO,
            images="faces_easy",
            n_images=432,
            side=64,
            components=10,
            sizes=(5, 10, 20, 50, 100, 200),
        ),
        "paper": Parameters(
            models=MESO_DEEPFAKES,
            images="deepfakes",
            n_images=1000,
            side=256,
            components=10,
            sizes=(5, 10, 20, 50, 100, 200, 500),
        ),
    },
    split=whole_tasks,
    compute=compute,
    recorded=COLUMNS,
)
