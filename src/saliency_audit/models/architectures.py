"""Networks by name for cross-training, for any number of classes and channels."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from saliency_audit.models.lipschitz import constrained, lipschitz_cnn, plain_weights
from saliency_audit.models.normalized import IMAGENET_MEAN, IMAGENET_STD, Normalized
from saliency_audit.models.resnet import ResNet18
from saliency_audit.models.small import DigitsCNN

KNOWN = "small, resnet18-FILTERS, lipschitz-FILTERS, resnet50"
_NAME = re.compile(r"(?P<kind>resnet18|lipschitz)-(?P<filters>[1-9]\d*)")


@dataclass(frozen=True)
class Architecture:
    """An untrained network in the form used for training and the form used afterwards.

    Attributes:
        plain: builds the network in its final form, from pixels in [0, 1] to logits.
        trainable: builds the form that is trained.
        weights: from the trained form to the state dict of the plain one.
    """

    plain: Callable[[], nn.Module]
    trainable: Callable[[], nn.Module]
    weights: Callable[[nn.Module], dict[str, Tensor]]


def architecture(name: str, classes: int, channels: int, side: int, dropout: float) -> Architecture:
    """A network by its name.

    Args:
        name: "small" (two convolutions, 8×8 grey digits), "resnet18-32" (any number of filters in
            the first convolution), "lipschitz-48" (the same; Table 4 of the MeGe/ReCo paper) or
            "resnet50" (torchvision's, for colour pictures of ImageNet's size).
        classes: number of classes.
        channels: of the pictures.
        side: of the pictures.
        dropout: of a ResNet-18; fixed for the others.

    Raises:
        ValueError: unknown name, or pictures of a size or type that the network cannot take.
    """
    validate_architecture(name)
    if name == "small":
        if (classes, channels, side) != (10, 1, 8):
            raise ValueError(
                f"'small' takes 10 classes of 1×8×8 pictures, got {classes} of "
                f"{channels}×{side}×{side}"
            )
        return _one_form(DigitsCNN)
    if name == "resnet50":
        if channels != 3:
            raise ValueError(f"'resnet50' takes colour pictures, got {channels} channels")
        return _one_form(lambda: _resnet50(classes))
    found = _NAME.fullmatch(name)
    assert found is not None
    filters = int(found["filters"])
    if found["kind"] == "resnet18":
        spread = (0.25,) * channels
        return _one_form(
            lambda: Normalized(
                ResNet18(classes, channels, filters, dropout), _middle(channels), spread
            )
        )

    def centred(network: nn.Module) -> nn.Module:
        # Shifted but not scaled, which keeps distances and thus the Lipschitz constant.
        return Normalized(network, _middle(channels), (1.0,) * channels)

    def plain() -> nn.Sequential:
        return lipschitz_cnn(classes, channels, side, filters)

    def weights(trained: nn.Module) -> dict[str, Tensor]:
        assert isinstance(trained, Normalized)
        assert isinstance(trained.model, nn.Sequential)
        model = plain()
        model.load_state_dict(plain_weights(trained.model.cpu()))
        return centred(model).state_dict()

    return Architecture(
        plain=lambda: centred(plain()),
        trainable=lambda: centred(constrained(plain())),
        weights=weights,
    )


def is_constrained(name: str) -> bool:
    """Whether an architecture has Lipschitz constant 1."""
    return name.startswith("lipschitz")


def validate_architecture(name: str) -> None:
    """Refuse an unknown name.

    Raises:
        ValueError: names the known ones.
    """
    if name not in ("small", "resnet50") and not _NAME.fullmatch(name):
        raise ValueError(f"unknown architecture {name!r}; known: {KNOWN}")


def _resnet50(classes: int) -> nn.Module:
    from torchvision.models import resnet50  # slow to import

    return Normalized(resnet50(num_classes=classes), IMAGENET_MEAN, IMAGENET_STD)


def _one_form(build: Callable[[], nn.Module]) -> Architecture:
    return Architecture(build, build, lambda trained: trained.cpu().state_dict())


def _middle(channels: int) -> tuple[float, ...]:
    return (0.5,) * channels


def load_plain(found: Architecture, state: dict[str, Tensor]) -> nn.Module:
    """The network in its final form, in evaluation mode; the global random state is not changed."""
    with torch.random.fork_rng(devices=[]):
        model = found.plain()
    model.load_state_dict(state)
    return model.eval()
