"""Distances between methods' aggregated maps under three measures, images resampled before."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from saliency_audit.study.aggregated_maps import (
    aggregated,
    distances_between,
    drawn_counts,
    explained,
)
from saliency_audit.study.columns import Column, names
from saliency_audit.study.detector_maps import (
    MESO,
    MESO_DEEPFAKES,
    MapParameters,
    mixtures_in,
)
from saliency_audit.study.experiment import Experiment, Outcome, Task
from saliency_audit.study.selection import images_of
from saliency_audit.study.shared_columns import shared
from saliency_audit.study.validation import validate_counts

COLUMNS = (
    Column("model", "text", "", "the networks whose maps are aggregated, joined by +"),
    Column("images", "text", "", "their image sets, joined by +"),
    Column("first", "text", "", "the method of the first aggregated map"),
    Column("second", "text", "", "the method of the second"),
    Column("method", "text", "", "measure: xmgd, ssim (1 − SSIM) or kl_divergence"),
    *shared("draw"),
    Column("set_size", "integer", "images", "that the aggregated maps rest on"),
    Column("distance", "number", "of the measure", "of the two aggregated maps"),
)


@dataclass(frozen=True)
class Parameters(MapParameters):
    """Parameters of the maps, on `side` × `side` pixels, aggregated over all networks.

    `resamples` are sets of images drawn with replacement; draw 0 is the images themselves.
    """

    models: tuple[str, ...] = (
        "small_faces_cnn_swap",
        "small_faces_cnn_warp",
        "small_faces_cnn_smooth",
    )
    n_images: int = 80
    side: int = 32
    components: int = 5
    resamples: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        validate_counts(side=self.side, resamples=self.resamples)
        if len(self.explained) < 3:
            raise ValueError("the distances of at least three methods are compared")


def tasks(parameters: Parameters) -> list[Task]:
    """One task: all networks are aggregated."""
    own = {name: value for name, value in vars(parameters).items() if name != "slice_size"}
    sets = tuple(images_of(model, parameters.images) for model in parameters.models)
    return [Task("-".join(dict.fromkeys(sets)), {**own, "images": sets})]


def compute(task: Task) -> Outcome:
    """Rows of one task: draw × pair of methods × measure."""
    given = task.parameters
    pairs = list(zip(given["models"], given["images"], strict=True))
    found = [explained(model, images, given) for model, images in pairs]
    parts = [part for part, _ in found if len(part.indices)]
    of_each = {model: dict(note) for (model, _), (_, note) in zip(pairs, found, strict=True)}
    digests = {model: note.pop("model_sha256") for model, note in of_each.items()}
    notes = {"networks": of_each, "networks_sha256": digests}
    order = names(COLUMNS)
    if not parts:
        return Outcome(pd.DataFrame(columns=order), notes)
    images = np.unique(np.concatenate([part.indices for part in parts]))
    about = {
        "model": "+".join(given["models"]),
        "images": "+".join(dict.fromkeys(given["images"])),
        "set_size": len(images),
    }
    rows = []
    settings = mixtures_in(given)
    for draw in range(given["resamples"] + 1):
        maps = aggregated(parts, drawn_counts(images, given["seed"], draw))
        for first, second, measure, value in distances_between(maps, settings):
            pair = {"first": first, "second": second, "method": measure}
            rows.append({**about, **pair, "draw": draw, "distance": value})
    return Outcome(pd.DataFrame(rows)[order], notes)


EXPERIMENT = Experiment(
    name="xmgd_spread",
    title="Distances between methods' aggregated maps: XMGD, SSIM and KL",
    version=1,
    profiles={
        "embedded": Parameters(),
        "reference": Parameters(
            models=MESO,
            images="faces_easy",
            n_images=200,
            side=64,
            components=10,
            resamples=400,
        ),
        "paper": Parameters(
            models=MESO_DEEPFAKES,
            images="deepfakes",
            n_images=2000,
            side=256,
            components=10,
            resamples=2000,
        ),
    },
    split=tasks,
    compute=compute,
    recorded=COLUMNS,
)
