"""How long it takes to train DRE and MGnet: processor time of both stages."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from saliency_audit.attributions.relevance import train_relevance_estimator
from saliency_audit.models import load_classifier, state_digest
from saliency_audit.study.columns import Column, names
from saliency_audit.study.estimators import (
    Setting,
    dre_setting,
    layers_of,
    mgnet_setting,
    training_pictures,
)
from saliency_audit.study.experiment import Experiment, Outcome, Task
from saliency_audit.study.image_rows import Given
from saliency_audit.study.inputs import Inputs, named_inputs
from saliency_audit.study.provenance import default_device
from saliency_audit.study.shared_columns import shared
from saliency_audit.study.timing import device_name
from saliency_audit.study.validation import validate_counts, validate_models

COLUMNS = (
    *shared("model", "method"),
    Column("stage", "text", "", "filter: of the spatial filter; masks: of the whole generator"),
    Column("repeat", "integer", "", "which of the repeats, from 0; also the training's seed"),
    Column("pictures", "integer", "pictures", "that it is trained on"),
    Column("side", "integer", "pixels", "of the pictures"),
    Column("batch_size", "integer", "pictures", "of a step"),
    Column("passes", "integer", "passes", "over the pictures"),
    Column("seconds", "number", "s", "of processor time, of all threads together"),
    *shared("device"),
)
KINDS: dict[str, Callable[[Setting], Setting]] = {
    "dre": lambda setting: setting,
    "mgnet": mgnet_setting,
}


@dataclass(frozen=True)
class Parameters:
    """Parameters of the experiment.

    Attributes:
        models: classifiers, for each of which both methods are trained.
        n_train: pictures, few: time grows with their number.
        repeats: trainings that are timed.
    """

    models: tuple[str, ...] = ("shapes_cnn", "normed_shapes_cnn")
    n_train: int = 512
    repeats: int = 3

    def __post_init__(self) -> None:
        validate_models(self.models, "shapes")
        validate_counts(n_train=self.n_train, repeats=self.repeats)


def split(parameters: Parameters) -> list[Task]:
    """A task per network."""
    given = {"n_train": parameters.n_train, "repeats": parameters.repeats}
    return [Task(model, {"model": model, **given}) for model in parameters.models]


def reads(given: Given) -> Inputs:
    """What a task reads: always pictures to train on, too."""
    return named_inputs(given, training=[(given["model"], given["n_train"])])


def compute(task: Task) -> Outcome:
    """Rows of one task: method × repeat × stage."""
    given, device = task.parameters, default_device()
    model = load_classifier(given["model"]).to(device)
    pictures = training_pictures(given["model"], given["n_train"])
    first = pictures[0][None].to(device)
    layers = layers_of(given["model"], model, first)
    rows: list[dict[str, Any]] = []
    # What is done once in a process, such as loading kernels, is done before.
    train_relevance_estimator(model, layers, [pictures[0], pictures[1]])
    for repeat in range(given["repeats"]):
        plain = dre_setting(given["model"], given["n_train"], 1, 1, repeat)
        for method, kind in KINDS.items():
            setting = kind(plain)
            taken = _timed(partial(train_relevance_estimator, model, layers, pictures), setting)
            sizes = {"filter": setting.plan.filter_batch_size, "masks": setting.plan.batch_size}
            rows += [
                {
                    "model": given["model"],
                    "method": method,
                    "stage": stage,
                    "repeat": repeat,
                    "pictures": given["n_train"],
                    "side": first.shape[-1],
                    "batch_size": sizes[stage],
                    "passes": 1,
                    "seconds": seconds,
                    "device": device_name(device),
                }
                for stage, seconds in taken.items()
            ]
    notes = {"model_sha256": state_digest(model)}
    return Outcome(pd.DataFrame(rows, columns=names(COLUMNS)), notes)


def _timed(train: Callable[..., Any], setting: Setting) -> dict[str, float]:
    """Seconds of processor time by stage."""
    ends = {"": time.process_time()}

    def tell(stage: str, *more: float) -> None:
        ends[stage] = time.process_time()

    train(design=setting.design, objective=setting.objective, plan=setting.plan, progress=tell)
    times = list(ends.values())
    return dict(zip(list(ends)[1:], np.diff(times).tolist(), strict=True))


EXPERIMENT = Experiment(
    name="dre_training",
    title="Processor time of training DRE and MGnet, stage by stage",
    version=1,
    profiles={
        "embedded": Parameters(),
        "reference": Parameters(
            models=("shapes_cnn", "mobilenet_v2_tiny200", "efficientnet_lite0_tiny200"),
            n_train=256,
        ),
        "paper": Parameters(models=("resnet50", "vgg19", "googlenet"), n_train=10000),
    },
    split=split,
    compute=compute,
    recorded=COLUMNS,
    reads=reads,
)
