"""The feature maps of a frozen classifier from which masks are generated."""

from collections.abc import Sequence
from contextlib import ExitStack
from itertools import pairwise

import torch
from torch import Tensor, nn

from saliency_audit.attributions.layers import outputs_of
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
    parts = dict(model.named_modules())
    with ExitStack() as watching:
        latest = [
            watching.enter_context(outputs_of(parts[name], model, f"layer {name!r}"))
            for name in layers
        ]
        answers = logits(model, images)
        maps = [output().to(images.dtype) for output in latest]
    for name, found in zip(layers, maps, strict=True):
        if found.ndim != 4:
            raise ValueError(
                f"layer {name!r} must return maps (N, K, h, w), got {tuple(found.shape)}"
            )
    _refuse_sizes(layers, maps)
    return answers, maps


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
