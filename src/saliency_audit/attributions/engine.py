"""The only code that touches autograd: scores and their input gradients, batch by batch."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from saliency_audit.attributions.scores import class_scores, logits, validate_classes

# Pixels per batch at which passes are near their best rate. On a CPU that is 8 images of 224×224
# for forward and backward, and 4 for forward only: larger activations are fetched from the system
# page by page every time. A GPU needs more work at once.
PIXELS_PER_BATCH = {"cpu": 8 * 224 * 224, "cuda": 128 * 224 * 224}
PIXELS_PER_FORWARD_BATCH = {"cpu": 4 * 224 * 224, "cuda": 256 * 224 * 224}

Result = TypeVar("Result")


@contextmanager
def frozen(model: nn.Module) -> Iterator[nn.Module]:
    """The model in evaluation mode without parameter gradients; everything is restored afterwards.

    Freezing saves computing weight gradients. Training flags (per module) and `requires_grad` (per
    parameter) are restored, also after an exception. If several threads explain one model, they are
    restored when the last one is done.

    Raises:
        ValueError: the model is a plain function: it has no state that could be restored.
    """
    if not isinstance(model, nn.Module):
        raise ValueError(
            f"the model must be a torch.nn.Module, got {type(model).__name__}; call the function "
            "in the `forward` of one"
        )
    with _HOLDING:
        if model not in _HELD:
            _HELD[model] = _Held(model)
        held = _HELD[model]
        held.holders += 1
        model.eval()
        for parameter in model.parameters():
            parameter.requires_grad_(False)
    try:
        yield model
    finally:
        with _HOLDING:
            held.holders -= 1
            if held.holders == 0:
                del _HELD[model]
                held.restore()


class _Held:
    """The flags of a model as they were found, and how many blocks keep it frozen."""

    def __init__(self, model: nn.Module) -> None:
        self.holders = 0
        self.training = [(module, module.training) for module in model.modules()]
        self.trainable = [(part, part.requires_grad) for part in model.parameters()]

    def restore(self) -> None:
        for parameter, flag in self.trainable:
            parameter.requires_grad_(flag)
        for module, flag in self.training:
            module.training = flag


_HELD: dict[nn.Module, _Held] = {}
_HOLDING = threading.Lock()


def score_and_gradient(
    model: nn.Module, points: Tensor, targets: Tensor, output: str
) -> tuple[Tensor, Tensor]:
    """Class score of each point and its gradient with respect to the point, in one pass.

    Args:
        model: a `frozen` model.
        points: `(B, C, H, W)`.
        targets: `(B,)`.
        output: see `class_scores`.

    Returns:
        scores `(B,)` and gradients `(B, C, H, W)`, detached.

    Raises:
        ValueError: the model's output does not depend on its input through autograd, or scores or
            gradients are NaN or infinite.
    """
    points = points.detach().contiguous(memory_format=torch.channels_last).requires_grad_(True)
    with torch.enable_grad():
        scores = class_scores(model, points, targets, output)
        if not scores.requires_grad:
            raise ValueError(
                "the model's output has no gradient: it detaches its input or switches autograd off"
            )
        # The sum has one graph root; each point only reaches its own score.
        (gradients,) = torch.autograd.grad(scores.sum(), points)
    scores = scores.detach()
    _refuse_non_finite("scores", scores)
    _refuse_non_finite("gradients", gradients)
    return scores, gradients


def score_and_gradient_along(
    model: nn.Module, points: Tensor, targets: Tensor, output: str
) -> tuple[Tensor, Tensor]:
    """The same for several points of each image's path, in one pass.

    Args:
        model: a `frozen` model.
        points: `(N, P, C, H, W)`.
        targets: `(N,)`.
        output: see `class_scores`.

    Returns:
        scores `(N, P)` and gradients `(N, P, C, H, W)`, detached.

    Raises:
        ValueError: as above.
    """
    repeated = targets.repeat_interleave(points.shape[1])
    scores, gradients = score_and_gradient(model, points.flatten(0, 1), repeated, output)
    return scores.reshape(points.shape[:2]), gradients.reshape(points.shape)


def score_and_activation_gradient(
    model: nn.Module, layer: nn.Module, points: Tensor, targets: Tensor, output: str
) -> tuple[Tensor, Tensor, Tensor]:
    """Class score, a layer's output, and the score's gradient with respect to it, in one pass.

    The backward pass ends at the layer.

    Args:
        model: a `frozen` model.
        layer: one of its modules.
        points: `(B, C, H, W)`.
        targets: `(B,)`.
        output: see `class_scores`.

    Returns:
        scores `(B,)`, activations and gradients `(B, K, h, w)`, detached.

    Raises:
        ValueError: the layer does not run exactly once, its output is not `(B, K, h, w)` or does
            not affect the score, or scores or gradients are NaN or infinite.
    """
    taken: list[Tensor] = []

    def cut(module: nn.Module, given: Any, found: Any) -> Tensor:
        if not isinstance(found, Tensor) or found.ndim != 4:
            shape = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
            raise ValueError(f"the layer's output must have shape (N, C, h, w), got {shape}")
        taken.append(found.detach().requires_grad_(True))
        # Later layers may work in place, so they get a copy.
        return taken[-1].clone()

    # A second attempt of the same pass starts over (`logits`).
    handles = [
        model.register_forward_pre_hook(lambda module, given: taken.clear()),
        layer.register_forward_hook(cut),
    ]
    try:
        with torch.enable_grad():
            scores = class_scores(model, points.detach(), targets, output)
            total = scores.sum()
    finally:
        for handle in handles:
            handle.remove()
    if len(taken) != 1:
        raise ValueError(
            f"the layer ran {len(taken)} times in one pass of the model; name one that runs once"
        )
    if not total.requires_grad:
        raise ValueError("the model's output does not depend on the layer; name another one")
    (gradients,) = torch.autograd.grad(total, taken)
    scores = scores.detach()
    _refuse_non_finite("scores", scores)
    _refuse_non_finite("gradients", gradients)
    return scores, taken[0].detach(), gradients


@torch.no_grad()
def score(model: nn.Module, points: Tensor, targets: Tensor, output: str) -> Tensor:
    """Class score of each point without its gradient: `(B,)`; arguments as above.

    Raises:
        ValueError: a score is NaN or infinite.
    """
    scores = class_scores(model, points, targets, output)
    _refuse_non_finite("scores", scores)
    return scores


@torch.no_grad()
def predict(model: nn.Module, images: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Softmax probability of each target, and whether it is the top class: `(B,)` twice.

    Raises:
        ValueError: malformed model output, targets that are not classes of the model, NaN or
            infinite output.
    """
    found = logits(model, images)
    validate_classes(found, targets, softmax=True)
    _refuse_non_finite("scores", found)
    probabilities = found.softmax(dim=1).gather(1, targets[:, None]).squeeze(1)
    return probabilities, found.argmax(dim=1) == targets


