"""DeepLIFT's rules: how a nonlinearity propagates a difference from the reference.

All rules get a batch whose first half holds the images and whose second half their references, in
the same order. They return multipliers for the images and zeros for the references.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from saliency_audit.attributions.substitution import Call, Pull, Rule, spellings

ELEMENTWISE = (
    "relu relu6 leaky_relu rrelu elu celu selu prelu gelu silu mish hardswish hardsigmoid hardtanh "
    "sigmoid tanh softplus softsign logsigmoid threshold hardshrink softshrink tanhshrink "
    "clamp clamp_min clamp_max clip exp expm1 log log1p sqrt rsqrt square abs"
).split()
MAX_POOLS = "max_pool1d max_pool2d max_pool3d adaptive_max_pool1d adaptive_max_pool2d".split()


def rescale_rules(pictures: int) -> dict[Callable, Rule]:
    """The rules by torch function, for batches of `pictures` images and as many references."""
    return {
        **dict.fromkeys(spellings(*ELEMENTWISE), partial(_elementwise, pictures)),
        **dict.fromkeys(spellings(*MAX_POOLS), partial(_max_pool, pictures)),
        **dict.fromkeys(spellings("softmax"), partial(_softmax, pictures)),
        **dict.fromkeys(spellings("log_softmax"), partial(_log_softmax, pictures)),
    }


def _elementwise(pictures: int, call: Call) -> Pull:
    """Rescale rule: Δout/Δin, which is the mean slope between reference and image."""
    x, reference = _halves(call.inputs, pictures)
    y, y_reference = _halves(call.outputs, pictures)
    (slopes,) = torch.autograd.grad(call.outputs.sum(), call.inputs)
    near = _near(x, reference, torch.maximum(y.abs(), y_reference.abs()))
    multipliers = torch.where(
        near, slopes[: len(x)], (y - y_reference) / _nonzero(x - reference, near)
    )
    return lambda gradient: _images_only(gradient[: len(x)] * multipliers)


def _max_pool(pictures: int, call: Call) -> Pull:
    """Max pooling: the difference is split at the larger of the two maxima.

    With m = max(out, out′), m − out′ is due to the image's winner and out − m to the reference's
    winner. Contributions of several windows to one pixel add up.
    """
    x, reference = _halves(call.inputs, pictures)
    y, y_reference = _halves(call.outputs, pictures)
    higher = torch.maximum(y, y_reference)
    shares = torch.cat([higher - y_reference, y - higher])
    near = _near(x, reference)
    difference = _nonzero(x - reference, near)

    def pull(gradient: Tensor) -> Tensor:
        both = gradient[: len(x)].repeat(2, *[1] * (gradient.ndim - 1))
        outputs, inputs = call.outputs, call.inputs
        (routed,) = torch.autograd.grad(outputs, inputs, both * shares, retain_graph=True)
        (plain,) = torch.autograd.grad(outputs, inputs, both)
        contributions = routed[: len(x)] + routed[len(x) :]
        return _images_only(torch.where(near, plain[: len(x)], contributions / difference))

    return pull


def _log_softmax(pictures: int, call: Call) -> Pull:
    """Log softmax, split into exp, sum and log, each by the rescale rule."""
    dim = _dim(call)
    x, reference = _halves(call.inputs, pictures)
    total = x.logsumexp(dim, keepdim=True)
    total_reference = reference.logsumexp(dim, keepdim=True)
    shares = (_log_mean_exp(x, reference) - _log_mean_exp(total, total_reference)).exp()

    def pull(gradient: Tensor) -> Tensor:
        images = gradient[: len(x)]
        return _images_only(images - shares * images.sum(dim, keepdim=True))

    return pull


def _softmax(pictures: int, call: Call) -> Pull:
    """Softmax: the exponential of log softmax, by the rescale rule."""
    pull_logarithm = _log_softmax(pictures, call)
    y, y_reference = _halves(call.inputs.log_softmax(_dim(call)), pictures)
    slopes = _log_mean_exp(y, y_reference).exp()
    return lambda gradient: pull_logarithm(_images_only(gradient[: len(y)] * slopes))


def _dim(call: Call) -> int:
    dim = call.options.get("dim", call.arguments[0] if call.arguments else None)
    if dim is None:
        raise ValueError("the model calls softmax without saying along which dimension: give dim")
    return dim


def _halves(values: Tensor, pictures: int) -> tuple[Tensor, Tensor]:
    """Images and references, detached."""
    if len(values) != pictures:
        raise ValueError(
            "DeepLIFT compares each image with its reference along the first dimension, but a "
            f"nonlinearity of this model got {len(values)} rows for {pictures} pictures: keep the "
            "batch first, or use another method"
        )
    images, references = values.detach().chunk(2)
    return images, references


def _near(x: Tensor, reference: Tensor, outputs: Tensor | None = None) -> Tensor:
    """Where the difference is lost in rounding; the slope at the image is used there instead."""
    tolerance = torch.finfo(x.dtype).eps ** (2 / 3)
    scale = torch.maximum(x.abs(), reference.abs())
    if outputs is not None:
        scale = torch.maximum(scale, outputs)
    return (x - reference).abs() <= tolerance * scale


def _nonzero(difference: Tensor, near: Tensor) -> Tensor:
    return torch.where(near, torch.ones_like(difference), difference)


def _log_mean_exp(a: Tensor, b: Tensor) -> Tensor:
    """log of (exp a − exp b)/(a − b), the mean slope of exp between two numbers."""
    distance = (a - b).abs()
    ratio = -torch.expm1(-distance) / torch.where(distance > 0, distance, 1.0)
    return torch.maximum(a, b) + torch.where(distance > 0, ratio, 1.0).log()


def _images_only(gradient: Tensor) -> Tensor:
    """Zero rows for the references after the rows of the images."""
    return torch.cat([gradient, torch.zeros_like(gradient)])
