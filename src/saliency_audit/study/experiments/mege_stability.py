"""Distances between the explanations of cross-trained predictors, and μF: MeGe and ReCo's rows."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from saliency_audit.attributions.rounding import is_constant
from saliency_audit.metrics import mu_fidelity, rank_distances
from saliency_audit.models import state_digest
from saliency_audit.models.cross_training import folded_images
from saliency_audit.models.training import predicted_classes
from saliency_audit.study.columns import Column
from saliency_audit.study.experiment import Experiment, Outcome, Task
from saliency_audit.study.experiments import mege_accuracy
from saliency_audit.study.explanations import MAPS, Effort, explain
from saliency_audit.study.inputs import only_images
from saliency_audit.study.predictors import (
    Trained,
    degraded_model,
    series_in,
    series_of,
    shared_settings,
    trained,
)
from saliency_audit.study.provenance import default_device
from saliency_audit.study.shared_columns import SERIES, shared
from saliency_audit.study.validation import validate_fields

# Pictures of ImageNet's size get more of RISE's masks than `masks`, as in the paper's Appendix B.
TIMES_MASKS = {"imagenet50_train": 4}
EFFORT = ("steps", "samples", "masks", "subsets")

COLUMNS = (
    *SERIES,
    *shared("method", "image"),
    Column("fold", "integer", "", "of the image; the predictor of that fold did not see it"),
    Column("right", "booleans", "", "per predictor, whether it classifies the image correctly"),
    Column("distances", "numbers", "0 to 1", "per predictor, 1 − |ρ| to the fold's predictor"),
    Column("constant", "integer", "maps", "of the predictors that are constant"),
    Column("mu_fidelity", "number", "−1 to 1", "μF of the map of the predictor of the fold"),
    Column("accuracy", "number", "share", "of its predictor on the fold; NaN if degraded"),
    *shared("image_name"),
)


@dataclass(frozen=True)
class Parameters(Trained):
    """Parameters of the experiment; those of `Trained` say which predictors there are.

    All predictors explain `n_images` images of the training set, the first in the order of the
    seed. `steps`, `samples` and `masks` are those of Integrated Gradients, SmoothGrad and RISE;
    `subsets` those of μF. Every predictor draws its own masks: with few of them, maps of RISE
    differ by chance, and MeGe would measure the number of masks.
    """

    n_images: int = 100
    steps: int = 60
    samples: int = 60
    masks: int = 1000
    subsets: int = 100
    slice_size: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        validate_fields(self)
        if self.subsets < 3:
            raise ValueError(f"a correlation needs at least 3 subsets, got {self.subsets}")
        if self.n_train is not None and self.n_images > self.n_train:
            raise ValueError(
                f"only images that were trained on have a fold: n_images {self.n_images} is above "
                f"n_train {self.n_train}"
            )


def tasks(parameters: Parameters) -> Sequence[Task]:
    """One task per series of predictors and slice of images."""
    effort = {name: getattr(parameters, name) for name in EFFORT}
    common = {**shared_settings(parameters), **effort}
    return [
        Task(
            f"{series.name}-{first:05d}",
            {
                **asdict(series),
                **common,
                "masks": parameters.masks * TIMES_MASKS.get(series.images, 1),
                "first": first,
                "last": min(first + parameters.slice_size, parameters.n_images),
            },
        )
        for series in series_of(parameters)
        for first in range(0, parameters.n_images, parameters.slice_size)
    ]


def compute(task: Task) -> Outcome:
    """Rows of one task: image × method."""
    given: dict[str, Any] = dict(task.parameters)
    series, setting = series_in(task)
    data = folded_images(setting.images, setting.n_images, setting.folds, setting.seed)
    part = slice(given["first"], given["last"])
    if given["last"] > len(data.labels):
        raise ValueError(
            f"{given['last']} images are to be explained and {len(data.labels)} were trained on; "
            "lower n_images or raise n_train"
        )
    device = default_device()
    pictures, labels = data.pictures[part].to(device), data.labels[part].to(device)
    folds = data.folds[part]
    effort = Effort(given["steps"], given["samples"], given["masks"])
    maps, right, digests = [], [], []
    accuracy = [float("nan")] * setting.folds
    fidelity = torch.full((len(MAPS), len(folds)), torch.nan, dtype=torch.float64)
    for fold in range(setting.folds):
        found_predictor = trained(setting, fold)
        model = degraded_model(series, found_predictor.model, fold, setting.seed)
        if model is found_predictor.model:
            accuracy[fold] = found_predictor.accuracy
        digests.append(state_digest(model))
        found = explain(model, pictures, labels, effort, seed=1000 * setting.seed + fold + 1)
        stacked = torch.stack([found[name] for name in MAPS])
        own = folds == fold
        if own.any():
            fidelity[:, own] = mu_fidelity(
                model,
                pictures[own],
                stacked[:, own],
                labels[own],
                subsets=given["subsets"],
                seed=given["seed"],
            )
        maps.append(stacked)
        right.append(predicted_classes(model, pictures) == data.labels[part])
    rows = [
        row
        for number, method in enumerate(MAPS)
        for row in _rows(
            torch.stack([each[number] for each in maps], dim=1),
            torch.stack(right, dim=1),
            folds,
            data.indices[part],
            {**asdict(series), "method": method},
            fidelity[number],
            accuracy,
        )
    ]
    frame = pd.DataFrame(rows)
    frame["image_name"] = [data.source.names[image] for image in frame["image"]]
    notes = {"unreadable": data.unreadable, "models_sha256": digests, "images": len(folds)}
    return Outcome(frame, notes)


def _rows(
    maps: Tensor,
    right: Tensor,
    folds: Tensor,
    images: Sequence[int],
    keys: dict[str, Any],
    fidelity: Tensor,
    accuracy: list[float],
) -> list[dict[str, Any]]:
    """A row per image of one method's maps `(N, K, H, W)`; `accuracy` has one value per fold."""
    distances = rank_distances(maps, folds)
    constant = is_constant(maps.flatten(0, 1)).reshape(maps.shape[:2]).sum(dim=1)
    return [
        {
            **keys,
            "image": images[place],
            "fold": int(folds[place]),
            "right": right[place].tolist(),
            "distances": distances[place].to(torch.float32).tolist(),
            "constant": int(constant[place]),
            "mu_fidelity": float(fidelity[place]),
            "accuracy": accuracy[int(folds[place])],
        }
        for place in range(len(folds))
    ]


EXPERIMENT = Experiment(
    name="mege_stability",
    title="Distances between explanations of cross-trained predictors, and their fidelity",
    version=3,
    profiles={
        "embedded": Parameters(),
        "reference": Parameters(
            **mege_accuracy.REFERENCE, n_images=300, subsets=200, slice_size=50
        ),
        "paper": Parameters(**mege_accuracy.PAPER, n_images=10000, subsets=200, slice_size=500),
    },
    split=tasks,
    compute=compute,
    recorded=COLUMNS,
    reads=only_images,
)
