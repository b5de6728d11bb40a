"""The arguments of a call, read and checked in one place for methods and metrics alike."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from torch import Tensor, nn

from saliency_audit.attributions.engine import frozen
from saliency_audit.attributions.scores import validate_inputs


@dataclass(frozen=True)
class Method:
    """What every explanation method has.

    Attributes:
        check_range: whether inputs outside [0, 1] are refused, as they are by default. Without, any
            finite numbers are explained, such as standardised pixels, or pictures that a metric
            has perturbed. What a method calls black is 0 then and white is 1, in the unit of the
            inputs: of standardised pixels 0 is the mean colour.
    """

    check_range: bool = field(default=True, kw_only=True)


@dataclass(frozen=True)
class Asked:
    """A call, read.

    Attributes:
        model: frozen.
        inputs: `(N, C, H, W)`, detached.
        targets: `(N,)` int64.
    """

    model: nn.Module
    inputs: Tensor
    targets: Tensor


@contextmanager
def asked(
    model: nn.Module, inputs: Tensor, targets: Tensor, *, check_range: bool = True
) -> Iterator[Asked]:
    """The arguments of a call while its model is frozen.

    Args:
        model: maps `(N, C, H, W)` to logits.
        inputs: `(N, C, H, W)`.
        targets: `(N,)` int64.
        check_range: see `Method`.

    Raises:
        ValueError: malformed inputs or targets, or a model that is no module or does not answer
            for each image by itself.
    """
    validate_inputs(inputs, targets, check_range=check_range)
    inputs = inputs.detach()
    with frozen(model, inputs):
        yield Asked(model, inputs, targets)
