"""The feature maps of a frozen classifier from which masks are generated."""

import threading
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from saliency_audit.attributions.scores import logits


def refuse_layers(model: nn.Module, layers: Sequence[str]) -> None:
    """Refuse names that are no layers of the model.

    Raises:
        ValueError: names those that are missing and how to list all.
    """
    if isinstance(layers, str) or len(layers) < 2:
        raise ValueError(
            f"name at least two layers, from the largest maps to the smallest, got {layers!r}"
        )
    known = dict(model.named_modules())
    if missing := [name for name in layers if name not in known or not name]:
        raise ValueError(
            f"the model has no layer {', '.join(map(repr, missing))}; model.named_modules() lists "
            "all layers"
        )


@torch.no_grad()
def feature_maps(
    model: nn.Module, images: Tensor, layers: Sequence[str]
) -> tuple[Tensor, list[Tensor]]:
    """Logits and the outputs of named layers, in one pass.

    Args:
        model: a `frozen` model.
        images: `(N, C, H, W)`.
        layers: names, from the largest maps to the smallest.

    Returns:
        logits `(N, classes)` and maps `(N, K, h, w)`, one for each layer.

    Raises:
        ValueError: a layer does not exist, does not run exactly once or has no maps as output, or
            the maps of one layer are not half as large as those of the layer before.
    """
    refuse_layers(model, layers)
    found: dict[str, list[Any]] = {name: [] for name in layers}
    thread = threading.get_ident()

    def start_over(module: nn.Module, given: Any) -> None:  # a second attempt (`logits`)
        if threading.get_ident() == thread:
            for outputs in found.values():
                outputs.clear()

    def keep(name: str) -> Any:
        def hook(module: nn.Module, given: Any, output: Any) -> None:
            if threading.get_ident() == thread:
                # A copy, since the next layer may work in place.
                found[name].append(output.clone() if isinstance(output, Tensor) else output)

        return hook

    parts = dict(model.named_modules())
    handles = [model.register_forward_pre_hook(start_over)]
    handles += [parts[name].register_forward_hook(keep(name)) for name in layers]
    try:
        answers = logits(model, images)
    finally:
        for handle in handles:
            handle.remove()
    for name, outputs in found.items():
        _refuse_output(name, outputs)
    maps = [outputs[0].to(images.dtype) for outputs in found.values()]
    _refuse_sizes(layers, maps)
    return answers, maps


def _refuse_output(name: str, outputs: Sequence[Any]) -> None:
    if len(outputs) != 1:
        raise ValueError(
            f"layer {name!r} ran {len(outputs)} times in one pass; name one that runs once"
        )
    if not isinstance(outputs[0], Tensor) or outputs[0].ndim != 4:
        shape = tuple(getattr(outputs[0], "shape", ())) or type(outputs[0]).__name__
        raise ValueError(f"layer {name!r} must return maps (N, K, h, w), got {shape}")


def halves(larger: int, smaller: int) -> bool:
    """Whether a side is half of another, rounded up or down."""
    return smaller in (larger // 2, (larger + 1) // 2)


def _refuse_sizes(layers: Sequence[str], maps: Sequence[Tensor]) -> None:
    sizes = [tuple(part.shape[2:]) for part in maps]
    for larger, smaller in pairwise(sizes):
        if not all(map(halves, larger, smaller)):
            shown = ", ".join(
                f"{name} {size[0]}×{size[1]}" for name, size in zip(layers, sizes, strict=True)
            )
            raise ValueError(
                "each layer's maps must be half as large as those of the layer before, got "
                f"{shown}; name the last layer of every size"
            )
