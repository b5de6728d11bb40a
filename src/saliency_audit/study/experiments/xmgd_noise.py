"""How much the distance of two maps changes when one of them gets noise: XMGD beside KL."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor

from saliency_audit.metrics import ScaledMixtures, fit_maps, kl_divergence, xmgd_terms
from saliency_audit.study.columns import Column
from saliency_audit.study.detector_maps import (
    MESO,
    MESO_DEEPFAKES,
    METHODS,
    MapParameters,
    defined_in_all,
    maps_of,
    mixtures_in,
    unit_maps,
)
from saliency_audit.study.experiment import Experiment
from saliency_audit.study.image_rows import Given, Rows, on_images
from saliency_audit.study.selection import Selection
from saliency_audit.study.shared_columns import IMAGE, shared
from saliency_audit.study.slices import network_tasks
from saliency_audit.study.validation import validate_counts

# Below this a relative change counts as none: its logarithm would otherwise be infinite.
SMALLEST = 1e-6
GAUSSIAN, SALT = "gaussian", "salt"
# Kind and level, in percent of the map's range or of its pixels.
NOISES = {
    **{f"{GAUSSIAN} {level}%": (GAUSSIAN, level / 100) for level in (1, 2, 5, 10)},
    **{f"{SALT} {level}%": (SALT, level / 100) for level in (0.1, 0.5, 1)},
}
COLUMNS = (
    *shared("model", "images"),
    Column("method", "text", "", "what measures the distance: xmgd or kl_divergence"),
    Column("noise", "text", "", "kind and level of the noise on the first map"),
    Column("first", "text", "", "the method whose map gets the noise"),
    Column("second", "text", "", "the method of the other map"),
    Column("pair", "text", "", "the image and the two methods"),
    *IMAGE,
    Column("before", "number", "of the measure", "distance of the two maps"),
    Column("after", "number", "of the measure", "distance after the noise"),
    Column("log_relative_change", "number", "", f"ln of |after/before − 1|, at least {SMALLEST:g}"),
)


@dataclass(frozen=True)
class Parameters(MapParameters):
    """Parameters of the maps, on `side` × `side` pixels; the first of two methods gets noise."""

    models: tuple[str, ...] = ("small_faces_cnn_swap",)
    explained: tuple[str, ...] = ("ig", "saliency")
    n_images: int = 30
    side: int = 32
    components: int = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        validate_counts(side=self.side)
        if len(self.explained) < 2:
            raise ValueError("distances need at least two methods")


def noisy(units: Tensor, kind: str, level: float, seeds: list[int]) -> Tensor:
    """Maps from 0 to 1 with noise.

    Args:
        units: `(N, H, W)`.
        kind: "gaussian": normal noise of standard deviation `level`, cut off at 0; "salt": a share
            `level` of the pixels, at least one, is set to 1.
        level: in (0, 1].
        seeds: of each map.
    """
    found = units.clone()
    for unit, seed in zip(found, seeds, strict=True):
        generator = torch.Generator().manual_seed(seed)
        if kind == GAUSSIAN:
            noise = torch.randn(unit.shape, generator=generator, dtype=unit.dtype)
            unit.add_(level * noise).clamp_(min=0)
        else:
            count = max(1, round(level * unit.numel()))
            unit.view(-1)[torch.randperm(unit.numel(), generator=generator)[:count]] = 1
    return found


@on_images(COLUMNS)
def compute(chosen: Selection, given: Given) -> Rows:
    """Rows of one task: pair of methods × noise × measure × image.

    An image is left out of which a map is constant, or has fewer pixels with a weight than a
    mixture has Gaussians, with any of the noises.
    """
    units = {name: unit_maps(maps, given["side"]) for name, maps in maps_of(chosen, given)}
    settings, firsts = mixtures_in(given), given["explained"][:-1]
    disturbed = {
        noise: {name: noisy(units[name], kind, level, chosen.seeds) for name in firsts}
        for noise, (kind, level) in NOISES.items()
    }
    every = [
        *units.values(),
        *(maps for by_name in disturbed.values() for maps in by_name.values()),
    ]
    kept = defined_in_all(every, settings).nonzero().flatten()
    if not len(kept):
        return
    clean = {name: unit[kept] for name, unit in units.items()}
    fits = {name: fit_maps(unit, settings) for name, unit in clean.items()}
    undisturbed = {
        (first, second): _distances(clean[first], clean[second], fits[first], fits[second])
        for first, second in combinations(given["explained"], 2)
    }
    for noise, maps in disturbed.items():
        changed = {name: unit[kept] for name, unit in maps.items()}
        refitted = {name: fit_maps(unit, settings) for name, unit in changed.items()}
        for (first, second), before in undisturbed.items():
            after = _distances(changed[first], clean[second], refitted[first], fits[second])
            for measure, distances in before.items():
                pairs = zip(distances.tolist(), after[measure].tolist(), strict=True)
                for place, (old, new) in zip(kept.tolist(), pairs, strict=True):
                    yield {
                        "position": place,
                        "method": measure,
                        "noise": noise,
                        "first": first,
                        "second": second,
                        "pair": f"{chosen.indices[place]} {first} {second}",
                        "before": old,
                        "after": new,
                        "log_relative_change": _log_change(old, new),
                    }


def _distances(
    first: Tensor, second: Tensor, fit: ScaledMixtures, other: ScaledMixtures
) -> Mapping[str, Tensor]:
    return {
        "xmgd": xmgd_terms(fit, other).mean(dim=0),
        "kl_divergence": kl_divergence(first, second, symmetric=True),
    }


def _log_change(before: float, after: float) -> float:
    return math.log(max(SMALLEST, abs(after / before - 1))) if before > 0 else math.nan


EXPERIMENT = Experiment(
    name="xmgd_noise",
    title="Noise on a map: how much XMGD and KL change",
    version=1,
    profiles={
        "embedded": Parameters(),
        "reference": Parameters(
            models=MESO,
            images="faces_easy",
            explained=METHODS,
            n_images=200,
            side=64,
            components=10,
            slice_size=25,
        ),
        "paper": Parameters(
            models=MESO_DEEPFAKES,
            images="deepfakes",
            explained=METHODS,
            n_images=2000,
            side=256,
            components=10,
        ),
    },
    split=network_tasks,
    compute=compute,
    recorded=COLUMNS,
)
