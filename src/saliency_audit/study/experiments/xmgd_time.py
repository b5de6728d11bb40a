"""Seconds of one XMGD comparison: as the paper describes it, ours, and of fits that are kept."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

import torch
from threadpoolctl import threadpool_limits
from torch import Tensor

from saliency_audit.metrics import MultiScale, fit_maps, xmgd, xmgd_terms
from saliency_audit.models.kept import one_thread
from saliency_audit.study.columns import Column
from saliency_audit.study.detector_maps import (
    MapParameters,
    defined_in_all,
    maps_of,
    mixtures_in,
    unit_maps,
)
from saliency_audit.study.duplicated_points import duplicated_xmgd, duplicates
from saliency_audit.study.experiment import Experiment
from saliency_audit.study.image_rows import Given, Rows, on_images
from saliency_audit.study.selection import Selection
from saliency_audit.study.shared_columns import IMAGE, shared
from saliency_audit.study.slices import slice_tasks
from saliency_audit.study.timing import clocked, device_name
from saliency_audit.study.validation import validate_counts

DUPLICATED, WEIGHTED, KEPT = "duplicated points", "weighted points", "kept fits"
COLUMNS = (
    *shared("model", "images"),
    *IMAGE,
    Column("way", "text", "", f"{DUPLICATED} (scikit-learn and POT), {WEIGHTED} or {KEPT} (ours)"),
    Column("side", "integer", "pixels", "of the two maps"),
    Column("components", "integer", "Gaussians", "of each mixture"),
    Column("levels", "integer", "", "the maps and their filtered copies"),
    Column("copies", "integer", "points", "of both maps at the first level"),
    Column("value", "number", "side of the picture, squared", "the XMGD that was found"),
    Column("timed", "integer", "comparisons", "that were timed together"),
    Column("seconds", "number", "s", "wall-clock time of one comparison"),
    *shared("device"),
)


@dataclass(frozen=True)
class Parameters(MapParameters):
    """Parameters of the two maps of an image, by the first two methods, on `side` × `side` pixels.

    Ways take turns on one thread, image by image, so that other work slows all alike. `together`
    comparisons of kept fits are timed at once. Every image is a task.
    """

    n_images: int = 3
    slice_size: int = 1
    explained: tuple[str, ...] = ("ig", "saliency")
    side: int = 64
    together: int = 1000

    def __post_init__(self) -> None:
        super().__post_init__()
        validate_counts(side=self.side, together=self.together)
        if len(self.explained) < 2 or not self.width:
            raise ValueError("two methods are compared, and copies need a width above 0")


@on_images(COLUMNS)
def compute(chosen: Selection, given: Given) -> Rows:
    """Rows of one task: image × way.

    An image is left out of which a map is constant, or has fewer pixels with a weight than a
    mixture has Gaussians.
    """
    first, second = (
        unit_maps(maps, given["side"]) for _, maps in islice(maps_of(chosen, given), 2)
    )
    settings = mixtures_in(given)
    some = torch.arange(64.0).reshape(1, 8, 8)
    xmgd(some, some, MultiScale(components=1))  # libraries are loaded before
    for position in defined_in_all((first, second), settings).nonzero().flatten().tolist():
        pair = first[position], second[position]
        with one_thread(), threadpool_limits(1):  # torch, and BLAS
            found = _clocked(pair, given)
            device = device_name(torch.device("cpu"))
        copies = sum(len(duplicates(each.numpy(), given["width"])) for each in pair)
        yield from (
            {
                "position": position,
                "way": way,
                "side": given["side"],
                "components": given["components"],
                "levels": len(settings.kernels),
                "copies": copies,
                "value": value,
                "timed": count,
                "seconds": seconds / count,
                "device": device,
            }
            for way, value, count, seconds in found
        )


def _clocked(pair: tuple[Tensor, Tensor], given: Given) -> list[tuple[str, float, int, float]]:
    """Per way the value, how many comparisons were timed, and seconds of all."""
    settings, together = mixtures_in(given), given["together"]
    fits = [fit_maps(each[None], settings) for each in pair]
    many = [each.at(torch.zeros(together, dtype=torch.long)) for each in fits]
    ways: dict[str, tuple[int, Callable[[], float]]] = {
        DUPLICATED: (1, lambda: duplicated_xmgd(*pair, settings)),
        WEIGHTED: (1, lambda: float(xmgd(pair[0][None], pair[1][None], settings))),
        KEPT: (together, lambda: float(xmgd_terms(*many).mean(dim=0)[0])),
    }
    found = []
    for way, (count, work) in ways.items():
        value, seconds = clocked(work)
        found.append((way, value, count, seconds))
    return found


EXPERIMENT = Experiment(
    name="xmgd_time",
    title="Seconds of one XMGD comparison, of duplicated and of weighted points",
    version=1,
    profiles={
        "embedded": Parameters(),
        "reference": Parameters(
            models=("mobilenet_v2",), images="imagenet_sample", n_images=20, side=256
        ),
        "paper": Parameters(
            models=("mobilenet_v2",), images="imagenet_val", n_images=200, side=256
        ),
    },
    split=slice_tasks,
    compute=compute,
    recorded=COLUMNS,
)
