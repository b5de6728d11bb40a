"""What a model may answer, for those that explain it and those that train it."""

from typing import Any

from torch import Tensor


def validated_answers(found: Any, count: int) -> Tensor:
    """What a model returned, refused unless it is `(N, classes)` and floating point.

    One number per image without an axis of its own, `(N,)`, is refused too: K numbers for K images
    could as well be those of K classes, of a model that takes means over the batch.

    Args:
        found: anything.
        count: number of images.

    Raises:
        ValueError: says what it is, and where the logits may be.
    """
    if not isinstance(found, Tensor) or found.ndim != 2 or len(found) != count:
        raise ValueError(
            f"the model must return logits of shape ({count}, classes), got {_shown(found, count)}"
        )
    if not found.is_floating_point():
        raise ValueError(
            f"the model must return logits, got {found.dtype}: classes cannot be explained"
        )
    return found


def _shown(found: object, count: int) -> str:
    """What a model returned, with the remedy where the logits are a part of it."""
    if isinstance(found, Tensor):
        shape = tuple(found.shape)
        if found.ndim > 1 or found.numel() != count:
            return str(shape)
        return (
            f"{shape}; a network with one output must return ({count}, 1): leave out the squeeze() "
            "or flatten(0) at its end, or give torch.nn.Sequential(model, torch.nn.Unflatten(0, "
            "(-1, 1)))"
        )
    kind = type(found).__name__
    if isinstance(getattr(found, "logits", None), Tensor):
        return f"{kind}; give a function: lambda images: model(images).logits"
    if isinstance(found, dict | tuple | list):
        return f"{kind}; give a function that picks the logits: lambda images: model(images)[…]"
    return kind
