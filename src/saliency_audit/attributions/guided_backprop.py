"""Guided backpropagation: the gradient, of which only positive values pass back through a ReLU."""

from collections import Counter
from collections.abc import Set
from dataclasses import dataclass

from torch import Tensor, nn

from saliency_audit.attributions.called import Model, as_module
from saliency_audit.attributions.gradients import GradientMethod
from saliency_audit.attributions.substitution import (
    Call,
    Pull,
    Substitution,
    graph_nodes,
    is_replaced,
    spellings,
)
from saliency_audit.attributions.targets import Targets
from saliency_audit.attributions.unguided import unguided


@dataclass(frozen=True)
class GuidedBackprop(GradientMethod):
    """The gradient of f_c, with negative values set to 0 at every ReLU on the way back.

    A ReLU passes the gradient where its input was positive, as usual, and the gradient is positive
    too. Signed (the first layer's weights still have signs), without a unit.

    All ReLUs are guided, modules and functional calls, used once or several times, in place or not.
    The method is defined for ReLU only: a model with another rectifier (ReLU6, GELU, SiLU, …) is
    refused, because the result would silently be the plain gradient. Sigmoid and tanh, which
    saturate and do not rectify, pass with their plain gradient. So does LeakyReLU, which stops
    nothing on the way forward: beside ReLUs it keeps its own slopes, as in captum, which guides
    `nn.ReLU` alone. The other reading, to stop negative gradients at a LeakyReLU too, is not taken.
    A model whose rectifiers are all leaky has nothing to guide and is refused.

    Source: Springenberg et al. 2015, §3.4.
    """

    def __call__(self, model: Model, inputs: Tensor, targets: Targets = None) -> Tensor:
        """Attribution maps `(N, C, H, W)`.

        Raises:
            ValueError: malformed inputs, targets, model output or batch size; a model without
                ReLU, or with a rectifier that cannot be guided.
        """
        return self.gradients(_Guided(as_module(model)), inputs, targets)


class _Guided(nn.Module):
    """The model with its ReLUs guided while it runs."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    @property
    def stands_for(self) -> nn.Module:
        """The model as it is without guidance."""
        return self.model

    def forward(self, images: Tensor) -> Tensor:
        with Substitution(dict.fromkeys(spellings("relu"), _positive_only)):
            logits = self.model(images)
        if isinstance(logits, Tensor) and logits.requires_grad:
            _refuse_unguided(logits, own=_storages(self.model))
        return logits


def _positive_only(call: Call) -> Pull:
    active = call.outputs.detach() > 0
    return lambda gradient: gradient.clamp(min=0) * active


def _storages(model: nn.Module) -> frozenset[int]:
    """Where the model's parameters and buffers lie in memory."""
    tensors = (*model.parameters(), *model.buffers())
    return frozenset(tensor.untyped_storage().data_ptr() for tensor in tensors)


def _refuse_unguided(logits: Tensor, *, own: Set[int]) -> None:
    nodes = list(graph_nodes(logits))
    missed = Counter(found for node in nodes if (found := unguided(node, own=own)))
    if missed:
        found = ", ".join(f"{count} × {name}" for name, count in sorted(missed.items()))
        raise ValueError(
            f"guided backpropagation is defined for ReLU only; this model also has {found}, "
            "where it would silently be the plain gradient: use a model whose activations are all "
            "calls of ReLU (neither scripted nor compiled; fixed masks as buffers), or another "
            "method"
        )
    if not any(is_replaced(node) for node in nodes):
        raise ValueError(
            "there is nothing to guide: no ReLU lies between the image and the model's output; "
            "guided backpropagation would be the plain gradient, which is the method 'saliency'"
        )
