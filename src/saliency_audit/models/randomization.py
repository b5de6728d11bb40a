"""Models with re-initialised layers: the cascade from the output down, one at a time, or all."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call

from saliency_audit.errors import is_whole, refuse_unknown


def _own(layer: nn.Module) -> None:
    # What the initialiser leaves out stays NaN, see `_validate_drawn`.
    for values in layer.parameters(recurse=False):
        values.fill_(torch.nan)
    layer.reset_parameters()  # type: ignore[operator]


def _truncated_normal(layer: nn.Module) -> None:
    for values in layer.parameters(recurse=False):
        nn.init.trunc_normal_(values, 0.0, 0.1)


def _permuted(layer: nn.Module) -> None:
    for values in layer.parameters(recurse=False):
        order = torch.randperm(values.numel())
        values.copy_(values.flatten()[order.to(values.device)].reshape(values.shape))


INITIALISERS: dict[str, Callable[[nn.Module], None]] = {
    "default": _own,
    "truncated_normal": _truncated_normal,
    "permuted": _permuted,
}
STATISTICS = ("keep", "reset")


@dataclass(frozen=True)
class Randomisation:
    """How layers are re-initialised.

    Attributes:
        initialiser: "default", each layer's own `reset_parameters`, torch's initialisation before
            training; "truncated_normal", N(0, 0.1²) truncated at ±2 for weights, biases and the
            affine parameters of batch norm, as in the GGIG authors' code; "permuted", the trained
            values in random order, which keeps their distribution.
        statistics: whether batch norm keeps its running mean and variance ("keep", as that code
            does) or starts from 0 and 1 ("reset").
        seed: stage i draws from a stream of its own, seeded by (seed, i), so that layers of equal
            shape get different values.
    """

    initialiser: str = "default"
    statistics: str = "keep"
    seed: int = 0

    def __post_init__(self) -> None:
        refuse_unknown("initialiser", self.initialiser, INITIALISERS)
        refuse_unknown("statistics", self.statistics, STATISTICS)
        if not is_whole(self.seed):
            raise ValueError(f"seed must be a whole number, got {self.seed!r}")


@dataclass(frozen=True)
class Stage:
    """A model after some of its layers were re-initialised.

    Attributes:
        name: the layer re-initialised last.
        number: how many layers of the model are random.
        model: the copy.
    """

    name: str
    number: int
    model: nn.Module


def layers_in_order(model: nn.Module, image: Tensor) -> list[str]:
    """Names of the layers with parameters of their own, in order of first execution.

    This can differ from the order of definition. A layer that is not run itself, but whose
    parameters another layer reads, comes directly after the other one; an example is `out_proj` of
    `nn.MultiheadAttention`. Layers that are neither run nor read, such as an auxiliary head, are
    left out.

    Args:
        model: in the state in which it is explained.
        image: `(1, C, H, W)`, for the pass.

    Raises:
        ValueError: no layer with parameters is run or read.
    """
    names = {layer: name for name, layer in model.named_modules()}
    holders = [name for layer, name in names.items() if _own_parameters(layer)]
    with _evaluating(model):
        order = _run(model, names, image)
        unmet = [name for name in holders if name not in order]
        read = _read(model, unmet, image) if unmet else []
    for name in reversed(read):
        order.insert(order.index(_runner(name, order)) + 1, name)
    found = [name for name in order if name in holders]
    if not found:
        raise ValueError("the model has no layer with parameters that could be re-initialised")
    return found


def _own_parameters(layer: nn.Module) -> dict[str, nn.Parameter]:
    return dict(layer.named_parameters(recurse=False))


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    training = [(layer, layer.training) for layer in model.modules()]
    try:
        model.eval()
        with torch.no_grad():
            yield
    finally:
        for layer, flag in training:
            layer.training = flag


def _run(model: nn.Module, names: Mapping[nn.Module, str], image: Tensor) -> list[str]:
    """Names of all modules in order of first execution."""
    met: dict[str, None] = {}
    handles = [
        layer.register_forward_pre_hook(lambda layer, given: met.setdefault(names[layer]))
        for layer in names
    ]
    try:
        model(image)
    finally:
        for handle in handles:
            handle.remove()
    return list(met)


def _read(model: nn.Module, names: Sequence[str], image: Tensor) -> list[str]:
    """The layers whose own parameters affect the output: it changes if they are set to NaN."""
    # Computed without hooks: with hooks torch uses other kernels for attention.
    answer = model(image)
    found = []
    for name in names:
        unknown = {
            f"{name}.{key}": torch.full_like(values, torch.nan)
            for key, values in _own_parameters(model.get_submodule(name)).items()
        }
        other = functional_call(model, unknown, (image,), tie_weights=False)
        if not torch.equal(other, answer):
            found.append(name)
    return found


def _runner(name: str, order: Sequence[str]) -> str:
    """The innermost enclosing module that was run; at least the model itself, ""."""
    while name not in order:
        name = name.rpartition(".")[0]
    return name


def cascade(
    model: nn.Module, image: Tensor, how: Randomisation = Randomisation()
) -> Iterator[Stage]:
    """One more layer re-initialised per stage, from the output down; the stages are nested.

    Stage i keeps the values drawn by stage i−1. (The GGIG authors' code redraws all layers at every
    stage; the distribution is the same, but neighbouring stages have less in common.)

    Args:
        model: left as it is.
        image: `(1, C, H, W)`, from which the order of the layers is determined.
        how: initialiser, batch norm, seed.

    Yields:
        Models, each valid until the next one is requested.

    Raises:
        ValueError: no layer with parameters, or one that lacks the requested initialiser or whose
            own initialiser leaves some parameters unchanged.

    Source: Adebayo et al. 2018; GGIG paper, §5.
    """
    copied = deepcopy(model)
    for number, name in enumerate(reversed(layers_in_order(model, image)), start=1):
        _redraw(copied, name, how, number)
        yield Stage(name, number, copied)


def one_by_one(
    model: nn.Module, image: Tensor, how: Randomisation = Randomisation()
) -> Iterator[Stage]:
    """Each layer re-initialised alone, all others trained; arguments and errors as `cascade`."""
    for number, name in enumerate(reversed(layers_in_order(model, image)), start=1):
        copied = deepcopy(model)
        _redraw(copied, name, how, number)
        yield Stage(name, 1, copied)


def all_reinitialised(
    model: nn.Module, image: Tensor, how: Randomisation = Randomisation()
) -> nn.Module:
    """A copy with every layer re-initialised: the last stage of `cascade`.

    No parameter that affects the output keeps its trained value. Buffers are kept, except batch
    norm's statistics if they are reset. Arguments and errors as for `cascade`.
    """
    *_, last = cascade(model, image, how)
    return last.model


@torch.no_grad()
def _redraw(model: nn.Module, name: str, how: Randomisation, number: int) -> None:
    layer = model.get_submodule(name)
    if how.initialiser == "default" and not hasattr(layer, "reset_parameters"):
        raise ValueError(
            f"the layer {name!r} ({type(layer).__name__}) has no initialiser of its own; take "
            "'truncated_normal' or 'permuted'"
        )
    kept = {key: value.clone() for key, value in layer.named_buffers(recurse=False)}
    device = next(layer.parameters(recurse=False)).device
    # The layers' own initialisers draw from the global stream, which is restored; drawing on the
    # CPU gives the same values for all devices.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1_000_003 * how.seed + number)
        INITIALISERS[how.initialiser](layer.to("cpu"))
    layer.to(device)
    if how.initialiser == "default":
        _validate_drawn(layer, name)
    for key, value in layer.named_buffers(recurse=False):
        value.copy_(kept[key])
    if how.statistics == "reset" and isinstance(layer, nn.modules.batchnorm._BatchNorm):
        layer.reset_running_stats()


def _validate_drawn(layer: nn.Module, name: str) -> None:
    left = [key for key, values in _own_parameters(layer).items() if values.isnan().any()]
    if left:
        raise ValueError(
            f"the own initialiser of the layer {name!r} ({type(layer).__name__}) does not draw "
            f"{', '.join(left)}; take 'truncated_normal' or 'permuted'"
        )
