"""Finding the layer of a network that an explanation uses, and where places lie in its output."""

import math
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from saliency_audit.attributions.called import network_of
from saliency_audit.attributions.scores import logits
from saliency_audit.errors import refuse_unknown

# The name under which `find_layer` takes the convolution that runs last, whatever follows it.
LAST_CONVOLUTION = "last convolution"
LAYOUTS = ("auto", "channels_first", "channels_last", "tokens")
# Class and register tokens stand before those of the patches.
MOST_PREFIX_TOKENS = 8
POOLS = (nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)
OF_CHANNELS_FIRST = (
    *(nn.Conv2d, nn.BatchNorm2d, nn.GroupNorm, nn.InstanceNorm2d),
    *(nn.MaxPool2d, nn.AvgPool2d, nn.PixelShuffle),
)


def validate_layout(layout: str) -> None:
    """Refuse an unknown order of axes.

    Raises:
        ValueError: names those that there are.
    """
    refuse_unknown("layout", layout, LAYOUTS)


def find_layer(model: nn.Module, name: str | None, inputs: Tensor) -> nn.Module:
    """The layer of this name, or the one that makes the last feature map.

    One image is passed through the model to find the last: in the order of execution, not of
    definition.

    Args:
        model: a `frozen` model.
        name: as in `model.named_modules()`; `LAST_CONVOLUTION`; None for the last feature map as a
            whole: of all modules that run once and whose output has more than one place, the one
            that finishes last, global pooling left out.
        inputs: `(N, C, H, W)`, N ≥ 1.

    Raises:
        ValueError: no layer of this name, no convolution or feature map, or a transformer, of which
            a layer must be named; lists candidates. A function, which has no layers.
    """
    network = network_of(model)
    if network is None:
        raise ValueError(
            "the model is a function, whose layers have no names: explain the torch.nn.Module "
            "itself or a method of it, or use another method"
        )
    _refuse_scripts(model)
    if name is None:
        return _last_features(model, network, inputs)
    if name == LAST_CONVOLUTION:
        return _last_convolution(model, inputs)
    layers = dict(network.named_modules())
    if not isinstance(name, str) or name not in layers or not name:
        known = [key for key, layer in layers.items() if isinstance(layer, nn.Conv2d)]
        raise ValueError(
            f"the model has no layer {name!r}; its last convolutions: {_last_of(known)}; "
            "model.named_modules() lists all layers"
        )
    return layers[name]


def _last_of(names: Sequence[str]) -> str:
    return ", ".join(names[-5:]) or "none"


def _refuse_scripts(model: nn.Module) -> None:
    """Refuse a model with scripted parts, whose layers cannot be looked into.

    Raises:
        ValueError: names the remedy.
    """
    if any(isinstance(part, torch.jit.ScriptModule) for part in model.modules()):
        raise ValueError(
            "the model is scripted (torch.jit), and its layers cannot be looked into; explain it "
            "as it was before torch.jit.script or torch.jit.trace, or use another method"
        )


def layers_as_run(
    model: nn.Module, inputs: Tensor, layers: Iterable[nn.Module]
) -> list[tuple[nn.Module, tuple[int, ...] | None]]:
    """Those of the layers that run on the first image, as they finish, with their output's shape.

    Of several outputs the first counts; the shape is None where that is no tensor.
    """
    ran: list[tuple[nn.Module, tuple[int, ...] | None]] = []
    thread = threading.get_ident()

    def note(layer: nn.Module, given: Any, found: Any) -> None:
        if threading.get_ident() != thread:
            return
        shown = found[0] if isinstance(found, tuple) and found else found
        ran.append((layer, tuple(shown.shape) if isinstance(shown, Tensor) else None))

    def start_over(model: nn.Module, given: Any) -> None:  # a second attempt (`logits`)
        if threading.get_ident() == thread:
            ran.clear()

    handles = [
        model.register_forward_pre_hook(start_over),
        *(layer.register_forward_hook(note) for layer in layers),
    ]
    try:
        with torch.no_grad():
            logits(model, inputs[:1])
    finally:
        for handle in handles:
            handle.remove()
    return ran


@contextmanager
def outputs_of(
    layer: nn.Module, model: nn.Module, called: str = "the layer"
) -> Iterator[Callable[[], Tensor]]:
    """While open, a function that gives the layer's output in this thread's latest pass.

    Args:
        layer: one of the model's.
        model: that is passed.
        called: the layer in messages.

    Raises:
        ValueError: by that function: the layer did not run once, or its output is no tensor.
    """
    found: list[Any] = []
    thread = threading.get_ident()

    def start_over(module: nn.Module, given: Any) -> None:
        if threading.get_ident() == thread:
            found.clear()

    def keep(module: nn.Module, given: Any, output: Any) -> None:
        if threading.get_ident() == thread:
            # A copy, since later layers may work in place.
            found.append(output.clone() if isinstance(output, Tensor) else output)

    def latest() -> Tensor:
        if len(found) != 1:
            raise ValueError(
                f"{called} ran {len(found)} times in one pass of the model; name one that runs once"
            )
        if not isinstance(found[0], Tensor) or not found[0].is_floating_point():
            raise ValueError(f"{called}'s output must be a tensor, got {type(found[0]).__name__}")
        return found[0]

    handles = [model.register_forward_pre_hook(start_over), layer.register_forward_hook(keep)]
    try:
        yield latest
    finally:
        for handle in handles:
            handle.remove()


