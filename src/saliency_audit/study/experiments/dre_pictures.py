"""Maps of ten methods and their variants for a few photographs, to be looked at."""

from dataclasses import asdict, dataclass

import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional as F

from saliency_audit.metrics.similarity import min_max
from saliency_audit.study.columns import Column
from saliency_audit.study.dre_methods import Effort
from saliency_audit.study.estimators import noting_estimators
from saliency_audit.study.experiment import Experiment
from saliency_audit.study.experiments import dre_scores
from saliency_audit.study.image_rows import Given
from saliency_audit.study.objects import on_objects
from saliency_audit.study.selection import Selection
from saliency_audit.study.shared_columns import IMAGE, shared
from saliency_audit.study.slices import network_tasks

# Cells on a side of the recorded maps, and values from 0 to 1 that they may have.
CELLS = 32
VALUES = 255
COLUMNS = (
    *shared("model", "images", "method"),
    *IMAGE,
    Column("row", "integer", "cells", "from the top of the picture"),
    Column("column", "integer", "cells", "from its left side"),
    Column("value", "integer", f"0 to {VALUES}", "mean of the map in the cell, scaled per map"),
    Column("object", "integer", f"0 to {VALUES}", "share of the cell that the object covers"),
    Column("faithfulness", "number", "0 to 1", "M_F of the map"),
)


@dataclass(frozen=True)
class Parameters(dre_scores.Parameters):
    """Parameters of `dre_scores`; a task explains one picture."""

    n_images: int = 4
    slice_size: int = 1


@noting_estimators
@on_objects(COLUMNS)
def compute(chosen: Selection, masks: Tensor, given: Given) -> pd.DataFrame:
    """Rows of one task: image × method × cell."""
    maps, found = dre_scores.scored_maps(chosen, given)
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
    split=network_tasks,
    compute=compute,
    recorded=COLUMNS,
)
