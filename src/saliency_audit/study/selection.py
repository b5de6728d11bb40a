"""The images of a task: read, classified, and reduced to those that are explained."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from saliency_audit.attributions.engine import predict
from saliency_audit.attributions.targets import predicted_classes
from saliency_audit.datasets import (
    Images,
    image_seed,
    open_images,
    read_batch,
    shuffled_indices,
)
from saliency_audit.datasets.faceforensics import GENERATORS
from saliency_audit.datasets.images import UNLABELLED
from saliency_audit.datasets.standins import FAMILIES
from saliency_audit.errors import refuse_unknown
from saliency_audit.models import load_classifier, state_digest
from saliency_audit.models.catalog import FACE_NETWORKS, FAKE_DETECTORS
from saliency_audit.models.detectors import DETECTORS
from saliency_audit.study.provenance import default_device

# How the published weights of MesoNet call the generators that they are for.
MESO_GENERATORS = {"df": "deepfakes", "f2f": "face2face"}
# Image sets that networks trained here, restricted to their classes, or for one generator, are for.
OWN_IMAGES = {
    "digits_cnn": "digits",
    "shapes_cnn": "shapes",
    "normed_shapes_cnn": "shapes",
    "mnist_cnn": "mnist_test",
    **{
        f"{size}{architecture}_{family}": f"{size}standin_{family}"
        for size in ("small_", "")
        for architecture in (*FACE_NETWORKS, *DETECTORS)
        for family in FAMILIES
    },
    **{
        f"{architecture}_{generator}": generator
        for architecture in FAKE_DETECTORS
        for generator in GENERATORS
    },
    **{
        f"{architecture}_{ending}": generator
        for architecture in ("meso4", "mesoinception4")
        for ending, generator in MESO_GENERATORS.items()
    },
    "mobilenet_v2_tiny200": "tiny200_val",
    "efficientnet_lite0_tiny200": "tiny200_val",
    "resnet50_birds200": "birds200",
    "vgg19_birds200": "birds200",
    "googlenet_birds200": "birds200",
    "resnet50_places365": "places365",
}
# Which images are kept, by how they are classified.
KEEP = ("correctly", "wrongly", "both")
BATCH = 32


@dataclass(frozen=True)
class Selection:
    """The images of a slice that are explained: of its candidates, those classified as asked for.

    Attributes:
        model: the classifier, on the device of the pictures.
        source: the image set.
        pictures: `(N, C, H, W)` in [0, 1].
        targets: `(N,)` predicted classes, which are explained.
        labels: `(N,)` true classes.
        indices: position of each image in its set.
        confidence: `(N,)` softmax probability of the target.
        seeds: one per image, fixed by the study's seed and the image.
        notes: what became of the candidates, for the manifest.
    """

    model: nn.Module
    source: Images
    pictures: Tensor
    targets: Tensor
    labels: Tensor
    indices: tuple[int, ...]
    confidence: Tensor
    seeds: list[int]
    notes: Mapping[str, Any]

    @property
    def inputs(self) -> tuple[nn.Module, Tensor, Tensor]:
        """What a method explains: model, pictures and targets."""
        return self.model, self.pictures, self.targets

    @property
    def correct(self) -> Tensor:
        """`(N,)` bool: which images are classified correctly."""
        return self.targets == self.labels

    def only(self, kept: Tensor, **notes: Any) -> "Selection":
        """The selection reduced to some of its images.

        Args:
            kept: `(N,)` bool.
            notes: added to the others.
        """
        positions = kept.nonzero().flatten().tolist()
        here = kept.to(self.pictures.device)
        return replace(
            self,
            pictures=self.pictures[here],
            targets=self.targets[here],
            labels=self.labels[here],
            indices=tuple(self.indices[i] for i in positions),
            confidence=self.confidence[here],
            seeds=[self.seeds[i] for i in positions],
            notes={**self.notes, **notes, "used": len(positions)},
        )

    def first(self, count: int) -> "Selection":
        """The selection reduced to its first images, where it has more."""
        return self.only(torch.arange(len(self.indices)) < count)

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


def select(
    model: str, images: str, seed: int, first: int, last: int, keep: str = "correctly"
) -> Selection:
    """Candidates `first … last-1` of the image set in the order of the seed, read and classified.

    Args:
        model: classifier of the catalogue.
        images: image set of the catalogue.
        seed: of the order, and of what is drawn for an image.
        first: candidate.
        last: the one after the last candidate.
        keep: the images that are classified "correctly", "wrongly", or "both".

    Raises:
        MissingDataError: the images or the weights are not here.
        ValueError: anything else to keep, or a choice by classes that are not known.
    """
    refuse_unknown("kind of images to keep", keep, KEEP)
    device = default_device()
    source = open_images(images)
    if keep != "both" and UNLABELLED in source.labels:
        raise ValueError(
            f"{images} has pictures of which no class is known: none is classified {keep}"
        )
    order = shuffled_indices(source, seed)[first:last]
    batch = read_batch(source, order)
    network = load_classifier(model).to(device)
    pictures, labels = batch.images.to(device), batch.labels.to(device)
    targets = labels if keep == "correctly" else predicted_classes(network, pictures, BATCH)
    right, confidence = _classify(network, pictures, targets)
    correct = right & (targets == labels)
    candidates = Selection(
        model=network,
        source=source,
        pictures=pictures,
        targets=targets,
        labels=labels,
        indices=batch.indices,
        confidence=confidence,
        seeds=[image_seed(seed, index) for index in batch.indices],
        notes={
            "candidates": len(order),
            "unreadable": batch.unreadable,
            "misclassified": int((~correct & (labels != UNLABELLED)).sum()),
            "used": len(batch.indices),
            "model_sha256": state_digest(network),
        },
    )
    kept = {"correctly": correct, "wrongly": ~correct, "both": torch.ones_like(correct)}
    return candidates.only(kept[keep])


def select_task(given: Mapping[str, Any], keep: str = "correctly") -> Selection:
    """The images of a task: those of its slice, or its first `n_images`; see `select`."""
    first, last = (given["first"], given["last"]) if "first" in given else (0, given["n_images"])
    return select(given["model"], given["images"], given["seed"], first, last, keep)


def balanced(chosen: Selection) -> Selection:
    """As many wrongly as correctly classified images: the first of each, up to the fewer of them.

    Args:
        chosen: both kinds.
    """
    correct = chosen.correct
    count = torch.minimum(correct.sum(), (~correct).sum())
    place = torch.where(correct, correct.cumsum(dim=0), (~correct).cumsum(dim=0))
    return chosen.only(place <= count)


def _classify(model: nn.Module, pictures: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    if len(pictures) == 0:
        return labels.bool(), pictures.new_zeros(0)
    parts = zip(pictures.split(BATCH), labels.split(BATCH), strict=True)
    found = [predict(model, part, classes) for part, classes in parts]
    confidence, correct = (torch.cat(each) for each in zip(*found, strict=True))
    return correct, confidence
