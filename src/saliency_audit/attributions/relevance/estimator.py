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
from saliency_audit.digests import known_digest, precisions, state_digest
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
        rounded: digests of the same network in narrower floating types.
    """

    generator: MaskGenerator
    layers: tuple[str, ...]
    classes: int
    classifier: str
    rounded: frozenset[str]

    def masks(
        self, model: nn.Module, images: Tensor, targets: Tensor, *, check_classifier: bool = True
    ) -> Tensor:
        """Masks at the size of the largest maps: `(N, 1, h, w)` in [0, 1], in one pass.

        Arguments and errors are those of `scores`.
        """
        found = self.scores(model, images, targets, check_classifier=check_classifier)
        return self.generator.head(found)

    def scores(
        self, model: nn.Module, images: Tensor, targets: Tensor, *, check_classifier: bool = True
    ) -> Tensor:
        """What the generator's head turns into masks: `(N, 1, h, w)`, or two channels.

        Args:
            model: the `frozen` classifier.
            images: `(N, C, H, W)`.
            targets: `(N,)` int64.
            check_classifier: whether weights must be those that the estimator was trained for; in
                any floating type.

        Raises:
            ValueError: another number of classes than the estimator's, layers that do not fit, or
                other weights.
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
        if check_classifier:
            self._refuse_other(model)
        with torch.no_grad():
            return self._generator_for(images).scores(maps, targets)

    def _refuse_other(self, model: nn.Module) -> None:
        found = known_digest(model)
        if found in (self.classifier, *self.rounded) or _widened(model, self.classifier):
            return
        raise ValueError(
            "the model has other weights than the one that the estimator was trained for "
            f"({found[:12]}, not {self.classifier[:12]}), and its layers may mean something else: "
            "train one for this model (train_relevance_estimator); to explain a changed copy of "
            "that network on purpose, fine-tuned or randomised, give check_classifier=False"
        )

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


NARROW = (torch.float32, torch.float16, torch.bfloat16)


def _rounded(model: nn.Module) -> frozenset[str]:
    """Digests of a network in narrower floating types, from which its own cannot be told."""
    return frozenset(state_digest(model, kind) for kind in NARROW if kind.itemsize < _width(model))


def _widened(model: nn.Module, classifier: str) -> bool:
    """Whether a network is the classifier in a wider floating type, in which no value changes."""
    narrower = (kind for kind in NARROW if kind.itemsize < _width(model))
    return any(known_digest(model, kind) == classifier for kind in narrower)


def _width(model: nn.Module) -> int:
    """Bytes of the widest floating type in it."""
    return max((kind.itemsize for kind in precisions(model)), default=0)


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
    found = known_digest(model)
    if about["classifier"] != found and not _widened(model, about["classifier"]):
        raise ValueError(
            f"{path} was trained for another classifier (weights {about['classifier'][:12]}, given "
            f"{found[:12]}): its layers mean something else here; train one for this model"
        )
    return RelevanceEstimator(
        generator.eval(),
        tuple(about["layers"]),
        about["classes"],
        about["classifier"],
        _rounded(model),
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
    return RelevanceEstimator(
        generator, tuple(layers), classes, known_digest(model), _rounded(model)
    )
