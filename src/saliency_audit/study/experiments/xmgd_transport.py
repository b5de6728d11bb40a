"""MW₂ between mixtures of real maps: beside POT, and what a distance must fulfil."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch

from saliency_audit.metrics import fit_maps, gaussian_wasserstein_squared, mixture_wasserstein
from saliency_audit.study.columns import Column
from saliency_audit.study.detector_maps import (
    WITHOUT_GUIDED,
    MapParameters,
    enough_pixels,
    maps_of,
    mixtures_in,
    unit_maps,
)
from saliency_audit.study.duplicated_points import Array, Mixture, transport_by_pot
from saliency_audit.study.experiment import Experiment
from saliency_audit.study.image_rows import Given, Rows, on_images
from saliency_audit.study.selection import Selection
from saliency_audit.study.shared_columns import IMAGE, shared
from saliency_audit.study.slices import whole_tasks
from saliency_audit.study.validation import validate_counts

COLUMNS = (
    *shared("model", "images", "method"),
    *IMAGE,
    Column("other_image", "integer", "", "position of the image of the pair's second map"),
    Column("other_method", "text", "", "the method of the second map"),
    Column("pair", "integer", "", "number of the pair in its task"),
    Column("property", "text", "", "what is examined, such as symmetry"),
    Column("distance", "number", "side of the picture", "MW₂ of the pair"),
    Column("violation", "number", "side of the picture", "by how much it is not fulfilled"),
)
PROPERTIES = {
    "POT": "difference from the same distance by POT",
    "symmetry": "difference from the distance of the second to the first",
    "triangle": "excess over the shortest way by a third map; 0 if no way is shorter",
    "shift": "moved to the mean of the second, the first is not as far as it was moved",
    "itself": "distance to itself in other parameters: order reversed, one component in two",
    "lower bound": "shortfall from the distance of two Gaussians with the same moments",
}


@dataclass(frozen=True)
class Parameters(MapParameters):
    """Parameters of the maps, as the network has them, or reduced to `side` pixels.

    A mixture is fitted to every map, without filters; all pairs and triples of a network's mixtures
    are examined.
    """

    n_images: int = 6
    side: int = 64

    def __post_init__(self) -> None:
        super().__post_init__()
        validate_counts(side=self.side)


@on_images(COLUMNS)
def compute(chosen: Selection, given: Given) -> Rows:
    """Rows of one task: pair of maps × property.

    A map is left out that is constant, or has fewer pixels with a weight than a mixture has
    Gaussians.
    """
    settings = mixtures_in(given, kernels=(1,))
    names, units = [], []
    for method, maps in maps_of(chosen, given):
        found = unit_maps(maps, given["side"])
        for position in enough_pixels(found, settings).nonzero().flatten().tolist():
            names.append((position, method))
            units.append(found[position])
    if not units:
        return
    (level,) = fit_maps(torch.stack(units), settings).levels
    parts = (level.means.numpy(), level.covariances.numpy(), level.weights.numpy())
    mixtures = list(zip(*parts, strict=True))
    for number, (pair, values) in enumerate(examined(mixtures)):
        (position, method), (other, other_method) = (names[place] for place in pair)
        distance = values.pop("distance")
        for name, violation in values.items():
            yield {
                "position": position,
                "method": method,
                "other_image": chosen.indices[other],
                "other_method": other_method,
                "pair": number,
                "property": name,
                "distance": distance,
                "violation": violation,
            }


def examined(mixtures: Sequence[Mixture]) -> Iterator[tuple[tuple[int, int], dict[str, float]]]:
    """Every pair of mixtures with its distance and the violation of each property.

    Args:
        mixtures: two or more.
    """
    count = len(mixtures)
    table = np.zeros((count, count))
    for first, second in combinations(range(count), 2):
        table[first, second] = mixture_wasserstein(*mixtures[first], *mixtures[second])
    both_ways = table + table.T
    for first, second in combinations(range(count), 2):
        one, other = mixtures[first], mixtures[second]
        distance = table[first, second]
        others = [place for place in range(count) if place not in (first, second)]
        ways = both_ways[first, others] + both_ways[others, second]
        moved = _mean(other) - _mean(one)
        shifted = (one[0] + moved, *one[1:])
        values = {
            "distance": distance,
            "POT": abs(distance - np.sqrt(max(transport_by_pot(one, other), 0.0))),
            "symmetry": abs(distance - mixture_wasserstein(*other, *one)),
            "triangle": max(0.0, distance - min(ways, default=np.inf)),
            "shift": abs(mixture_wasserstein(*one, *shifted) - np.linalg.norm(moved)),
            "itself": mixture_wasserstein(*one, *_rewritten(one)),
            "lower bound": max(0.0, _bound(one, other) - distance),
        }
        yield (first, second), {name: float(value) for name, value in values.items()}


def _mean(mixture: Mixture) -> Array:
    found: Array = mixture[2] @ mixture[0]
    return found


def _rewritten(mixture: Mixture) -> Mixture:
    """The same mixture in other parameters."""
    means, covariances, weights = mixture
    order = [*range(len(weights))[::-1], 0]
    shares = weights[order].copy()
    shares[-2:] *= np.array([0.3, 0.7])
    return means[order], covariances[order], shares


def _bound(first: Mixture, second: Mixture) -> float:
    """W₂ of the Gaussians with the mixtures' moments, the least of all distributions with them.

    Source: Gelbrich 1990.
    """
    moments = [(_mean(each)[None], _covariance(each)[None]) for each in (first, second)]
    return float(np.sqrt(gaussian_wasserstein_squared(*moments[0], *moments[1])[0, 0]))


def _covariance(mixture: Mixture) -> Array:
    means, covariances, weights = mixture
    apart = means - _mean(mixture)
    found: Array = np.einsum("k,kij->ij", weights, covariances + apart[:, :, None] * apart[:, None])
    return found


EXPERIMENT = Experiment(
    name="xmgd_transport",
    title="The distance of mixtures of real maps: beside POT, and its axioms",
    version=1,
    profiles={
        "embedded": Parameters(),
        "reference": Parameters(
            models=("squeezenet1_0", "mobilenet_v2"),
            images="imagenet_sample",
            n_images=16,
            explained=WITHOUT_GUIDED,
            side=224,
        ),
        "paper": Parameters(
            models=("squeezenet1_0", "mobilenet_v2", "inception_v3", "xception", "resnet50"),
            images="imagenet_val",
            n_images=60,
            explained=WITHOUT_GUIDED,
            side=256,
        ),
    },
    split=whole_tasks,
    compute=compute,
    recorded=COLUMNS,
)
