"""IDGI-INS: insertion scores of a path method with the Riemann rule and with the IDGI rule."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd
import torch

from saliency_audit.attributions import IDGI, Path, Riemann, StraightPath, saliency, walk
from saliency_audit.attributions.reduction import REDUCTIONS
from saliency_audit.datasets import CATALOG, image_seed, open_images, read_batch, shuffled_indices
from saliency_audit.metrics import insertion_score
from saliency_audit.models import CLASSIFIERS, load_classifier, state_digest
from saliency_audit.study.experiment import Experiment, Outcome, Task
from saliency_audit.study.provenance import default_device

PATHS = {"ig": StraightPath}


@dataclass(frozen=True)
class Parameters:
    """Parameters of the experiment.

    `n_images` counts candidates: the first so many of the image set in the order of the seed. Only
    those that the model classifies correctly enter the rows, as in the paper.
    """

    models: tuple[str, ...] = ("digits_cnn",)
    images: str = "digits"
    n_images: int = 200
    paths: tuple[str, ...] = ("ig",)
    steps: int = 32
    reduction: str = "sum_abs"
    seed: int = 0
    slice_size: int = 100

    def __post_init__(self) -> None:
        unknown = [path for path in self.paths if path not in PATHS]
        if unknown:
            raise ValueError(f"unknown paths {unknown}; known: {', '.join(PATHS)}")
        unknown = [model for model in self.models if model not in CLASSIFIERS]
        if unknown:
            raise ValueError(f"unknown classifiers {unknown}; known: {', '.join(CLASSIFIERS)}")
        readable = [name for name, entry in CATALOG.items() if entry.opener]
        if self.images not in readable:
            raise ValueError(f"unknown image set {self.images!r}; known: {', '.join(readable)}")
        if self.reduction not in REDUCTIONS:
            raise ValueError(
                f"unknown reduction {self.reduction!r}; known: {', '.join(REDUCTIONS)}"
            )
        if self.steps < 2:
            raise ValueError(f"steps must be at least 2 (the path's two ends), got {self.steps}")
        if self.n_images < 1 or self.slice_size < 1:
            raise ValueError("n_images and slice_size must be at least 1")


def tasks(parameters: Parameters) -> Sequence[Task]:
    """One task per model, path and slice of images."""
    common = asdict(parameters)
    for name in ("models", "paths", "n_images", "slice_size"):
        del common[name]
    found = []
    for first in range(0, parameters.n_images, parameters.slice_size):
        last = min(first + parameters.slice_size, parameters.n_images)
        for model in parameters.models:
            for path in parameters.paths:
                found.append(
                    Task(
                        f"{model}-{path}-{first:05d}",
                        {**common, "model": model, "path": path, "first": first, "last": last},
                    )
                )
    return found


def compute(task: Task) -> Outcome:
    """Rows of one task: image × method × score."""
    given: dict[str, Any] = dict(task.parameters)
    device = default_device()
    images = open_images(given["images"])
    order = shuffled_indices(images, given["seed"])[given["first"] : given["last"]]
    batch = read_batch(images, order)
    model = load_classifier(given["model"]).to(device)
    pictures, labels = batch.images.to(device), batch.labels.to(device)
    correct, confidence = _classify(model, pictures, labels)
    pictures, targets = pictures[correct], labels[correct]
    chosen = [index for index, right in zip(batch.indices, correct.tolist(), strict=True) if right]
    path: Path = PATHS[given["path"]](given["steps"])
    maps = walk(
        model,
        pictures,
        targets,
        path=path,
        rules=[Riemann(), IDGI()],
        baselines=torch.zeros_like(pictures),
    )
    seeds = [image_seed(given["seed"], index) for index in chosen]
    rows = []
    for method, attribution in zip((given["path"], f"{given['path']}+idgi"), maps, strict=True):
        scores = insertion_score(
            model, pictures, saliency(attribution, given["reduction"]), targets, seeds=seeds
        )
        for position, index in enumerate(chosen):
            for score in ("probability", "ratio"):
                rows.append(
                    {
                        "model": given["model"],
                        "path": given["path"],
                        "method": method,
                        "steps": given["steps"],
                        "image": index,
                        "image_name": images.names[index],
                        "target": int(targets[position]),
                        "confidence": float(confidence[correct][position]),
                        "score": score,
                        "value": float(getattr(scores, score)[position]),
                    }
                )
    notes = {
        "candidates": len(order),
        "unreadable": batch.unreadable,
        "misclassified": int((~correct).sum()),
        "used": len(chosen),
        "model_sha256": state_digest(model),
    }
    return Outcome(pd.DataFrame(rows, columns=COLUMNS), notes)


COLUMNS = [
    "model",
    "path",
    "method",
    "steps",
    "image",
    "image_name",
    "target",
    "confidence",
    "score",
    "value",
]


@torch.no_grad()
def _classify(
    model: torch.nn.Module, pictures: torch.Tensor, labels: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    if len(pictures) == 0:
        return torch.zeros(0, dtype=torch.bool), torch.zeros(0)
    probabilities = torch.cat([model(part).softmax(dim=1) for part in pictures.split(32)])
    confidence = probabilities.gather(1, labels[:, None]).squeeze(1)
    return probabilities.argmax(dim=1) == labels, confidence


_PAPER_MODELS = (
    "densenet121",
    "densenet169",
    "densenet201",
    "inception_v3",
    "mobilenet_v2",
    "resnet50",
    "resnet101",
    "resnet152",
    "vgg16",
    "vgg19",
)

EXPERIMENT = Experiment(
    name="idgi_insertion",
    title="Insertion score of path methods with and without IDGI",
    version=1,
    parameters=Parameters,
    profiles={
        "embedded": {},
        "reference": {
            "models": ("squeezenet1_0", "mobilenet_v2"),
            "images": "imagenet_sample",
            "n_images": 360,
            "steps": 128,
            "slice_size": 20,
        },
        "paper": {
            "models": _PAPER_MODELS,
            "images": "imagenet_val",
            "n_images": 50000,
            "steps": 128,
            "slice_size": 100,
        },
    },
    tasks=tasks,
    compute=compute,
)
