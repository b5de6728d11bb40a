"""Does a model answer for each image by itself, and the same every time?

Batch statistics, means over the batch and dropout that never stops make a map depend on its
neighbours in the batch, on the batch size or on chance. The first pass of a call is watched for
operations that could do this; only where there is one is the model run again to find out.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from saliency_audit.attributions.called import uses_unknown_networks

# Rows of one batch size differ by rounding at most, here as a share of the largest value.
TOLERANCE = 1e-4
# Two draws of a dropout of few channels can be equal.
REPEATS = 3

_DROPOUTS = {
    getattr(F, name): 2
    for name in (
        *("dropout", "alpha_dropout", "dropout1d", "dropout2d", "dropout3d"),
        "feature_alpha_dropout",
    )
} | {torch.dropout: 2, torch.alpha_dropout: 2, torch.feature_dropout: 2}
_REDUCTIONS = {
    getattr(space, name)
    for space in (torch, Tensor)
    for name in (
        *("mean", "sum", "std", "var", "amax", "amin", "max", "min", "median", "norm", "cumsum"),
        *("logsumexp", "softmax", "log_softmax", "sort", "argsort", "cummax"),
    )
    if hasattr(space, name)
} | {F.softmax, F.log_softmax, F.normalize}


class _Watch(TorchFunctionMode):
    """Notes operations that may mix the images of a batch or answer by chance."""

    suspicious = False

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def __torch_function__(
        self, func: Callable, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        options = kwargs or {}
        if func in _DROPOUTS:
            self.suspicious |= bool(_argument(args, options, "training", _DROPOUTS[func], True))
        elif func is F.batch_norm:
            self.suspicious |= bool(_argument(args, options, "training", 5, False))
        elif func in _REDUCTIONS:
            self.suspicious |= self._mixes(args, options, "dim", 1)
        elif func in (torch.roll, Tensor.roll):
            self.suspicious |= self._mixes(args, options, "dims", 2)
        elif func in (torch.flip, Tensor.flip):
            self.suspicious |= self._mixes(args, options, "dims", 1)
        return func(*args, **options)

    def _mixes(self, args: Any, options: Any, name: str, place: int) -> bool:
        values = _argument(args, options, "input", 0, None)
        if not isinstance(values, Tensor) or values.ndim < 2 or len(values) != self.count:
            return False
        given = _argument(args, options, name, place, None)
        if isinstance(given, Tensor):  # the larger of two, value by value
            return False
        axes = given if isinstance(given, tuple | list) else [given]
        return any(axis is None or axis in (0, -values.ndim) for axis in axes)


def _argument(args: Any, options: Any, name: str, place: int, default: Any) -> Any:
    if name in options:
        return options[name]
    return args[place] if len(args) > place else default


class _Local(threading.local):
    """What this thread is about to explain: nothing, or a model with images of its call."""

    unseen: tuple[nn.Module, Tensor] | None = None


_LOCAL = _Local()


@contextmanager
def each_by_itself(model: nn.Module, inputs: Tensor) -> Iterator[None]:
    """Within the block, the first pass of this thread is examined.

    Args:
        model: a `frozen` model.
        inputs: `(N, C, H, W)`, images of the call.
    """
    before, _LOCAL.unseen = _LOCAL.unseen, (model, inputs)
    try:
        yield
    finally:
        _LOCAL.unseen = before


def examined(passing: Callable[[Tensor], Any], images: Tensor) -> Any:
    """What a pass gives; the first of a block of `each_by_itself` is watched.

    Args:
        passing: the model.
        images: `(B, C, H, W)`.

    Raises:
        ValueError: the answer for an image depends on other images or on chance; names the layer.
    """
    if _LOCAL.unseen is None:
        return passing(images)
    model, inputs = _LOCAL.unseen
    with _Watch(len(images)) as watch:
        found = passing(images)
    _LOCAL.unseen = None  # after a failed attempt the next is watched
    if watch.suspicious or _takes_batch_statistics(model):
        _refuse_dependence(model, inputs)
    return found


def _takes_batch_statistics(model: nn.Module) -> bool:
    kind = nn.modules.batchnorm._BatchNorm
    return any(isinstance(part, kind) and part.running_mean is None for part in model.modules())


@torch.no_grad()
def _refuse_dependence(model: nn.Module, inputs: Tensor) -> None:
    """Pass the first image beside other pictures, several times: the answer must be the same."""
    image = inputs[:1].detach()
    # The negative within the range of pixels, or of the image's own where it is wider.
    ends = image.amin().clamp(max=0) + image.amax().clamp(min=1)
    first, *others = (
        _outputs(model, torch.cat([image, other]))
        for other in (ends - image, image.flip(3) / 2) * REPEATS
    )
    for (name, one), (_, other) in chain(*(zip(first, each, strict=False) for each in others)):
        if one.shape == other.shape and _differ(one, other):
            kind = type(model.get_submodule(name)).__name__
            place = f"layer {name!r} ({kind})" if name else f"its own forward ({kind})"
            behind = uses_unknown_networks(model)
            raise ValueError(
                "the model's answer for an image changes with the other images of the batch or "
                f"from call to call, first seen in {place}, and so would its maps; look for batch "
                "statistics (track_running_stats=False), means over the batch, or dropout that is "
                "on in evaluation mode (F.dropout without training=self.training)"
                + "; put the network behind the function in evaluation mode: .eval()"
                * behind
            )


def _differ(first: Tensor, second: Tensor) -> bool:
    scale = torch.maximum(first.abs(), second.abs()).amax()
    return bool(((first - second).abs() > TOLERANCE * scale).any())


def _outputs(model: nn.Module, batch: Tensor) -> list[tuple[str, Tensor]]:
    """The first row of what every module returns, as they finish."""
    seen: list[tuple[str, Tensor]] = []

    def noting(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def note(part: nn.Module, given: Any, found: Any) -> None:
            if isinstance(found, Tensor) and found.is_floating_point() and len(found) == 2:
                seen.append((name, found[0].detach().clone()))

        return note

    handles = [part.register_forward_hook(noting(name)) for name, part in model.named_modules()]
    try:
        model(batch)
    finally:
        for handle in handles:
            handle.remove()
    return seen
