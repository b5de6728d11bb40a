"""Maps averaged over images and networks, so that images can be drawn again before."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from saliency_audit.metrics import ScaledMixtures, fit_maps, kl_divergence, ssim, xmgd_matrix
from saliency_audit.study.columns import Column
from saliency_audit.study.detector_maps import (
    MapParameters,
    defined_in_all,
    maps_of,
    mixtures_in,
    require_mixtures,
    unit_maps,
)
from saliency_audit.study.selection import select
from saliency_audit.study.shared_columns import shared
from saliency_audit.study.validation import validate_counts

# Draws whose maps are fitted at once.
FITTED_TOGETHER = 32
#: Of rows about two methods' aggregated maps.
DISTANCE_COLUMNS = (
    Column("first", "text", "", "the method of the first aggregated map"),
    Column("second", "text", "", "the method of the second"),
    Column("method", "text", "", "measure: xmgd, ssim (1 − SSIM) or kl_divergence"),
    *shared("draw"),
    Column("set_size", "integer", "images", "that the aggregated maps rest on"),
    Column("distance", "number", "of the measure", "of the two aggregated maps"),
)


@dataclass(frozen=True)
class AggregatedParameters(MapParameters):
    """Parameters of aggregated maps, on `side` × `side` pixels.

    `resamples` are sets of images drawn with replacement; draw 0 is the images themselves.
    """

    side: int = 32
    resamples: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        validate_counts(side=self.side, resamples=self.resamples)
        if len(self.explained) < 3:
            raise ValueError("the distances of at least three methods are compared")


@dataclass(frozen=True)
class Explained:
    """The maps of one network, and which images they are of.

    Attributes:
        model: the network.
        units: by method, `(N, side, side)`.
        indices: `(N,)` positions of the images in their set.
    """

    model: str
    units: Mapping[str, Tensor]
    indices: NDArray[np.int64]


def explained(
    model: str, images: str, given: Mapping[str, Any]
) -> tuple[Explained, Mapping[str, Any]]:
    """The unit maps of the images that a network classifies correctly, and notes on them.

    Images of which a map is constant are left out.
    """
    chosen = select(model, images, given["seed"], 0, given["n_images"])
    if not chosen.indices:
        return Explained(model, {}, np.array([], dtype=np.int64)), chosen.notes
    units = {name: unit_maps(maps, given["side"]) for name, maps in maps_of(chosen, given)}
    kept = defined_in_all(units.values())
    indices = np.array(chosen.indices)[kept.numpy()]
    of_kept = {name: unit[kept] for name, unit in units.items()}
    return Explained(model, of_kept, indices), chosen.notes


def aggregated(parts: Sequence[Explained], counts: Mapping[int, int]) -> dict[str, Tensor]:
    """The mean map of each method: over a network's drawn images, then over the networks.

    Args:
        parts: of each network; one of whose images none is drawn is left out.
        counts: how often each image is drawn.
    """
    found: dict[str, list[Tensor]] = {}
    for part in parts:
        weights = torch.tensor([counts[index] for index in part.indices.tolist()]).double()
        if not weights.sum():
            continue
        for name, unit in part.units.items():
            mean = torch.tensordot(weights, unit, dims=1) / weights.sum()
            found.setdefault(name, []).append(mean)
    return {name: torch.stack(means).mean(dim=0) for name, means in found.items()}


def resampled_distances(
    parts: Sequence[Explained], images: NDArray[np.int64], given: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Distances between the methods' aggregated maps, of the images and of resampled images.

    Args:
        parts: of each network that is aggregated.
        images: positions of the images that are drawn from.
        given: parameters of the task, `resamples` and `seed` among them.

    Yields:
        Per draw, pair of methods and measure the columns `first`, `second`, `method`, `draw` and
        `distance`. A draw without any of a network's images leaves that network out.

    Raises:
        ValueError: an aggregated map to which no mixture can be fitted.
    """
    settings, networks = mixtures_in(given), "+".join(part.model for part in parts)
    count = given["resamples"] + 1
    for start in range(0, count, FITTED_TOGETHER):
        draws = range(start, min(start + FITTED_TOGETHER, count))
        maps = [aggregated(parts, drawn_counts(images, given["seed"], draw)) for draw in draws]
        for each in maps:
            require_mixtures(each, settings, networks)
        fits = fit_maps(torch.cat([torch.stack([*each.values()]) for each in maps]), settings)
        own = torch.arange(len(fits)).split([len(each) for each in maps])
        for draw, each, chosen in zip(draws, maps, own, strict=True):
            for first, second, measure, value in distances_between(each, fits.at(chosen)):
                pair = {"first": first, "second": second, "method": measure}
                yield {**pair, "draw": draw, "distance": value}


def distances_between(
    maps: Mapping[str, Tensor], fits: ScaledMixtures
) -> Iterator[tuple[str, str, str, float]]:
    """First method, second method, measure and distance, for all pairs of maps.

    Args:
        maps: by method, `(H, W)`.
        fits: the mixtures of these maps, in their order.
    """
    matrix = xmgd_matrix(fits, fits)
    for (row, first), (column, second) in combinations(enumerate(maps), 2):
        pair = maps[first][None], maps[second][None]
        yield first, second, "xmgd", float(matrix[row, column])
        yield first, second, "ssim", 1 - float(ssim(*pair))
        yield first, second, "kl_divergence", float(kl_divergence(*pair, symmetric=True))


def drawn_counts(images: NDArray[np.int64], seed: int, draw: int) -> dict[int, int]:
    """How often each image is drawn: once in draw 0, else at random with replacement."""
    counts = np.ones(len(images), dtype=int)
    if draw:
        random = np.random.default_rng([seed, draw])
        counts = random.multinomial(len(images), np.full(len(images), 1 / len(images)))
    return dict(zip(images.tolist(), counts.tolist(), strict=True))
