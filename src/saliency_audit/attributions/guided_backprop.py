"""Guided backpropagation: the gradient, of which only positive values pass back through a ReLU."""

from collections import Counter
from dataclasses import dataclass

from torch import Tensor, nn

from saliency_audit.attributions.engine import frozen
from saliency_audit.attributions.gradients import input_gradients
from saliency_audit.attributions.scores import validate_output
from saliency_audit.attributions.substitution import (
    Call,
    Pull,
    Substitution,
    graph_nodes,
    is_opaque,
    is_rectifier,
    is_replaced,
    operation,
    spellings,
)


@dataclass(frozen=True)
class GuidedBackprop:
    """The gradient of f_c, with negative values set to 0 at every ReLU on the way back.

    A ReLU passes the gradient where its input was positive, as usual, and the gradient is positive
    too. Signed (the first layer's weights still have signs), without a unit.

    All ReLUs are guided, modules and functional calls, used once or several times, in place or not.
    The method is defined for ReLU only: a model with another rectifier (ReLU6, GELU, SiLU, …) is
    refused, because the result would silently be the plain gradient.

    Source: Springenberg et al. 2015, §3.4.
    """

    output: str = "probability"
    batch_size: int | str = "auto"

    def __post_init__(self) -> None:
        validate_output(self.output)

    def __call__(self, model: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
        """Attribution maps `(N, C, H, W)`.

        Raises:
            ValueError: malformed inputs, targets, model output or batch size; a model without
                ReLU, or with a rectifier that cannot be guided.
        """
        with frozen(model):
            return input_gradients(_Guided(model), inputs, targets, self.output, self.batch_size)


class _Guided(nn.Module):
    """The model with its ReLUs guided while it runs."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Tensor:
        with Substitution(dict.fromkeys(spellings("relu"), _positive_only)):
            logits = self.model(images)
        if isinstance(logits, Tensor) and logits.requires_grad:
            _refuse_unguided(logits)
        return logits


def _positive_only(call: Call) -> Pull:
    active = call.outputs.detach() > 0
    return lambda gradient: gradient.clamp(min=0) * active


def _refuse_unguided(logits: Tensor) -> None:
    nodes = list(graph_nodes(logits))
    missed = Counter(operation(node) for node in nodes if is_rectifier(node) or is_opaque(node))
    if missed:
        found = ", ".join(f"{count} × {name}" for name, count in sorted(missed.items()))
        raise ValueError(
            f"guided backpropagation is defined for ReLU only; this model also has {found}, "
            "where it would silently be the plain gradient: use a model whose activations are all "
            "ReLU (uncompiled), or another method"
        )
    if not any(is_replaced(node) for node in nodes):
        raise ValueError(
            "there is nothing to guide: no ReLU lies between the image and the model's output; "
            "guided backpropagation would be the plain gradient, which is the method 'saliency'"
        )
