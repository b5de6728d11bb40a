"""The images of a task: read, classified, and reduced to those that the model gets right."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from saliency_audit.attributions.engine import predict
from saliency_audit.datasets import (
    Images,
    image_seed,
    open_images,
    read_batch,
    shuffled_indices,
)
from saliency_audit.models import load_classifier, state_digest
from saliency_audit.study.provenance import default_device

# Image sets that the networks trained here, or restricted to their classes, were made for.
OWN_IMAGES = {
    "digits_cnn": "digits",
    "shapes_cnn": "shapes",
    "mnist_cnn": "mnist_test",
    "mobilenet_v2_tiny200": "tiny200_val",
    "efficientnet_lite0_tiny200": "tiny200_val",
}


@dataclass(frozen=True)
class Selection:
    """The correctly classified images of one slice of candidates.

    Attributes:
        model: the classifier, on the device of the pictures.
        source: the image set.
        pictures: `(N, C, H, W)` in [0, 1].
        targets: `(N,)` true classes, which are also the predicted ones.
        indices: position of each image in its set.
        confidence: `(N,)` softmax probability of the target.
        seeds: one per image, fixed by the study's seed and the image.
        notes: what became of the candidates, for the manifest.
    """

    model: nn.Module
    source: Images
    pictures: Tensor
    targets: Tensor
    indices: tuple[int, ...]
    confidence: Tensor
    seeds: list[int]
    notes: Mapping[str, Any]

    @property
    def inputs(self) -> tuple[nn.Module, Tensor, Tensor]:
        """What a method explains: model, pictures and targets."""
        return self.model, self.pictures, self.targets

    def describe(self, position: int) -> dict[str, Any]:
        """Columns that every row about an image has."""
        index = self.indices[position]
        return {
            "image": index,
            "image_name": self.source.names[index],
            "target": int(self.targets[position]),
            "confidence": float(self.confidence[position]),
        }


def images_of(model: str, images: str | None) -> str:
    """The image set for a model: the one asked for, or the model's own.

    Raises:
        ValueError: no set was asked for and the model has none of its own.
    """
    if images is not None:
        return images
    if model not in OWN_IMAGES:
        raise ValueError(f"{model} has no image set of its own; name one with `images`")
    return OWN_IMAGES[model]


def select(model: str, images: str, seed: int, first: int, last: int) -> Selection:
    """Candidates `first … last-1` of the image set in the order of the seed, read and classified.

    Raises:
        MissingDataError: the images or the weights are not here.
    """
    device = default_device()
    source = open_images(images)
    order = shuffled_indices(source, seed)[first:last]
    batch = read_batch(source, order)
    network = load_classifier(model).to(device)
    pictures, labels = batch.images.to(device), batch.labels.to(device)
    correct, confidence = _classify(network, pictures, labels)
    chosen = tuple(
        index for index, right in zip(batch.indices, correct.tolist(), strict=True) if right
    )
    return Selection(
        model=network,
        source=source,
        pictures=pictures[correct],
        targets=labels[correct],
        indices=chosen,
        confidence=confidence[correct],
        seeds=[image_seed(seed, index) for index in chosen],
        notes={
            "candidates": len(order),
            "unreadable": batch.unreadable,
            "misclassified": int((~correct).sum()),
            "used": len(chosen),
            "model_sha256": state_digest(network),
        },
    )


def select_task(given: Mapping[str, Any]) -> Selection:
    """The images of a task: those of its slice, or its first `n_images`; see `select`."""
    first, last = (given["first"], given["last"]) if "first" in given else (0, given["n_images"])
    return select(given["model"], given["images"], given["seed"], first, last)


def _classify(model: nn.Module, pictures: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    if len(pictures) == 0:
        return labels.bool(), pictures.new_zeros(0)
    parts = zip(pictures.split(32), labels.split(32), strict=True)
    found = [predict(model, part, classes) for part, classes in parts]
    confidence, correct = (torch.cat(each) for each in zip(*found, strict=True))
    return correct, confidence
