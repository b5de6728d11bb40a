"""A trained relevance estimator: masks of one classifier's images in one pass."""

import copy
import hashlib
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from saliency_audit.attributions.relevance.generator import Design, MaskGenerator
from saliency_audit.attributions.relevance.pyramid import feature_maps
from saliency_audit.attributions.scores import validate_classes
from saliency_audit.digests import state_digest
from saliency_audit.files import refuse_place, replace


@dataclass(frozen=True, eq=False)
class RelevanceEstimator:
    """A mask generator with the classifier's layers that feed it.

    Two estimators are equal if they are the same object; `digest` tells weights apart.

    Attributes:
        generator: in evaluation mode.
        layers: names of the classifier's layers, from the largest maps to the smallest.
        classes: of the classifier.
        classifier: `digests.state_digest` of the network that it was trained for.
    """

    generator: MaskGenerator
    layers: tuple[str, ...]
    classes: int
    classifier: str

    def masks(self, model: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
        """Masks at the size of the largest maps: `(N, 1, h, w)` in [0, 1], in one pass.

        Arguments and errors are those of `scores`.
        """
        return self.generator.head(self.scores(model, images, targets))

    def scores(self, model: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
        """What the generator's head turns into masks: `(N, 1, h, w)`, or two channels.

        Args:
            model: the `frozen` classifier.
            images: `(N, C, H, W)`.
            targets: `(N,)` int64.

        Raises:
            ValueError: another number of classes than the estimator's, or layers that do not fit.
                Weights are not compared, so that a changed network can be explained too;
                `load_relevance_estimator` compares them.
        """
        answers, maps = feature_maps(model, images, self.layers)
        if answers.shape[1] != self.classes:
            raise ValueError(
                f"the model has {answers.shape[1]} classes, the estimator was trained for "
                f"{self.classes}: train one for this model (train_relevance_estimator)"
            )
        validate_classes(answers, targets)
        found = tuple(part.shape[1] for part in maps)
        if found != tuple(self.generator.channels):
            raise ValueError(
                f"layers {', '.join(self.layers)} have {found} channels here, and "
                f"{tuple(self.generator.channels)} in the model that the estimator was trained "
                "for: train one for this model (train_relevance_estimator)"
            )
        with torch.no_grad():
            return self._generator_for(images).scores(maps, targets)

    def _generator_for(self, images: Tensor) -> MaskGenerator:
        """The generator in the type and on the device of the pictures; the own one is not moved."""
        first = next(self.generator.parameters())
        if (first.dtype, first.device) == (images.dtype, images.device):
            return self.generator
        return copy.deepcopy(self.generator).to(images.device, images.dtype)

    @property
    def digest(self) -> str:
        """SHA-256 over the generator's weights and settings."""
        told = repr((described(self), state_digest(self.generator)))
        return hashlib.sha256(told.encode()).hexdigest()

    def save(self, path: Path) -> None:
        """Write it to a file, which appears whole or not at all.

        Raises:
            ValueError: the folder does not exist, or the path is one.
        """
        refuse_place(Path(path))
        content = io.BytesIO()
        torch.save({"estimator": described(self), "state": self.generator.state_dict()}, content)
        replace(Path(path), content.getvalue())


def described(estimator: RelevanceEstimator) -> dict[str, Any]:
    """All but the weights, in plain types."""
    generator = estimator.generator
    return {
        "design": asdict(generator.design),
        "channels": list(generator.channels),
        "layers": list(estimator.layers),
        "classes": estimator.classes,
        "classifier": estimator.classifier,
    }


def load_relevance_estimator(path: str | Path, model: nn.Module) -> RelevanceEstimator:
    """An estimator that `RelevanceEstimator.save` wrote.

    Args:
        path: the file.
        model: the classifier that it will explain.

    Raises:
        ValueError: the file is no estimator, or one of another classifier.
    """
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)
        about, state = stored["estimator"], stored["state"]
        with torch.random.fork_rng(devices=[]):
            generator = MaskGenerator(
                about["classes"], about["channels"], Design(**about["design"])
            )
        generator.load_state_dict(state)
    except FileNotFoundError:
        raise ValueError(f"there is no file {path}") from None
    except Exception as error:
        raise ValueError(
            f"{path} is no relevance estimator of this version ({type(error).__name__}); "
            "train it again, or to its end if this is the checkpoint of a training "
            "(train_relevance_estimator)"
        ) from error
    found = state_digest(model)
    if about["classifier"] != found:
        raise ValueError(
            f"{path} was trained for another classifier (weights {about['classifier'][:12]}, given "
            f"{found[:12]}): its layers mean something else here; train one for this model"
        )
    return RelevanceEstimator(
        generator.eval(), tuple(about["layers"]), about["classes"], about["classifier"]
    )


def untrained(
    model: nn.Module, images: Tensor, layers: Sequence[str], design: Design, seed: int
) -> RelevanceEstimator:
    """An estimator with random weights for a `frozen` classifier, in training mode.

    Args:
        model: the classifier.
        images: `(N, C, H, W)`, of which one shows the sizes of the layers' maps.
        layers: names, from the largest maps to the smallest.
        design: of the generator.
        seed: of the weights; the global random state is not changed.
    """
    answers, maps = feature_maps(model, images[:1], layers)
    classes, channels = answers.shape[1], [part.shape[1] for part in maps]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        generator = MaskGenerator(classes, channels, design)
    generator = generator.to(images.device, images.dtype)
    return RelevanceEstimator(generator, tuple(layers), classes, state_digest(model))
