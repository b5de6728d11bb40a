"""Finds rectifiers that are not calls of torch's ReLU in a model's autograd graph."""

from collections.abc import Set
from itertools import permutations
from math import prod
from typing import Any

import torch
from torch import Tensor

from saliency_audit.attributions.substitution import (
    is_clamp,
    is_opaque,
    is_rectifier,
    is_replaced,
    operation,
)

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
# Softmax counts: over a value and a constant it is the sigmoid.
BENDING = frozenset("Pow Rsqrt Sqrt Sigmoid Tanh Hardsigmoid Softmax".split())
VIEWS = frozenset(
    "Alias Clone Expand Permute ReshapeAlias Select Slice Split SplitWithSizes Squeeze T ToCopy "
    "Transpose Unbind UnsafeSplit UnsafeView Unsqueeze View".split()
)
JOINING = frozenset(("Cat", "Stack"))
BY_VALUE = BENDING | VIEWS | JOINING | frozenset("Add Sub Rsub Neg Mul Div".split())
REDUCING = frozenset("Amax LinalgVectorNorm Max Mean Norm Std Sum Var".split())
NORMS = frozenset("LinalgVectorNorm Norm Std Var VarMean Sum Sqrt".split())


def unguided(node: Any, *, own: Set[int]) -> str:
    """What a node is that may be a rectifier and is not guided; empty for all others.

    Args:
        node: a node of autograd's graph, made while ReLUs were replaced.
        own: where the model's parameters and buffers lie in memory: a factor there is no mask
            computed from the values.
    """
    name = operation(node)
    if is_replaced(node):
        return ""
    if name == "LeakyRelu" and node._saved_negative_slope > 0:
        return ""  # lets every gradient through
    if name == "Relu":
        return "ReLU that is not called as torch's function"
    if is_clamp(node):
        return name if is_rectifier(node) or _bends_at_one_end(node) else ""
    if name not in PASSING or is_opaque(node):
        return name
    if name in ("Mul", "Div") and _is_masked(node, own):
        return "product with a mask computed from the values"
    if name in ("Mul", "Div") and _gates_itself(node):
        return "product of values with a function of themselves"
    if name in ("Add", "Sub", "Rsub") and _bends_itself(node):
        return "sum of values with a function of themselves"
    if name in ("Max", "Amax") and _is_over_parts(node):
        return "maximum of tensors"
    return ""


def _bends_at_one_end(node: Any) -> bool:
    """Whether a clamp at one end is a rectifier with another threshold than 0.

    It is not where it only keeps a divisor off 0, or cuts off what is out of proportion.
    """
    low, high = (getattr(node, f"_saved_{end}", None) for end in ("min", "max"))
    if low is not None and high is not None:
        return False
    bound = torch.as_tensor(high if low is None else low)
    if bool((bound.abs() >= 1e3).all()):
        return False
    if low is None:
        return True
    clamped = _behind_views(node.next_functions[0][0])
    after_relu = is_replaced(clamped) and bool((bound <= 0.01).all())
    return not (after_relu or operation(clamped) in NORMS)


def _is_masked(node: Any, own: Set[int]) -> bool:
    """Whether one factor is outside the graph, not the model's, and has a value for every value.

    Factors that are computed from parameters, per channel or per place, lack the images' axis. A
    mask on the images themselves, or on a weight, stands before all layers.
    """
    parents = [parent for parent, _ in node.next_functions]
    names = ("_saved_self", "_saved_other")
    outside = [name for parent, name in zip(parents, names, strict=False) if parent is None]
    factor = getattr(node, outside[0], None) if outside else None
    if not isinstance(factor, Tensor) or factor.numel() < 2:
        return False
    (inside,) = (parent for parent in parents if parent is not None)
    return (
        factor.shape == tuple(node._input_metadata[0].shape)
        and factor.untyped_storage().data_ptr() not in own
        and operation(_behind_views(inside)) != "AccumulateGrad"
    )


def _behind_views(node: Any) -> Any:
    """The node that made the values which a node only shows in another form."""
    while operation(node) in VIEWS:
        node = node.next_functions[0][0]
    return node


def _gates_itself(node: Any) -> bool:
    """Whether both factors come, value by value, from the same values; x² does not rectify."""
    factors = {parent for parent, _ in node.next_functions} - {None}
    if len(factors) < 2:
        return False
    first, second = map(_sources, factors)
    return bool(first.keys() & second.keys())


def _bends_itself(node: Any) -> bool:
    """Whether the same values come straight on one side and through a bent function on the other.

    √(x² + c) is the absolute value, rounded off at 0.
    """
    sides = [_sources(parent) for parent, _ in node.next_functions]
    return any(
        True in bent and False in straight.get(source, ())
        for straight, bending in permutations(sides, 2)
        for source, bent in bending.items()
    )


def _sources(node: Any) -> dict[Any, set[bool]]:
    """The node and those from which it comes value by value: straight (False), bent (True)."""
    found: dict[Any, set[bool]] = {}
    stack = [(node, False)]
    while stack:
        here, bent = stack.pop()
        if here is None or bent in found.setdefault(here, set()):
            continue
        found[here].add(bent)
        name = operation(here)
        over_parts = name in REDUCING and _is_over_parts(here)
        if name not in BY_VALUE and not over_parts:
            continue
        parents = [parent for parent, _ in here.next_functions]
        squared = name == "Mul" and len(parents) == 2 and parents[0] is parents[1]
        bent = bent or squared or name in BENDING or (over_parts and name in NORMS - {"Sum"})
        stack += [(parent, bent) for parent in parents]
    return found


def _is_over_parts(node: Any) -> bool:
    """Whether a reduction runs over tensors stacked just before: value by value among them."""
    joined = node.next_functions[0][0]
    if operation(joined) not in JOINING or not hasattr(node, "_saved_dim"):
        return False
    sizes = joined._input_metadata[0].shape
    dims = {_axis(dim, len(sizes)) for dim in _listed(node._saved_dim)}
    parts = len(joined.next_functions)
    return (
        _axis(joined._saved_dim, len(sizes)) in dims and prod(sizes[dim] for dim in dims) == parts
    )


def _listed(dims: Any) -> tuple[int, ...]:
    if dims is None:
        return ()
    return tuple(dims) if isinstance(dims, tuple | list) else (dims,)


def _axis(dim: int, rank: int) -> int:
    """The axis from 0 on; autograd stores negative ones as unsigned numbers of 64 bits."""
    return (dim - 2**64 if dim >= 2**63 else dim) % rank
