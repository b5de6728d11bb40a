"""Does a model answer for each image by itself, and the same every time?

Batch statistics, means over the batch and dropout that never stops make a map depend on its
neighbours in the batch, on the batch size or on chance. Each model is asked once, before it is
explained, and watched for operations that could do this; where there is any doubt it is asked
again, layer by layer, to name the place.
"""

from collections.abc import Callable
from itertools import chain
from typing import Any, NoReturn
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from saliency_audit.attributions.called import uses_unknown_networks
from saliency_audit.attributions.precision import WITH_AUTOCAST, as_around_the_call
from saliency_audit.attributions.scores import half_type

# Answers for one image differ by rounding at most, here as a share of the largest value.
TOLERANCE = 1e-4
ROUGH_TOLERANCE = 5e-2
HALVES = (torch.float16, torch.bfloat16)
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


class _Refused(ValueError):
    """A refusal from within a pass."""


class _Watch(TorchFunctionMode):
    """Notes operations that may mix the images of a batch or answer by chance."""

    suspicious = False
    # What was counted up last: a batch norm in training counts before it asks for its function.
    counter: Any = None

    def __init__(self, count: int, *, behind: bool) -> None:
        super().__init__()
        self.count, self.behind = count, behind

    def __torch_function__(
        self, func: Callable, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        options = kwargs or {}
        if func in _DROPOUTS:
            self.suspicious |= bool(_argument(args, options, "training", _DROPOUTS[func], True))
        elif func is Tensor.add_:
            self.counter = args[0]
        elif func is F.batch_norm:
            if _argument(args, options, "training", 5, False):
                self._refuse_change(_argument(args, options, "running_mean", 1, None))
                self.suspicious = True
        elif func in _REDUCTIONS:
            self.suspicious |= self._mixes(args, options, "dim", 1)
        elif func in (torch.roll, Tensor.roll):
            self.suspicious |= self._mixes(args, options, "dims", 2)
        elif func in (torch.flip, Tensor.flip):
            self.suspicious |= self._mixes(args, options, "dims", 1)
        return func(*args, **options)

    def _refuse_change(self, statistics: Tensor | None) -> None:
        """A network behind a function would be another one after the pass: it is not frozen."""
        if self.behind and statistics is not None:
            if isinstance(self.counter, Tensor) and self.counter.dtype == torch.int64:
                self.counter -= 1
            raise _Refused(
                "the answer for an image changes with the other images of the batch, and the pass "
                "would change the network itself: it has batch normalisation in training mode; put "
                "the network behind the function in evaluation mode: .eval()"
            )

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


def refuse_dependence(model: nn.Module, inputs: Tensor) -> None:
    """Refuse a model whose answer for an image depends on other images or on chance.

    A model is asked once, and again when its weights have been written to: for the first image
    alone, and twice beside each of two other pictures. Functions, behind which anything may have
    changed, are asked in every call.

    Args:
        model: a `frozen` model.
        inputs: `(N, C, H, W)`, images of the call.

    Raises:
        ValueError: names the layer where the answers differ first.
    """
    # Within a method's own wrapper the model itself was or is asked.
    model = getattr(model, "stands_for", model)
    state = _state(model)
    if not len(inputs) or (state is not None and _TRUSTED.get(model) == state):
        return
    given = inputs.detach()
    given = given.to(half_type(model) or given.dtype)
    with as_around_the_call(inputs.device):
        with _Watch(2, behind=uses_unknown_networks(model)) as watch:
            doubtful = _depends(model, given)
        if doubtful or watch.suspicious or _takes_batch_statistics(model):
            _refuse_first_difference(model, given, certain=doubtful)
    if state is not None:
        _TRUSTED[model] = state


# Models that answered for each image by itself, with the state in which they did.
_TRUSTED: WeakKeyDictionary[nn.Module, tuple[int, ...]] = WeakKeyDictionary()


def _state(model: nn.Module) -> tuple[int, ...] | None:
    """Changes when weights are written to, or parts come and go; None where this is not known."""
    parts = [*model.parameters(), *model.buffers()]
    if uses_unknown_networks(model) or any(part.is_inference() for part in parts):
        return None
    return len(parts), sum(part._version for part in parts)


@torch.no_grad()
def _depends(model: nn.Module, inputs: Tensor) -> bool:
    """Whether the first image is answered otherwise alone, beside others, or once more.

    What `_Watch` knows is not all: the answer itself is looked at, once for each model.
    """
    image = inputs[:1]
    rough = _is_rough(model, image)
    one, other = _others(image)
    # First and last: a model may compare all with the first.
    batches = ((image, 0), (torch.cat([image, one]), 0), (torch.cat([other, image]), 1))
    answers = []
    for batch, place in (*batches, *batches[1:]):
        try:
            found = model(batch.clone())
        except _Refused:
            raise
        except Exception:  # a batch of this size is none for the model, which the call will show
            return False
        if not isinstance(found, Tensor) or found.ndim != 2 or len(found) != len(batch):
            return False  # what is wrong with the answer, the call will show
        answers.append(found[place].float())
        rough |= found.dtype in HALVES
    share = ROUGH_TOLERANCE if rough else TOLERANCE
    return any(_differ(answers[0], other, share) for other in answers[1:])


def _is_rough(model: nn.Module, image: Tensor) -> bool:
    """Whether half precision is at work, in which batches of two sizes differ visibly."""
    kind = image.device.type
    around = kind in WITH_AUTOCAST and torch.is_autocast_enabled(kind)
    return around or any(part.dtype in HALVES for part in (image, *model.parameters()))


def _others(image: Tensor) -> tuple[Tensor, Tensor]:
    """Two other pictures in the range of pixels, or of the image's own where that is wider."""
    ends = image.amin().clamp(max=0) + image.amax().clamp(min=1)
    return ends - image, image.flip(3) / 2


def _takes_batch_statistics(model: nn.Module) -> bool:
    kind = nn.modules.batchnorm._BatchNorm
    return any(isinstance(part, kind) and part.running_mean is None for part in model.modules())


@torch.no_grad()
def _refuse_first_difference(model: nn.Module, inputs: Tensor, *, certain: bool) -> None:
    """Pass the first image beside other pictures, several times: all answers must be the same."""
    image = inputs[:1].detach()
    first, *others = (
        _outputs(model, torch.cat([image, other])) for other in _others(image) * REPEATS
    )
    for (name, one), (_, other) in chain(*(zip(first, each, strict=False) for each in others)):
        if one.shape == other.shape and _differ(one, other):
            kind = type(model.get_submodule(name)).__name__
            _refuse(model, f"layer {name!r} ({kind})" if name else f"its own forward ({kind})")
    if certain:
        _refuse(model, f"its own forward ({type(model).__name__})")


def _refuse(model: nn.Module, place: str) -> NoReturn:
    raise ValueError(
        "the model's answer for an image changes with the other images of the batch or "
        f"from call to call, first seen in {place}, and so would its maps; look for batch "
        "statistics (track_running_stats=False), means over the batch, or dropout that is "
        "on in evaluation mode (F.dropout without training=self.training)"
        + "; put the network behind the function in evaluation mode: .eval()"
        * uses_unknown_networks(model)
    )


def _differ(first: Tensor, second: Tensor, share: float = TOLERANCE) -> bool:
    scale = torch.maximum(first.abs(), second.abs()).amax()
    return bool(((first - second).abs() > share * scale).any())


def _outputs(model: nn.Module, batch: Tensor) -> list[tuple[str, Tensor]]:
    """The first row of what every module returns, as they finish."""
    seen: list[tuple[str, Tensor]] = []

    def noting(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def note(part: nn.Module, given: Any, found: Any) -> None:
            if isinstance(found, Tensor) and found.is_floating_point() and found.shape[:1] == (2,):
                seen.append((name, found[0].detach().clone()))

        return note

    handles = [
        part.register_forward_hook(noting(name))
        for name, part in model.named_modules()
        if not isinstance(part, torch.jit.ScriptModule)  # which takes no hooks
    ]
    try:
        model(batch)
    finally:
        for handle in handles:
            handle.remove()
    return seen
