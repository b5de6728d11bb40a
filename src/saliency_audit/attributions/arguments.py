"""The arguments of a call, read and checked in one place for methods and metrics alike."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, fields

from torch import Tensor, nn

from saliency_audit.attributions.called import Model, as_module
from saliency_audit.attributions.engine import frozen
from saliency_audit.attributions.precision import outside_autocast
from saliency_audit.attributions.scores import validate_inputs
from saliency_audit.attributions.targets import Targets, class_indices, predicted_classes
from saliency_audit.errors import refuse_non_bool


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

    def __post_init__(self) -> None:
        for setting in fields(self):
            value = getattr(self, setting.name)
            if isinstance(setting.default, bool):
                refuse_non_bool(setting.name, value)

    def asked(
        self, model: Model, inputs: Tensor, targets: Targets
    ) -> AbstractContextManager["Asked"]:
        """The arguments of a call as this method takes them; see `asked`."""
        return asked(
            model,
            inputs,
            targets,
            check_range=self.check_range,
            batch_size=getattr(self, "batch_size", "auto"),
        )


@dataclass(frozen=True)
class Asked:
    """A call, read.

    Attributes:
        model: frozen; a callable as a module.
        inputs: `(N, C, H, W)`, detached.
        targets: `(N,)` int64 on the device of the inputs.
    """

    model: nn.Module
    inputs: Tensor
    targets: Tensor


@contextmanager
def asked(
    model: Model,
    inputs: Tensor,
    targets: Targets,
    *,
    check_range: bool = True,
    batch_size: int | str = "auto",
    name: str = "inputs",
) -> Iterator[Asked]:
    """The arguments of a call while its model is frozen.

    Args:
        model: maps `(N, C, H, W)` to logits: a module, or any callable (`Called`).
        inputs: `(N, C, H, W)`.
        targets: class indices `(N,)` of any integer type, as a tensor on any device, an array, a
            list or a tuple; an integer for all images; None for the class that the model, in
            evaluation mode, predicts for each image.
        check_range: see `Method`.
        batch_size: images per forward pass where classes are predicted.
        name: of the inputs among the caller's arguments.

    Raises:
        ValueError: malformed inputs or targets, or a model that cannot be called or does not
            answer for each image by itself.
    """
    validate_inputs(inputs, check_range=check_range, name=name)
    inputs = inputs.detach()
    given = None if targets is None else class_indices(targets, inputs)
    module = as_module(model)
    with outside_autocast(inputs.device), frozen(module, inputs):
        classes = predicted_classes(module, inputs, batch_size) if given is None else given
        yield Asked(module, inputs, classes)


def fixed_targets(model: Model, inputs: Tensor, targets: Targets) -> Tensor:
    """Targets as `(N,)` int64, to be given to several models: None is what this one predicts.

    Arguments and errors as in `asked`.
    """
    with asked(model, inputs, targets, check_range=False) as call:
        return call.targets
