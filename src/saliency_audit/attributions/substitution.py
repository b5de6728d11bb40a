"""Replaces the backward pass of chosen torch functions, wherever a model calls them.

The functions are intercepted when they are called, not by hooks on modules. Functional calls,
modules used twice, in-place calls and tensors that several layers read are therefore all treated
alike, and the model itself is not modified.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

Pull = Callable[[Tensor], Tensor]

# Autograd's names of the nodes of rectifiers and their smooth variants.
RECTIFIERS = frozenset(
    "Relu Hardtanh LeakyRelu RreluWithNoise Elu Celu PreluKernel Gelu Silu Mish Hardswish Softplus "
    "Threshold".split()
)


@dataclass(frozen=True)
class Call:
    """One intercepted call: a copy of its input, and its output with the graph between them."""

    inputs: Tensor
    outputs: Tensor
    arguments: tuple[Any, ...]
    options: Mapping[str, Any]


Rule = Callable[[Call], Pull]


class _Replaced(torch.autograd.Function):
    """The value of the intercepted call, with the rule's backward pass."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, outputs: Tensor, pull: Pull) -> Tensor:
        ctx.pull = pull
        # A tensor of its own: the model may work on it in place, which a view would forbid.
        return outputs.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        return ctx.pull(gradients[0]), None, None


class Substitution(TorchFunctionMode):
    """A context in which the given functions are differentiated by the given rules.

    A rule turns a `Call` into a function from the gradient at the output to the gradient at the
    input. Calls without gradients, and those that return several tensors or another type, run
    unchanged and stay visible in the graph.
    """

    def __init__(self, rules: Mapping[Callable, Rule]) -> None:
        super().__init__()
        self.rules = rules

    def __torch_function__(
        self, func: Callable, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        options = dict(kwargs or {})
        if not args and "input" in options:
            args = (options.pop("input"),)
        rule = self.rules.get(func)
        inputs = args[0] if args else None
        if rule is None or not isinstance(inputs, Tensor) or not inputs.requires_grad:
            return func(*args, **options)
        if not torch.is_grad_enabled():
            return func(*args, **options)
        leaf = inputs.detach().clone().requires_grad_()
        scratch = leaf.clone()
        outputs = func(scratch, *args[1:], **options)
        if not isinstance(outputs, Tensor) or outputs.dtype != inputs.dtype:
            return func(*args, **options)
        pull = rule(Call(leaf, outputs, args[1:], options))
        replaced = _Replaced.apply(inputs, outputs.detach(), pull)
        # An in-place function returns its own argument, which the model may go on using.
        return inputs.copy_(replaced) if outputs is scratch else replaced


def spellings(*names: str) -> set[Callable]:
    """Every torch function with one of these names, in-place variants included."""
    spaces = (torch, Tensor, nn.functional)
    return {
        getattr(space, spelled)
        for space in spaces
        for name in names
        for spelled in (name, f"{name}_")
        if hasattr(space, spelled)
    }


def graph_nodes(outputs: Tensor) -> Iterator[Any]:
    """The autograd nodes between the input and `outputs`, each once."""
    stack = [outputs.grad_fn]
    seen = set(stack)
    while stack:
        node = stack.pop()
        if node is None:
            continue
        yield node
        parents = {parent for parent, _ in node.next_functions} - seen
        seen |= parents
        stack.extend(parents)


def operation(node: Any) -> str:
    """Autograd's name of the operation behind a node: "Relu", "NativeBatchNorm", …"""
    return re.sub(r"Backwards?\d*$", "", node.name().rpartition("::")[2])


def is_replaced(node: Any) -> bool:
    """Whether the node belongs to an intercepted call."""
    return isinstance(node, _Replaced._backward_cls)


def is_opaque(node: Any) -> bool:
    """Whether the node hides its computation: custom functions, compiled or scripted code."""
    custom = isinstance(node, torch.autograd.function.BackwardCFunction)
    return (custom and not is_replaced(node)) or "DifferentiableGraph" in node.name()


def is_rectifier(node: Any) -> bool:
    """Whether the node is a rectifier or a smooth variant; a clamp at zero counts."""
    return operation(node) in RECTIFIERS or (is_clamp(node) and _clamps_at_zero(node))


def is_clamp(node: Any) -> bool:
    """Whether the node cuts values off, at zero or elsewhere."""
    return operation(node).startswith("Clamp")


def _clamps_at_zero(node: Any) -> bool:
    ends = [getattr(node, name, None) for name in ("_saved_min", "_saved_max")]
    return any(bool(torch.as_tensor(end).eq(0).any()) for end in ends if end is not None)
