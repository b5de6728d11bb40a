"""Distances between methods' aggregated maps under three measures, images resampled before."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from saliency_audit.study.aggregated_maps import (
    DISTANCE_COLUMNS,
    AggregatedParameters,
    explained,
    resampled_distances,
)
from saliency_audit.study.columns import Column, names
from saliency_audit.study.detector_maps import MESO, MESO_DEEPFAKES
from saliency_audit.study.experiment import Experiment, Outcome, Task
from saliency_audit.study.selection import images_of

COLUMNS = (
    Column("model", "text", "", "the networks whose maps are aggregated, joined by +"),
    Column("images", "text", "", "their image sets, joined by +"),
    *DISTANCE_COLUMNS,
)


@dataclass(frozen=True)
class Parameters(AggregatedParameters):
    """Parameters of the maps, aggregated over all networks."""

    models: tuple[str, ...] = (
        "small_faces_cnn_swap",
        "small_faces_cnn_warp",
        "small_faces_cnn_smooth",
    )
    n_images: int = 80
    components: int = 5


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
    rows = [{**about, **found} for found in resampled_distances(parts, images, given)]
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
