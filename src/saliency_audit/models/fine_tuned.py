"""Networks of torchvision with another last layer, whose weights a user gives as a file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from saliency_audit.datasets import MissingDataError
from saliency_audit.models.normalized import IMAGENET_MEAN, IMAGENET_STD, Normalized

# Auxiliary heads are of use in training alone. Its weights expect pixels in [-1, 1]; the network
# itself converts from ImageNet's normalisation.
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "googlenet": {"aux_logits": False, "transform_input": True, "init_weights": False}
}


def fine_tuned(name: str, architecture: str, classes: int, path: Path) -> nn.Module:
    """A network in evaluation mode: `(N, 3, H, W)` in [0, 1] -> `(N, classes)` logits.

    The file is a state dict of torchvision's network, trained on pictures with ImageNet's
    normalisation. It may lie under "state_dict", as checkpoints of training scripts have it, and
    its names may begin with "module.", as those of networks trained on several GPUs do. Auxiliary
    heads are ignored.

    Args:
        name: of the classifier, for messages.
        architecture: its name in torchvision.
        classes: of the last layer.
        path: of the file.

    Raises:
        MissingDataError: there is no file.
        ValueError: the file is no state dict of this network with so many classes.
    """
    from torchvision.models import get_model  # slow to import

    if not path.is_file():
        raise MissingDataError(
            f"weights of {name!r} are not in {path}, and nobody publishes them under this name. "
            f"Train torchvision's {architecture} with {classes} classes and put its state dict "
            "there, or set SALIENCY_DATA to a data root that has it."
        )
    state = {
        key: value for key, value in _state(path).items() if not key.startswith(("aux1.", "aux2."))
    }
    with torch.random.fork_rng(devices=[]):
        network = get_model(
            architecture, weights=None, num_classes=classes, **OPTIONS.get(architecture, {})
        )
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise ValueError(
            f"{path} does not fit torchvision's {architecture} with {classes} classes: {error}"
        ) from None
    return Normalized(network, IMAGENET_MEAN, IMAGENET_STD).eval()


def _state(path: Path) -> dict[str, Any]:
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ValueError(f"{path} holds no weights that torch reads safely: {error}") from None
    place = ""
    if isinstance(stored, Mapping) and "state_dict" in stored:
        stored, place = stored["state_dict"], " under 'state_dict'"
    if not isinstance(stored, Mapping):
        raise ValueError(f"{path} holds {type(stored).__name__}{place}, no state dict")
    return {str(key).removeprefix("module."): value for key, value in stored.items()}
