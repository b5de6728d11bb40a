"""Maps averaged over images and networks, so that images can be drawn again before."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from saliency_audit.metrics import fit_maps, kl_divergence, ssim, xmgd_matrix
from saliency_audit.metrics.xmgd import MultiScale
from saliency_audit.study.detector_maps import defined_in_all, maps_of, unit_maps
from saliency_audit.study.selection import select


@dataclass(frozen=True)
class Explained:
    """The maps of one network, and which images they are of.

    Attributes:
        units: by method, `(N, side, side)`.
        indices: `(N,)` positions of the images in their set.
    """

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
        return Explained({}, np.array([], dtype=np.int64)), chosen.notes
    units = {name: unit_maps(maps, given["side"]) for name, maps in maps_of(chosen, given)}
    kept = defined_in_all(units.values())
    indices = np.array(chosen.indices)[kept.numpy()]
    return Explained({name: unit[kept] for name, unit in units.items()}, indices), chosen.notes


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


def distances_between(
    maps: Mapping[str, Tensor], settings: MultiScale
) -> Iterator[tuple[str, str, str, float]]:
    """First method, second method, measure and distance, for all pairs of maps `(H, W)`."""
    names = list(maps)
    matrix = xmgd_matrix(*[fit_maps(torch.stack([maps[name] for name in names]), settings)] * 2)
    for (row, first), (column, second) in combinations(enumerate(names), 2):
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
