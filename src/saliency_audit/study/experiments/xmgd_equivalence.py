"""A fit of weighted pixels beside scikit-learn's of duplicated ones, from the same start."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from threadpoolctl import threadpool_limits
from torch import Tensor

from saliency_audit.metrics import WeightedMixture, fit_weighted_gmm, mixture_wasserstein
from saliency_audit.metrics.levels import pixel_grid, pixel_weights
from saliency_audit.models.kept import one_thread
from saliency_audit.study.columns import Column
from saliency_audit.study.detector_maps import WITHOUT_GUIDED, MapParameters, maps_of, unit_maps
from saliency_audit.study.duplicated_points import as_arrays, duplicates, fit_duplicates
from saliency_audit.study.experiment import Experiment
from saliency_audit.study.image_rows import Given, Rows, on_images
from saliency_audit.study.selection import Selection
from saliency_audit.study.shared_columns import IMAGE, shared
from saliency_audit.study.slices import slice_tasks
from saliency_audit.study.timing import clocked, device_name
from saliency_audit.study.validation import validate_counts

COLUMNS = (
    *shared("model", "images", "method"),
    *IMAGE,
    Column("bin", "number", "", "b of the ⌊s/b⌋ copies of a pixel of saliency s"),
    Column("components", "integer", "Gaussians", "of the mixtures"),
    Column("copies", "integer", "points", "that scikit-learn fits; the pixels are side × side"),
    Column("lost", "number", "share", "of the saliency by which the copies fall short of it"),
    Column(
        "mixture_wasserstein",
        "number",
        "side of the picture",
        "MW₂ from the fit of the saliency to that of the copies",
    ),
    Column(
        "log_likelihood", "number", "per unit of weight", "difference of the two fits', absolute"
    ),
    Column(
        "same_weights_parameter", "number", "", "largest gap: fit weighted by copies, fit of copies"
    ),
    Column("same_weights_likelihood", "number", "per unit of weight", "gap of the same two fits"),
    Column("seconds_weighted", "number", "s", "of the fit of the saliency"),
    Column("seconds_duplicated", "number", "s", "of the fit of the copies"),
    *shared("device"),
)
# What rows hold where the copies have fewer places than the mixture has components.
UNDEFINED = (
    *("mixture_wasserstein", "log_likelihood", "seconds_duplicated"),
    *("same_weights_parameter", "same_weights_likelihood"),
)


@dataclass(frozen=True)
class Parameters(MapParameters):
    """Parameters of the maps, reduced to `side` × `side` pixels, and `bins`, the values of b.

    All fits of a map take `iterations` steps from one start, on one thread, so that no rule of
    stopping tells them apart. The saliency itself is always a weight too; `width` is not used.
    """

    n_images: int = 8
    explained: tuple[str, ...] = ("ig",)
    side: int = 16
    bins: tuple[float, ...] = (0.1, 0.01, 0.001)
    iterations: int = 25

    def __post_init__(self) -> None:
        super().__post_init__()
        validate_counts(side=self.side, iterations=self.iterations)
        if not self.bins or not all(0 < each <= 1 for each in self.bins):
            raise ValueError(f"bins must lie in (0, 1], got {self.bins!r}")


@on_images(COLUMNS)
def compute(chosen: Selection, given: Given) -> Rows:
    """Rows of one task: image × method × bin."""
    for method, maps in maps_of(chosen, given):
        for position, unit in enumerate(unit_maps(maps, given["side"])):
            if unit.isfinite().all() and int((unit > 0).sum()) >= given["components"]:
                with one_thread(), threadpool_limits(1):  # torch, and BLAS
                    found = list(compared(unit, given))
                for row in found:
                    yield {"position": position, "method": method, **row}


def compared(unit: Tensor, given: Given) -> Iterator[Mapping[str, Any]]:
    """The fits of one map: a row per bin.

    Args:
        unit: `(side, side)` from 0 to 1, with as many pixels above 0 as there are components.
        given: parameters of the task.
    """
    points = pixel_grid(given["side"], given["side"], unit)
    fit = partial(fit_weighted_gmm, points, components=given["components"])
    begin = fit(unit.flatten()[None], restarts=1, seed=given["seed"], iterations=1)
    # EM that has converged to the last bit may stop early: nothing changes any more.
    steps = partial(fit, start=begin, iterations=given["iterations"], tolerance=1e-300)
    exact, seconds = clocked(partial(steps, unit.flatten()[None]))
    for width in given["bins"]:
        counts = pixel_weights(unit[None], width)
        copies = duplicates(unit.numpy(), width)
        row = {
            "bin": width,
            "components": given["components"],
            "copies": len(copies),
            "lost": float(1 - width * counts.sum() / unit.sum()),
            "seconds_weighted": seconds,
            "device": device_name(torch.device("cpu")),
        }
        if int((counts > 0).sum()) < given["components"]:
            yield row | dict.fromkeys(UNDEFINED, float("nan"))
            continue
        theirs, slow = clocked(
            partial(
                fit_duplicates, copies, begin, max_iter=given["iterations"], tol=0.0, reg_covar=1e-6
            )
        )
        ours = steps(counts.flatten(1))
        yield row | {
            "mixture_wasserstein": mixture_wasserstein(*as_arrays(exact), *as_arrays(theirs)),
            "log_likelihood": float((exact.log_likelihood - theirs.log_likelihood).abs()),
            "same_weights_parameter": _largest_gap(ours, theirs),
            "same_weights_likelihood": float((ours.log_likelihood - theirs.log_likelihood).abs()),
            "seconds_duplicated": slow,
        }


def _largest_gap(first: WeightedMixture, second: WeightedMixture) -> float:
    return max(
        float((getattr(first, name) - getattr(second, name)).abs().max())
        for name in ("weights", "means", "covariances")
    )


EXPERIMENT = Experiment(
    name="xmgd_equivalence",
    title="Mixtures of weighted pixels and of duplicated ones, from the same start",
    version=1,
    profiles={
        "embedded": Parameters(),
        # Some 80,000 copies per map at the smallest bin; of whole photographs millions.
        "reference": Parameters(
            models=("mobilenet_v2",),
            images="imagenet_sample",
            n_images=180,
            side=24,
            slice_size=20,
        ),
        "paper": Parameters(
            models=("squeezenet1_0", "mobilenet_v2", "inception_v3", "xception", "resnet50"),
            images="imagenet_val",
            n_images=1000,
            explained=WITHOUT_GUIDED,
            side=256,
            iterations=200,
            slice_size=5,
        ),
    },
    split=partial(slice_tasks, without=("width",)),
    compute=compute,
    recorded=COLUMNS,
)