def _refuse_non_finite(name: str, values: Tensor) -> None:
    """Refuse NaN and infinite values `(B, …)`, which would otherwise reach the maps."""
    # The sum is one cheap pass; each value is examined only if it is not finite (it may overflow).
    if torch.isfinite(values.sum()):
        return
    bad = (~torch.isfinite(values)).reshape(len(values), -1).any(dim=1)
    if bad.any():
        raise ValueError(
            f"the model's {name} are NaN or infinite at {int(bad.sum())} of {len(bad)} points; "
            f"look in it for a division by zero, a root or logarithm of zero, or an overflow"
        )


def resolve_batch_size(batch_size: int | str, inputs: Tensor, *, gradients: bool = True) -> int:
    """Number of points evaluated at once.

    Args:
        batch_size: a positive number, or "auto" for a size that suits the device.
        inputs: the images `(N, C, H, W)`, whose size and device decide.
        gradients: whether a backward pass follows.

    Raises:
        ValueError: anything else for the batch size.
    """
    if batch_size == "auto":
        budgets = PIXELS_PER_BATCH if gradients else PIXELS_PER_FORWARD_BATCH
        budget = budgets.get(inputs.device.type, budgets["cpu"])
        return max(1, min(1024, budget // (inputs.shape[2] * inputs.shape[3])))
    if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
        raise ValueError(f'batch_size must be a positive number or "auto", got {batch_size!r}')
    return batch_size


def halving_on_oom(
    run: Callable[[int], Result],
    batch_size: int | str,
    inputs: Tensor,
    *,
    gradients: bool = True,
) -> Result:
    """`run(size)` with the size of `resolve_batch_size`, halved until a GPU's memory suffices.

    Only an automatic size is halved; a requested one is kept.
    """
    size = resolve_batch_size(batch_size, inputs, gradients=gradients)
    while True:
        try:
            return run(size)
        except torch.OutOfMemoryError:
            if batch_size != "auto" or size == 1:
                raise
        # Not in the handler, where the tensors of the failed attempt are still alive.
        size //= 2
