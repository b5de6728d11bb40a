"""Distances between methods' mean maps, of every detector for every generator by itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from saliency_audit.datasets import open_images, shuffled_indices
from saliency_audit.datasets.faceforensics import GENERATORS
from saliency_audit.datasets.standins import FAMILIES, IMITATIONS
from saliency_audit.models.catalog import FACE_NETWORKS, FAKE_DETECTORS
from saliency_audit.study.aggregated_maps import (
    DISTANCE_COLUMNS,
    AggregatedParameters,
    explained,
    resampled_distances,
)
from saliency_audit.study.columns import Column, names
from saliency_audit.study.detector_maps import MESO, detector_and_generator
from saliency_audit.study.experiment import Experiment, Outcome, Task
from saliency_audit.study.shared_columns import shared
from saliency_audit.study.slices import whole_tasks

COLUMNS = (
    *shared("model", "images"),
    Column("detector", "text", "", "architecture of the network"),
    Column("generator", "text", "", "what it detects: a generator, or a family of stand-ins"),
    *DISTANCE_COLUMNS,
)


def detectors(architectures: Sequence[str], generators: Sequence[str]) -> tuple[str, ...]:
    """Every architecture for every generator."""
    return tuple(f"{one}_{other}" for one in architectures for other in generators)


@dataclass(frozen=True)
class Parameters(AggregatedParameters):
    """Parameters of the maps, each network's averaged by themselves.

    Networks are detectors of one generator, each explained on faces of that generator; `imitated`
    takes the stand-ins that imitate it in photographs.
    """

    models: tuple[str, ...] = detectors([f"small_{name}" for name in FACE_NETWORKS], [*FAMILIES])
    n_images: int = 80
    components: int = 5
    resamples: int = 50
    imitated: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        for model in self.models:
            detector_and_generator(model)
        if self.imitated and self.images is not None:
            raise ValueError("either `images` or `imitated` says which faces are explained")


def tasks(parameters: Parameters) -> list[Task]:
    """One task per network."""
    found = []
    for model in parameters.models:
        generator = detector_and_generator(model)[1]
        own = replace(parameters, models=(model,), imitated=False)
        if parameters.imitated and generator in IMITATIONS:
            own = replace(own, images=f"standin_{IMITATIONS[generator]}")
        found += whole_tasks(own, without=("imitated",))
    return found


def compute(task: Task) -> Outcome:
    """Rows of one task: draw × pair of methods × measure.

    Images are drawn from all candidates, so that a draw is of the same pictures for all networks
    whose sets are equally long, as those of stand-ins are.
    """
    given = task.parameters
    model, images = given["model"], given["images"]
    part, notes = explained(model, images, given)
    order = names(COLUMNS)
    if not len(part.indices):
        return Outcome(pd.DataFrame(columns=order), notes)
    candidates = shuffled_indices(open_images(images), given["seed"])[: given["n_images"]]
    detector, generator = detector_and_generator(model)
    about = {
        **{"model": model, "images": images, "detector": detector, "generator": generator},
        "set_size": len(part.indices),
    }
    drawn_from = np.sort(np.array(candidates, dtype=np.int64))
    rows = [{**about, **found} for found in resampled_distances([part], drawn_from, given)]
    return Outcome(pd.DataFrame(rows, columns=order), notes)


EXPERIMENT = Experiment(
    name="xmgd_correlation",
    title="Tables of distances between methods, of every detector for every generator",
    version=1,
    profiles={
        "embedded": Parameters(),
        "reference": {
            # The paper's design with real weights. The pictures are not the paper's: stand-ins
            # imitate the generators in photographs.
            "mesonet": Parameters(
                models=MESO,
                n_images=214,
                side=64,
                components=10,
                resamples=100,
                imitated=True,
            ),
            "photographs": Parameters(
                models=detectors([*FACE_NETWORKS], [*FAMILIES]),
                n_images=214,
                side=64,
                components=10,
                resamples=100,
            ),
        },
        "paper": Parameters(
            models=detectors([*FAKE_DETECTORS], [*GENERATORS]),
            n_images=2000,
            side=256,
            components=10,
            resamples=400,
        ),
    },
    split=tasks,
    compute=compute,
    recorded=COLUMNS,
)
