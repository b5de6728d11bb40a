"""Accuracy of every predictor of the MeGe/ReCo study on the fold that it has not seen."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from saliency_audit.models import state_digest
from saliency_audit.models.cross_training import folded_images
from saliency_audit.models.training import predicted_classes
from saliency_audit.study.columns import Column
from saliency_audit.study.experiment import Experiment, Outcome, Task
from saliency_audit.study.inputs import only_images
from saliency_audit.study.predictors import (
    Trained,
    degraded_model,
    series_in,
    series_of,
    shared_settings,
    trained,
)
from saliency_audit.study.shared_columns import SERIES

COLUMNS = (
    *SERIES,
    Column("fold", "integer", "", "the one that the predictor did not see"),
    Column("correct", "integer", "images", "of that fold that are classified correctly"),
    Column("held_out", "integer", "images", "in that fold"),
    Column("seen", "integer", "images", "that the predictor was trained on"),
)


@dataclass(frozen=True)
class Parameters(Trained):
    """Parameters of the experiment; see `Trained`."""


def tasks(parameters: Parameters) -> Sequence[Task]:
    """One task per series of predictors."""
    common = shared_settings(parameters)
    return [Task(series.name, {**asdict(series), **common}) for series in series_of(parameters)]


def compute(task: Task) -> Outcome:
    """Rows of one series: one per fold."""
    series, setting = series_in(task)
    data = folded_images(setting.images, setting.n_images, setting.folds, setting.seed)
    rows, digests = [], []
    for fold in range(setting.folds):
        model = degraded_model(series, trained(setting, fold).model, fold, setting.seed)
        own = data.folds == fold
        answers = predicted_classes(model, data.pictures[own])
        rows.append(
            {
                **asdict(series),
                "fold": fold,
                "correct": int((answers == data.labels[own]).sum()),
                "held_out": int(own.sum()),
                "seen": int((~own).sum()),
            }
        )
        digests.append(state_digest(model))
    notes = {"unreadable": data.unreadable, "models_sha256": digests}
    return Outcome(pd.DataFrame(rows), notes)


# The predictors of both experiments, of sizes that two cores can train in hours.
REFERENCE: dict[str, Any] = {
    "predictors": (
        "cifar10_train:resnet18-8",
        "cifar10_train:lipschitz-24",
        "fashion_mnist_train:resnet18-8",
    ),
    "degraded": ("cifar10_train:resnet18-8", "fashion_mnist_train:resnet18-8"),
    "n_train": 20000,
    "epochs": 10,
}
# The paper's own predictors. The training pictures are kept in memory: 39 GB for ImageNet-50.
PAPER: dict[str, Any] = {
    "predictors": (
        "cifar10_train:resnet18-32",
        "cifar10_train:lipschitz-48",
        "fashion_mnist_train:resnet18-26",
        "eurosat:resnet18-46",
        "imagenet50_train:resnet50",
    ),
    "degraded": (
        "cifar10_train:resnet18-32",
        "fashion_mnist_train:resnet18-26",
        "eurosat:resnet18-46",
        "imagenet50_train:resnet50",
    ),
    "n_train": None,
    "epochs": 60,
}

EXPERIMENT = Experiment(
    name="mege_accuracy",
    title="Accuracy of cross-trained predictors, sound and degraded",
    version=2,
    profiles={
        "embedded": Parameters(),
        "reference": Parameters(**REFERENCE),
        "paper": Parameters(**PAPER),
    },
    split=tasks,
    compute=compute,
    recorded=COLUMNS,
    reads=only_images,
)
