"""How accurate the explained classifiers are on pictures of several sizes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd
from torch import Tensor, nn

from saliency_audit.attributions.engine import predict
from saliency_audit.datasets import open_images, read_batch, shuffled_indices
from saliency_audit.models import load_classifier, state_digest
from saliency_audit.study.columns import Column, names
from saliency_audit.study.experiment import Experiment, Outcome, Task
from saliency_audit.study.image_parameters import SliceParameters
from saliency_audit.study.provenance import default_device
from saliency_audit.study.shared_columns import shared
from saliency_audit.study.slices import network_tasks

BATCH = 32
COLUMNS = (
    *shared("model", "images"),
    Column("side", "integer", "pixels", "of the pictures, which are square"),
    *shared("image", "image_name"),
    Column("true_class", "integer", "", "class of the image"),
    Column("correct", "integer", "0 or 1", "whether the network's answer is that class"),
    Column("true_probability", "number", "probability", "softmax probability of that class"),
)


@dataclass(frozen=True)
class Parameters(SliceParameters):
    """Parameters of the experiment; the same images are classified at each of `sides`."""

    models: tuple[str, ...] = ("normed_shapes_cnn",)
    n_images: int = 400
    sides: tuple[int, ...] = (48, 64, 96)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.sides or min(self.sides) < 1:
            raise ValueError(f"sides must be whole numbers of pixels, got {self.sides!r}")


def compute(task: Task) -> Outcome:
    """Rows of one task: side × image."""
    given = task.parameters
    device = default_device()
    model = load_classifier(given["model"]).to(device)
    unreadable: tuple[str, ...] = ()
    rows: list[dict[str, Any]] = []
    for side in given["sides"]:
        source = open_images(given["images"], side)
        batch = read_batch(source, shuffled_indices(source, given["seed"])[slice(*_ends(given))])
        unreadable = batch.unreadable
        answers = _answers(model, batch.images.to(device), batch.labels.to(device))
        about = zip(batch.indices, batch.labels.tolist(), answers, strict=True)
        for index, label, (probability, correct) in about:
            rows.append(
                {
                    "model": given["model"],
                    "images": given["images"],
                    "side": side,
                    "image": index,
                    "image_name": source.names[index],
                    "true_class": label,
                    "correct": int(correct),
                    "true_probability": probability,
                }
            )
    notes = {"unreadable": unreadable, "model_sha256": state_digest(model)}
    return Outcome(pd.DataFrame(rows, columns=names(COLUMNS)), notes)


def _ends(given: Any) -> tuple[int, int]:
    return given["first"], given["last"]


def _answers(model: nn.Module, pictures: Tensor, labels: Tensor) -> Iterator[tuple[float, bool]]:
    for part, classes in zip(pictures.split(BATCH), labels.split(BATCH), strict=True):
        found = predict(model, part, classes)
        yield from zip(*(values.tolist() for values in found), strict=True)


EXPERIMENT = Experiment(
    name="dre_sides",
    title="Accuracy of the explained classifiers by the side of the pictures",
    version=1,
    profiles={
        "embedded": Parameters(),
        "reference": Parameters(
            models=("mobilenet_v2_tiny200", "efficientnet_lite0_tiny200"),
            n_images=1000,
            sides=(64, 96, 112, 128),
        ),
        "paper": Parameters(
            models=("resnet50", "vgg19", "googlenet"),
            images="imagenet_val",
            n_images=50000,
            sides=(128, 160, 192, 224),
        ),
    },
    split=network_tasks,
    compute=compute,
    recorded=COLUMNS,
)
