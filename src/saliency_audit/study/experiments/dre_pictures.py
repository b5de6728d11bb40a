"""Maps of ten methods and their variants for a few photographs, to be looked at."""

from dataclasses import asdict, dataclass, replace

import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional as F

from saliency_audit.metrics.similarity import min_max
from saliency_audit.study.columns import Column
from saliency_audit.study.dre_methods import Effort, reads_objects
from saliency_audit.study.estimators import noting_estimators
from saliency_audit.study.experiment import Experiment, Task
from saliency_audit.study.experiments import dre_scores
from saliency_audit.study.image_rows import Given, plugged
from saliency_audit.study.objects import with_objects
from saliency_audit.study.selection import Selection, select_task
from saliency_audit.study.shared_columns import PREDICTED, shared
from saliency_audit.study.slices import network_tasks

# Cells on a side of the recorded maps, and values from 0 to 1 that they may have.
CELLS = 32
VALUES = 255
# The image set whose pictures have neither classes nor objects, and the probability that an answer
# must exceed to be explained.
PHOTOGRAPHS = "photographs"
SURE = 2 / 3
# The image set of which mistakes are explained; its pictures may be published.
MISTAKEN = "cutouts_named"
# The further image sets, by the parameter that says how many of their pictures are candidates.
FURTHER = {"n_photographs": PHOTOGRAPHS, "n_mistaken": MISTAKEN}
# Stands where no object is known.
NO_OBJECT = -1
COLUMNS = (
    *shared("model", "images", "method", "image", "image_name"),
    PREDICTED,
    *shared("confidence"),
    Column("row", "integer", "cells", "from the top of the picture"),
    Column("column", "integer", "cells", "from its left side"),
    Column("value", "integer", f"0 to {VALUES}", "mean of the map in the cell, scaled per map"),
    Column(
        "object",
        "integer",
        f"0 to {VALUES}",
        f"share of the cell that the object covers; {NO_OBJECT} where none is known",
    ),
    Column("faithfulness", "number", "0 to 1", "M_F of the map"),
)


@dataclass(frozen=True)
class Parameters(dre_scores.Parameters):
    """Parameters of `dre_scores`; a task explains one picture.

    Each network also explains its own answers for the first `n_photographs` of the image set
    `photographs`, as far as it is sure of them, and for those of the first `n_mistaken` cut-outs
    with a class that it takes for something else.
    """

    n_images: int = 4
    slice_size: int = 1
    n_photographs: int = 0
    n_mistaken: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in FURTHER:
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name)}")


def split(parameters: Parameters) -> list[Task]:
    """The tasks of the image set with objects, then those of the photographs and of mistakes."""
    without = tuple(FURTHER)
    tasks = network_tasks(parameters, without=without)
    for name, images in FURTHER.items():
        if count := getattr(parameters, name):
            further = replace(parameters, images=images, n_images=count)
            tasks += [
                replace(task, name=f"{images}-{task.name}")
                for task in network_tasks(further, without=without)
            ]
    return tasks


def choose(given: Given) -> tuple[Selection, Tensor | None]:
    """The images of a task, and the masks of their objects; photographs have none."""
    if given["images"] == MISTAKEN:
        return with_objects(select_task(given, keep="wrongly"))
    if given["images"] != PHOTOGRAPHS:
        return with_objects(select_task(given))
    chosen = select_task(given, keep="both")
    sure = chosen.confidence > SURE
    return chosen.only(sure, unsure=int((~sure).sum())), None


@noting_estimators
@plugged(COLUMNS, choose)
def compute(chosen: Selection, masks: Tensor | None, given: Given) -> pd.DataFrame:
    """Rows of one task: image × method × cell."""
    maps, found = dre_scores.scored_maps(chosen, given)
    if masks is None:
        objects = torch.full((len(chosen.indices), CELLS, CELLS), NO_OBJECT)
    else:
        objects = _whole(_pooled(masks.float()))
    frames = []
    for name, values in maps.items():
        cells = _whole(min_max(_pooled(values)).nan_to_num())
        frame = pd.DataFrame(_places(len(cells)))
        frame["value"] = cells.flatten().tolist()
        frame["object"] = objects.flatten().tolist()
        scores = found[name].value.double().cpu()
        frame["faithfulness"] = scores.repeat_interleave(CELLS**2).numpy()
        frames.append(frame.assign(method=name))
    return pd.concat(frames, ignore_index=True)


def _pooled(maps: Tensor) -> Tensor:
    """`(N, H, W)` -> `(N, CELLS, CELLS)`."""
    return F.adaptive_avg_pool2d(maps[:, None], CELLS)[:, 0]


def _whole(maps: Tensor) -> Tensor:
    """Values in [0, 1] as whole numbers."""
    return (VALUES * maps).round().long().cpu()


def _places(count: int) -> dict[str, list[int]]:
    grid = torch.cartesian_prod(*(torch.arange(size) for size in (count, CELLS, CELLS)))
    return dict(zip(("position", "row", "column"), grid.T.tolist(), strict=True))


EXPERIMENT = Experiment(
    name="dre_pictures",
    title="Maps of DRE and its nine competitors for photographs",
    version=3,
    profiles={
        "embedded": Parameters(),
        "reference": Parameters(
            models=("efficientnet_lite0_tiny200",),
            images="cutouts_shown",
            n_images=8,
            n_photographs=9,
            n_mistaken=27,
            n_train=10000,
            epochs=1,
            filter_epochs=3,
            **asdict(Effort()),
        ),
        "paper": Parameters(
            models=("resnet50", "vgg19", "googlenet"),
            images="imagenet_val",
            n_images=8,
            n_train=1281167,
            epochs=10,
            **asdict(Effort()),
        ),
    },
    split=split,
    compute=compute,
    recorded=COLUMNS,
    reads=reads_objects,
)
