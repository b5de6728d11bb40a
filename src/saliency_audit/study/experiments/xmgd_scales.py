"""XMGD level by level: networks of different receptive fields, sharp and smooth maps."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations

import torch
from torch import Tensor

from saliency_audit.metrics import ScaledMixtures, fit_maps, total_variation, xmgd_terms
from saliency_audit.metrics.windows import WINDOWS
from saliency_audit.models import load_classifier
from saliency_audit.models.receptive_field import receptive_field
from saliency_audit.study.columns import Column
from saliency_audit.study.detector_maps import (
    WITHOUT_GUIDED,
    MapParameters,
    defined_in_all,
    maps_of,
    mixtures_in,
    unit_maps,
)
from saliency_audit.study.experiment import Experiment, Task
from saliency_audit.study.image_rows import Given, Rows, plugged
from saliency_audit.study.selection import Selection, images_of, select
from saliency_audit.study.shared_columns import IMAGE, shared
from saliency_audit.study.slices import slice_tasks
from saliency_audit.study.validation import validate_counts

NETWORKS, METHODS_APART = "networks", "methods"
COLUMNS = (
    Column("pair", "text", "", f"what differs between the two maps: {NETWORKS} or {METHODS_APART}"),
    *shared("model"),
    Column("other_model", "text", "", "the network of the second map"),
    *shared("images", "method"),
    Column("other_method", "text", "", "the method of the second map"),
    *IMAGE,
    Column("window", "text", "", "weights of the filters: mean or gaussian"),
    Column("terms", "numbers", "side of the picture, squared", "MW₂² without a filter, 3×3, 5×5"),
    Column("receptive_field", "integer", "pixels", "width seen by a last unit of the network"),
    Column("other_receptive_field", "integer", "pixels", "the same of the other network"),
    Column("variation", "number", "0 to 1", "total variation of the first map, from 0 to 1"),
    Column("other_variation", "number", "0 to 1", "the same of the second map"),
)


@dataclass(frozen=True)
class Parameters(MapParameters):
    """Parameters of the maps, on `side` × `side` pixels.

    All networks explain the same images, those that all of them classify correctly. `windows` are
    the kinds of filters, whose weights the paper does not give.
    """

    n_images: int = 10
    slice_size: int = 5
    side: int = 64
    windows: tuple[str, ...] = tuple(WINDOWS)

    def __post_init__(self) -> None:
        super().__post_init__()
        validate_counts(side=self.side)
        for window in self.windows:
            mixtures_in(vars(self), window=window)
        if not self.windows:
            raise ValueError("at least one kind of filters is needed")
        if len({images_of(model, self.images) for model in self.models}) > 1:
            raise ValueError("networks with the same images are compared; name a set with `images`")


def tasks(parameters: Parameters) -> Iterator[Task]:
    """One task per slice of images, with all networks, because their maps are compared."""
    found = slice_tasks(replace(parameters, models=parameters.models[:1]))
    for task in found:
        given = {name: value for name, value in task.parameters.items() if name != "model"}
        name = f"{given['images']}-{given['first']:05d}"
        yield Task(name, {**given, "models": parameters.models})


def _correct_by_all(given: Given) -> tuple[Selection, list[Selection]]:
    """The images that all networks classify correctly: the first network's, and each one's."""
    own = [
        select(model, given["images"], given["seed"], given["first"], given["last"])
        for model in given["models"]
    ]
    common = set.intersection(*(set(chosen.indices) for chosen in own))
    kept = [
        chosen.only(torch.tensor([index in common for index in chosen.indices], dtype=torch.bool))
        for chosen in own
    ]
    digests = {
        model: chosen.notes["model_sha256"]
        for model, chosen in zip(given["models"], own, strict=True)
    }
    notes = {name: value for name, value in kept[0].notes.items() if name != "model_sha256"}
    return replace(kept[0], notes={**notes, "networks_sha256": digests}), kept


@plugged(COLUMNS, _correct_by_all)
def compute(chosen: Selection, of_each: Sequence[Selection], given: Given) -> Rows:
    """Rows of one task: pair of maps × kind of filters × image.

    An image is left out of which a map is constant, or has fewer pixels with a weight than a
    mixture has Gaussians.
    """
    units = {
        (model, method): unit_maps(maps, given["side"])
        for model, own in zip(given["models"], of_each, strict=True)
        for method, maps in maps_of(own, given)
    }
    tried = [mixtures_in(given, window=window) for window in given["windows"]]
    kept = defined_in_all(units.values(), *tried).nonzero().flatten()
    if not len(kept):
        return
    shape = tuple(chosen.pictures.shape[1:])
    fields = {model: _field(model, shape) for model in given["models"]}
    variations = {key: total_variation(unit[kept]).tolist() for key, unit in units.items()}
    fits = {key: _fits(unit[kept], given) for key, unit in units.items()}
    for first, second in combinations(units, 2):
        (model, method), (other_model, other_method) = first, second
        if model != other_model and method != other_method:
            continue
        for window in given["windows"]:
            terms = xmgd_terms(fits[first][window], fits[second][window])
            for place, position in enumerate(kept.tolist()):
                yield {
                    "position": position,
                    "pair": NETWORKS if method == other_method else METHODS_APART,
                    "model": model,
                    "other_model": other_model,
                    "method": method,
                    "other_method": other_method,
                    "window": window,
                    "terms": terms[:, place].tolist(),
                    "receptive_field": fields[model],
                    "other_receptive_field": fields[other_model],
                    "variation": variations[first][place],
                    "other_variation": variations[second][place],
                }


def _fits(units: Tensor, given: Given) -> dict[str, ScaledMixtures]:
    """The mixtures of maps by kind of filters; the level without a filter is fitted once."""
    one, *more = mixtures_in(given).kernels
    (plain,) = fit_maps(units, mixtures_in(given, kernels=(one,))).levels
    found = {}
    for window in given["windows"]:
        settings = mixtures_in(given, kernels=tuple(more), window=window)
        found[window] = ScaledMixtures((plain, *fit_maps(units, settings).levels))
    return found


@cache
def _field(model: str, shape: tuple[int, ...]) -> int:
    network = load_classifier(model)
    device = next(network.parameters()).device
    return receptive_field(network, torch.zeros(1, *shape, device=device))


PHOTOGRAPHS = "imagenet_sample"
EXPERIMENT = Experiment(
    name="xmgd_scales",
    title="XMGD level by level: receptive fields, sharp and smooth maps",
    version=1,
    profiles={
        # One network: without others it says nothing of receptive fields.
        "embedded": Parameters(),
        "reference": Parameters(
            models=("squeezenet1_0", "mobilenet_v2", "efficientnet_lite0"),
            images=PHOTOGRAPHS,
            n_images=240,
            explained=WITHOUT_GUIDED,
            side=128,
            slice_size=20,
        ),
        "paper": Parameters(
            models=("squeezenet1_0", "mobilenet_v2", "inception_v3", "xception", "resnet50"),
            images="imagenet_val",
            n_images=2000,
            explained=WITHOUT_GUIDED,
            side=256,
            slice_size=20,
        ),
    },
    split=lambda parameters: list(tasks(parameters)),
    compute=compute,
    recorded=COLUMNS,
)
