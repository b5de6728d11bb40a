"""Guided backpropagation: the gradient, of which only positive values pass back through a ReLU."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from saliency_audit.attributions.called import Model, as_module
from saliency_audit.attributions.gradients import GradientMethod
from saliency_audit.attributions.substitution import (
    Call,
    Pull,
    Substitution,
    graph_nodes,
    is_clamp,
    is_opaque,
    is_rectifier,
    is_replaced,
    operation,
    spellings,
)
from saliency_audit.attributions.targets import Targets


@dataclass(frozen=True)
class GuidedBackprop(GradientMethod):
    """The gradient of f_c, with negative values set to 0 at every ReLU on the way back.

    A ReLU passes the gradient where its input was positive, as usual, and the gradient is positive
    too. Signed (the first layer's weights still have signs), without a unit.

    All ReLUs are guided, modules and functional calls, used once or several times, in place or not.
    The method is defined for ReLU only: a model with another rectifier (ReLU6, GELU, SiLU, …) is
    refused, because the result would silently be the plain gradient.

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

    def forward(self, images: Tensor) -> Tensor:
        with _Watched(dict.fromkeys(spellings("relu"), _positive_only)) as watched:
            logits = self.model(images)
        if isinstance(logits, Tensor) and logits.requires_grad:
            _refuse_unguided(logits, compared=watched.compared)
        return logits


def _positive_only(call: Call) -> Pull:
    active = call.outputs.detach() > 0
    return lambda gradient: gradient.clamp(min=0) * active


# What may stand between image and output beside ReLU, by autograd's names: operations that are
# linear, pool, normalise or gate. A rectifier can be written with most others.
PASSING = frozenset(
    # linear, and what moves values about
    "Convolution ConvolutionOverrideable MkldnnConvolution Addmm Addbmm Addmv Baddbmm "
    "Bmm Mm Mv Dot Linear Add Sub Rsub Neg Mul Div Mean Sum Cumsum AccumulateGrad Alias AsStrided "
    "Cat Chunk Clone Copy CopySlices Diagonal Expand Flip Gather Index IndexFill "
    "IndexSelect Lift "
    "Permute PixelShuffle PixelUnshuffle Repeat ReshapeAlias Roll Select "
    "Slice Split SplitWithSizes Squeeze Stack T ToCopy Transpose Unbind Unfold Unsqueeze "
    "UnsafeSplit UnsafeView View ConstantPadNd ReflectionPad2D ReplicationPad2D GridSampler2D "
    "Im2Col Col2Im "
    # pooling and resampling
    "AdaptiveAvgPool2D AvgPool2D AvgPool3D AdaptiveMaxPool2D MaxPool2DWithIndices MaxPool2D Max "
    "Amax MkldnnAdaptiveAvgPool2D MkldnnMaxPool2D UpsampleBilinear2D UpsampleNearest2D "
    "UpsampleBicubic2D UpsampleBilinear2DAa UpsampleNearestExact2D "
    # normalisation and gates
    "NativeBatchNorm CudnnBatchNorm MiopenBatchNorm NativeLayerNorm NativeGroupNorm "
    "NativeDropout Hardsigmoid LinalgVectorNorm LogSoftmax Norm Pow Rsqrt Sigmoid Softmax Sqrt Std "
    "Tanh Var VarMean".split()
)
# Of these, what works value by value: a factor and such a function of it make a gate of its own.
BY_VALUE = frozenset(
    "Add Sub Rsub Neg Mul Div Pow Rsqrt Sqrt Sigmoid Tanh Hardsigmoid Clone Alias ToCopy".split()
)
# As operators the comparisons have names of their own.
COMPARISONS = {
    *spellings("gt", "ge", "lt", "le", "greater", "less", "sign", "sgn", "heaviside"),
    *(getattr(Tensor, f"__{name}__") for name in ("gt", "ge", "lt", "le")),
}


class _Watched(Substitution):
    """Guides the ReLUs and notes whether the model compares activations with something."""

    compared = False

    def __torch_function__(
        self, func: Callable, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        # Of a detached copy as well: its mask is applied to the values themselves.
        self.compared |= func in COMPARISONS
        return super().__torch_function__(func, types, args, kwargs)


def _refuse_unguided(logits: Tensor, *, compared: bool) -> None:
    nodes = list(graph_nodes(logits))
    missed = Counter(found for node in nodes if (found := _unguided(node, compared=compared)))
    if missed:
        found = ", ".join(f"{count} × {name}" for name, count in sorted(missed.items()))
        raise ValueError(
            f"guided backpropagation is defined for ReLU only; this model also has {found}, "
            "where it would silently be the plain gradient: use a model whose activations are all "
            "calls of ReLU (neither scripted nor compiled), or another method"
        )
    if not any(is_replaced(node) for node in nodes):
        raise ValueError(
            "there is nothing to guide: no ReLU lies between the image and the model's output; "
            "guided backpropagation would be the plain gradient, which is the method 'saliency'"
        )


def _unguided(node: Any, *, compared: bool) -> str:
    """What a node is that may be a rectifier and is not guided; empty for all others."""
    name = operation(node)
    if is_replaced(node):
        return ""
    if name == "Relu":
        return "ReLU that is not called as torch's function"
    if is_clamp(node) and not is_rectifier(node):
        return ""
    if name not in PASSING or is_opaque(node):
        return name
    if name == "Mul" and compared and _is_mask(node):
        return "product with a mask of comparisons"
    if name in ("Mul", "Div") and _gates_itself(node):
        return "product of values with a function of themselves"
    return ""


def _is_mask(node: Any) -> bool:
    """Whether a product's other factor, outside the graph, holds zeros and ones."""
    for saved in (node._saved_other, node._saved_self):
        if isinstance(saved, Tensor) and not saved.requires_grad and saved.numel() > 1:
            values = saved.float().abs()
            return bool(((values == 0) | (values == 1)).all())
    return False


def _gates_itself(node: Any) -> bool:
    """Whether both factors come, value by value, from the same values; x² does not rectify."""
    first, second = (parent for parent, _ in node.next_functions)
    if first is None or second is None or first is second:
        return False
    return bool(_sources(first) & _sources(second))


def _sources(node: Any) -> set[Any]:
    """The node and those from which it comes value by value."""
    found, stack = set(), [node]
    while stack:
        here = stack.pop()
        if here is None or here in found:
            continue
        found.add(here)
        if operation(here) in BY_VALUE:
            stack += [parent for parent, _ in here.next_functions]
    return found
