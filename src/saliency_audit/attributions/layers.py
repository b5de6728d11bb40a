"""Finding the layer of a network that an explanation uses."""

import threading
from typing import Any

import torch
from torch import Tensor, nn

from saliency_audit.attributions.scores import logits


def find_layer(model: nn.Module, name: str | None, inputs: Tensor) -> nn.Module:
    """The layer of this name, or the last 2-D convolution that runs.

    "Last" refers to the order of execution, not of definition; one image is passed through the
    model to determine it.

    Args:
        model: a `frozen` model.
        name: as in `model.named_modules()`; None for the last convolution.
        inputs: `(N, C, H, W)`, N ≥ 1.

    Raises:
        ValueError: no layer of this name, or no convolution.
    """
    if name is None:
        return _last_convolution(model, inputs)
    layers = dict(model.named_modules())
    if name not in layers or not name:
        known = [key for key, layer in layers.items() if isinstance(layer, nn.Conv2d)]
        shown = ", ".join(known[-5:]) or "none"
        raise ValueError(
            f"the model has no layer {name!r}; its last convolutions: {shown}; "
            "model.named_modules() lists all layers"
        )
    return layers[name]


def _last_convolution(model: nn.Module, inputs: Tensor) -> nn.Module:
    ran: list[nn.Module] = []

    thread = threading.get_ident()

    def note(layer: nn.Module, given: Any, found: Any) -> None:
        if threading.get_ident() == thread:
            ran.append(layer)

    convolutions = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d)]
    handles = [layer.register_forward_hook(note) for layer in convolutions]
    try:
        with torch.no_grad():
            logits(model, inputs[:1])
    finally:
        for handle in handles:
            handle.remove()
    if not ran:
        raise ValueError(
            "no 2-D convolution runs in this model, so there are no feature maps to weigh; "
            "name another layer whose output is (N, C, H, W), or use another method"
        )
    return ran[-1]