def _last_convolution(model: nn.Module, inputs: Tensor) -> nn.Module:
    convolutions = (part for part in model.modules() if isinstance(part, nn.Conv2d))
    ran = layers_as_run(model, inputs, convolutions)
    if not ran:
        raise ValueError(
            "no 2-D convolution runs in this model, so there are no feature maps to weigh; "
            "name another layer whose output is (N, C, H, W), or use another method"
        )
    return ran[-1][0]


def _last_features(model: nn.Module, network: nn.Module, inputs: Tensor) -> nn.Module:
    ran = layers_as_run(model, inputs, (part for part in network.modules() if part is not network))
    times = Counter(layer for layer, _ in ran)
    size = (int(inputs.shape[2]), int(inputs.shape[3]))
    names = {part: name for name, part in network.named_modules()}
    last: nn.Module | None = None
    tokens: list[nn.Module] = []
    for layer, shape in ran:
        if shape is None or times[layer] > 1:
            continue
        if len(shape) == 4 and not isinstance(layer, POOLS) and _places(shape, size) > 1:
            last, tokens = layer, []
        elif len(shape) == 3 and shape[1] > 1:
            tokens.append(layer)
    if tokens:
        raise ValueError(
            "the last layers of this model work on tokens, and which of them Grad-CAM should weigh "
            f"is a choice: name one through which all tokens count, such as "
            f"layer={names[_before_attention(tokens)]!r}; the last of them: "
            f"{_last_of([names[part] for part in tokens if names[part]])}"
        )
    if last is None:
        raise ValueError(
            "no layer of this model that runs once has a feature map of more than one place; "
            "name a layer whose output is (N, C, H, W), or use another method"
        )
    return last


def _before_attention(tokens: Sequence[nn.Module]) -> nn.Module:
    """The norm before the last attention, else the last layer that works on tokens."""
    attention = [i for i, part in enumerate(tokens) if _attends(part)]
    before = [part for part in tokens[: (attention or [0])[-1]] if isinstance(part, nn.LayerNorm)]
    return before[-1] if before else tokens[-1]


def _attends(part: nn.Module) -> bool:
    kind = type(part).__name__.lower()
    return any(word in kind for word in ("attention", "attn", "mhsa"))


def _places(shape: Sequence[int], size: tuple[int, int]) -> int:
    """How many places an output of four axes has; 0 if no two axes have the image's proportions."""
    if _fits((shape[2], shape[3]), size):
        return shape[2] * shape[3]
    return shape[1] * shape[2] if _fits((shape[1], shape[2]), size) else 0


def _fits(grid: tuple[int, int], size: tuple[int, int]) -> bool:
    """Whether a grid of places has the proportions of the image, to within a place and a half."""
    strides = [pixels / places for pixels, places in zip(size, grid, strict=True)]
    return max(grid) <= max(size) and any(
        all(abs(pixels / stride - places) <= 1.5 for pixels, places in zip(size, grid, strict=True))
        for stride in strides
    )


def channels_first(values: Tensor, layout: str, layer: nn.Module, size: tuple[int, int]) -> Tensor:
    """A layer's output as `(N, C, h, w)`.

    Args:
        values: `(N, C, h, w)`, `(N, h, w, C)` or `(N, T, C)`, T being h × w places, rows first,
            after up to 8 tokens that belong to none.
        layout: of `LAYOUTS`; "auto" recognises the axes whose proportions are those of the image.
        layer: whose output it is; convolutions and what belongs to them have channels first.
        size: height and width of the images.

    Raises:
        ValueError: another shape, or one that can be read in two ways.
    """
    shape = tuple(values.shape)
    if values.ndim == 3 and layout in ("auto", "tokens"):
        height, width = _grid_of_tokens(shape[1], size)
        places = values[:, shape[1] - height * width :]
        return places.mT.reshape(shape[0], shape[2], height, width)
    if values.ndim != 4 or layout == "tokens":
        raise ValueError(
            "the layer's output must have shape (N, C, h, w), (N, h, w, C) or (N, tokens, C), got "
            f"{shape}" + (f" with layout={layout!r}" if layout != "auto" else "")
        )
    if layout == "auto":
        layout = _recognised(shape, layer, size)
    return values if layout == "channels_first" else values.permute(0, 3, 1, 2)


def _recognised(shape: tuple[int, ...], layer: nn.Module, size: tuple[int, int]) -> str:
    if isinstance(layer, OF_CHANNELS_FIRST):
        return "channels_first"
    first, last = _fits((shape[2], shape[3]), size), _fits((shape[1], shape[2]), size)
    # Only what normalises or maps the last axis leaves a doubt.
    doubtful = any(isinstance(part, nn.LayerNorm | nn.Linear) for part in layer.modules())
    if last and (not first or doubtful):
        if first:
            raise ValueError(
                f"the layer's output {shape} can be read as (N, C, h, w) and as (N, h, w, C): say "
                "which, layout='channels_first' or layout='channels_last'"
            )
        return "channels_last"
    return "channels_first"


def _grid_of_tokens(count: int, size: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of the patches behind so many tokens.

    Raises:
        ValueError: no size of square patches leads to so many.
    """
    for prefix in range(MOST_PREFIX_TOKENS + 1):
        for stride in range(2, max(size) + 1):
            for rounded in (math.floor, math.ceil):  # patches cut off at the border, or padded
                height, width = (rounded(side / stride) for side in size)
                if height * width == count - prefix and height * width > 1:
                    return height, width
    raise ValueError(
        f"the layer's {count} tokens are no grid of square patches of {size[0]} × {size[1]} "
        "pixels; name a layer whose output is (N, C, h, w)"
    )
