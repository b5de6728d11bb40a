"""The only code that touches autograd: scores and their input gradients, batch by batch."""

import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from saliency_audit.attributions.called import uses_unknown_networks
from saliency_audit.attributions.independence import refuse_dependence
from saliency_audit.attributions.scores import (
    SOFTMAX_OUTPUTS,
    class_scores,
    logits,
    validate_classes,
)
from saliency_audit.errors import is_whole

# Pixels per batch at which passes are near their best rate. On a CPU that is 8 images of 224×224
# for forward and backward, and 4 for forward only: larger activations are fetched from the system
# page by page every time. A GPU needs more work at once.
PIXELS_PER_BATCH = {"cpu": 8 * 224 * 224, "cuda": 128 * 224 * 224}
PIXELS_PER_FORWARD_BATCH = {"cpu": 4 * 224 * 224, "cuda": 256 * 224 * 224}

# A probability so near to 0 or 1 can have lost its gradient to rounding.
SATURATED = 1e-6

Result = TypeVar("Result")


@contextmanager
def frozen(model: nn.Module, inputs: Tensor | None = None) -> Iterator[nn.Module]:
    """The model in evaluation mode without parameter gradients; everything is restored afterwards.

    Freezing saves computing weight gradients. Training flags (per module) and `requires_grad` (per
    parameter) are restored, also after an exception. If several threads explain one model, they are
    restored when the last one is done.

    Args:
        model: maps `(N, C, H, W)` to logits.
        inputs: `(N, C, H, W)`, if given: images of which each must be answered by itself
            (`refuse_dependence`).

    Raises:
        ValueError: the model is a plain function: it has no state that could be restored.
    """
    if not isinstance(model, nn.Module):
        raise ValueError(
            f"the model must be a torch.nn.Module, got {type(model).__name__}; "
            "`as_module` turns a function into one"
        )
    held = _hold(model)
    try:
        if inputs is not None:
            refuse_dependence(model, inputs)
        yield model
    finally:
        _release(held)


# How many blocks hold a module or parameter, and the flag it was found with. Two methods may hold
# one network through different wrappers, so that each part is counted, not the outermost module.
_HELD: dict[nn.Module | nn.Parameter, tuple[int, bool]] = {}
_HOLDING = threading.RLock()


def _hold(model: nn.Module) -> list[nn.Module | nn.Parameter]:
    """Put every part in evaluation mode without gradients; if one refuses, release them all."""
    # Frozen scripts have no flags.
    modules = [part for part in model.modules() if hasattr(part, "training")]
    parts: list[nn.Module | nn.Parameter] = [*modules, *model.parameters()]
    with _HOLDING:
        for part in parts:
            holders, flag = _HELD.get(part, (0, _flag(part)))
            _HELD[part] = holders + 1, flag
        try:
            with suppress(NotImplementedError):  # exported graphs are in one mode for good
                model.eval()
            for part in parts:
                _set_flag(part, False)
        except BaseException:
            _release(parts)
            raise
    return parts


def _release(parts: Sequence[nn.Module | nn.Parameter]) -> None:
    with _HOLDING:
        for part in parts:
            holders, flag = _HELD.pop(part)
            if holders > 1:
                _HELD[part] = holders - 1, flag
            elif _flag(part) != flag:
                _set_flag(part, flag)


def _flag(part: nn.Module | nn.Parameter) -> bool:
    return part.training if isinstance(part, nn.Module) else part.requires_grad


def _set_flag(part: nn.Module | nn.Parameter, flag: bool) -> None:
    if isinstance(part, nn.Module):
        part.training = flag
    else:
        part.requires_grad_(flag)


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
        _refuse_detached(scores)
        gradients = _gradient(scores, points)
        if gradients is None:
            _refuse_backward(model)
            scores = class_scores(model, points, targets, output)
            gradients = _gradient_by_backward(scores, points)
    if gradients is None:
        raise ValueError("the model's output does not depend on its input")
    return _examined(scores, gradients, output), gradients


def _refuse_detached(scores: Tensor) -> None:
    if not scores.requires_grad:
        raise ValueError(
            "the model's output has no gradient: it detaches its input or switches autograd "
            "off, or the call stands within torch.inference_mode(): make it outside"
        )


def differentiable_scores(model: nn.Module, points: Tensor, targets: Tensor, output: str) -> Tensor:
    """Class score of each point, `(B,)`, for losses whose gradient `loss_gradient` takes.

    Arguments as in `score_and_gradient`.

    Raises:
        ValueError: a score is NaN or infinite, or does not depend on its point through autograd.
    """
    scores = class_scores(model, points, targets, output)
    _refuse_detached(scores)
    refuse_non_finite("scores", scores.detach())
    return scores


def loss_gradient(model: nn.Module, losses: Callable[[Tensor], Tensor], values: Tensor) -> Tensor:
    """The gradient of each loss with respect to its row of the values, in their shape.

    Args:
        model: a `frozen` model, which the losses ask.
        losses: from values to one loss `(B,)` per row.
        values: `(B, …)`, such as the masks of images.

    Raises:
        ValueError: the losses do not depend on the values, or gradients are NaN or infinite.
    """
    leaf = values.detach().clone().requires_grad_(True)
    with torch.enable_grad():
        gradients = _gradient(losses(leaf), leaf)
        if gradients is None:
            _refuse_backward(model)
            gradients = _gradient_by_backward(losses(leaf), leaf)
    if gradients is None:
        raise ValueError("the losses do not depend on the values that are optimised")
    refuse_non_finite("gradients", gradients)
    return gradients


def _examined(scores: Tensor, gradients: Tensor, output: str) -> Tensor:
    """The scores, detached; refuses what is not finite and warns of saturation."""
    scores = scores.detach()
    refuse_non_finite("scores", scores)
    refuse_non_finite("gradients", gradients)
    _warn_of_saturation(scores, gradients, output)
    return scores


def _gradient(scores: Tensor, leaf: Tensor) -> Tensor | None:
    """The gradient of each score with respect to its row of a leaf; None where there is none.

    None also for a model with reentrant checkpoints, which allow `backward` only.
    """
    if not scores.requires_grad:
        return None
    try:
        # The sum has one graph root; each point only reaches its own score.
        return torch.autograd.grad(scores.sum(), leaf, allow_unused=True)[0]
    except RuntimeError as error:
        if "use_reentrant" not in str(error):
            raise
        return None


def _refuse_backward(model: nn.Module) -> None:
    """Refuse a pass back that would leave gradients in the parameters behind a function."""
    if uses_unknown_networks(model):
        raise ValueError(
            "the function's output does not depend on its input, or it uses reentrant checkpoints: "
            "give the torch.nn.Module itself, or checkpoint with use_reentrant=False"
        )


def _gradient_by_backward(scores: Tensor, leaf: Tensor) -> Tensor | None:
    """The same for models with reentrant checkpoints, of which `scores` is a new pass."""
    if not scores.requires_grad:
        return None
    leaf.grad = None
    scores.sum().backward()
    return leaf.grad


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
        scores `(B,)`, activations and gradients in the shape of the layer's output, detached.

    Raises:
        ValueError: the layer does not run exactly once, its output is no tensor or does not affect
            the score, or scores or gradients are NaN or infinite.
    """
    cut = _Cut()
    with cut.at(layer, model), torch.enable_grad():
        scores = cut.run(model, points.detach(), targets, output)
        gradients = _gradient(scores, cut.taken[0])
        if gradients is None:
            # A reentrant checkpoint has gradients only where its input has some.
            _refuse_backward(model)
            scores = cut.run(model, points.detach().requires_grad_(), targets, output)
            gradients = _gradient_by_backward(scores, cut.taken[0])
    if gradients is None:
        raise ValueError("the model's output does not depend on the layer; name another one")
    features, scores = cut.taken[0], _examined(scores, gradients, output)
    if output not in SOFTMAX_OUTPUTS or not _at_an_end(scores, output).any():
        _warn_of_dead_layer(gradients)
    return scores, features.detach().to(points.dtype), gradients.to(points.dtype)


class _Cut:
    """Feature maps of one layer in this thread's pass, as the leaves where the graph begins."""

    def __init__(self) -> None:
        self.taken: list[Tensor] = []
        self.passing = False
        self.thread = threading.get_ident()

    @contextmanager
    def at(self, layer: nn.Module, model: nn.Module) -> Iterator[None]:
        """While the layer's output is replaced; other threads' passes go on as usual."""
        handles = [
            model.register_forward_pre_hook(self._start_over),
            layer.register_forward_hook(self._replace),
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def run(self, model: nn.Module, points: Tensor, targets: Tensor, output: str) -> Tensor:
        """The scores `(B,)`, which depend on `taken`."""
        self.passing = True
        scores = class_scores(model, points, targets, output)
        self.passing = False
        if len(self.taken) != 1:
            raise ValueError(
                f"the layer ran {len(self.taken)} times in one pass of the model; name one that "
                "runs once"
            )
        return scores

    def _start_over(self, module: nn.Module, given: Any) -> None:
        # A second attempt of the same pass starts over (`logits`).
        if self.passing and threading.get_ident() == self.thread:
            self.taken.clear()

    def _replace(self, module: nn.Module, given: Any, found: Any) -> Tensor | None:
        mine = threading.get_ident() == self.thread
        if not self.passing:
            # A checkpoint runs the layer again on the way back, on a GPU in autograd's own thread.
            mine = mine or threading.current_thread().name.startswith("Dummy-")
            return self.taken[0].clone() if mine and self.taken else None
        if not mine:
            return None
        if not isinstance(found, Tensor) or not found.is_floating_point():
            raise ValueError(f"the layer's output must be a tensor, got {type(found).__name__}")
        self.taken.append(found.detach().requires_grad_(True))
        # Later layers may work in place, so they get a copy.
        return self.taken[-1].clone()


@torch.no_grad()
def score(model: nn.Module, points: Tensor, targets: Tensor, output: str) -> Tensor:
    """Class score of each point without its gradient: `(B,)`; arguments as above.

    Raises:
        ValueError: a score is NaN or infinite.
    """
    scores = class_scores(model, points, targets, output)
    refuse_non_finite("scores", scores)
    return scores


@torch.no_grad()
def predict(model: nn.Module, images: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Softmax probability of each target, and whether it is the top class: `(B,)` twice.

    Raises:
        ValueError: malformed model output, targets that are not classes of the model, NaN or
            infinite output.
    """
    found = logits(model, images, softmax=True)
    validate_classes(found, targets)
    probabilities = found.softmax(dim=1).gather(1, targets[:, None]).squeeze(1)
    # Not the logits: a class that is ruled out may have −∞.
    refuse_non_finite("scores", probabilities)
    return probabilities, found.argmax(dim=1) == targets


def _warn_of_saturation(scores: Tensor, gradients: Tensor, output: str) -> None:
    """Warn of scores at the end of their range, to the last digit, whose gradient is 0."""
    if output not in SOFTMAX_OUTPUTS:
        return
    at_an_end = _at_an_end(scores, output)
    # The gradients, a hundred thousand times as many numbers, are looked at only if need be.
    if at_an_end.any() and (gradients[at_an_end] == 0).flatten(1).all(dim=1).any():
        # One text, whatever the point: Python shows it once.
        warnings.warn(
            f"the {output.replace('_', ' ')} is saturated, 0 or 1 to the last digit, and has no "
            "gradient there, so that maps are 0; explain the logit (output='logit')",
            stacklevel=2,
        )


def _at_an_end(scores: Tensor, output: str) -> Tensor:
    """Which of the probabilities behind the scores are 0 or 1 to the last digit: `(B,)` bool."""
    probabilities = scores if output == "probability" else scores.exp()
    return (probabilities - probabilities.round()).abs() < SATURATED


def _warn_of_dead_layer(gradients: Tensor) -> None:
    """Warn of images whose score does not change with anything that a layer puts out."""
    if len(gradients) and (gradients == 0).flatten(1).all(dim=1).any():
        warnings.warn(
            "the score has no gradient at the layer, so that maps are 0: name an earlier layer "
            "(after a transformer's last attention often only the class token counts)",
            stacklevel=2,
        )


def refuse_non_finite(name: str, values: Tensor) -> None:
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
    if not is_whole(batch_size) or batch_size < 1:
        raise ValueError(f'batch_size must be a positive number or "auto", got {batch_size!r}')
    return int(batch_size)


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
