"""Any callable as a model: a function, a method, a `partial`, an object with `__call__`."""

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import Tensor, nn

#: What is explained: a module, or whatever answers a batch `(N, C, H, W)` with logits.
Model = nn.Module | Callable[[Tensor], Tensor]


class Called(nn.Module):
    """A callable as a module.

    A method's own network is a part of it, and is put in evaluation mode like any model. Networks
    that a function merely uses are not known: they are used as they stand.

    Args:
        function: maps `(N, C, H, W)` to logits.
        network: whose method it is, or None.
    """

    def __init__(self, function: Callable[[Tensor], Tensor], network: nn.Module | None) -> None:
        super().__init__()
        self.function, self.network = function, network

    def forward(self, images: Tensor) -> Tensor:
        """What the callable answers."""
        return self.function(images)


def as_module(model: Any) -> nn.Module:
    """The model itself if it is a module, else the callable as one.

    Raises:
        ValueError: neither a module nor a callable of images.
    """
    if isinstance(model, nn.Module):
        return model
    if isinstance(model, type) or not callable(model):
        kind = f"the class {model.__name__}" if isinstance(model, type) else type(model).__name__
        raise ValueError(
            f"the model must be a torch.nn.Module or a function from images to logits, got {kind}"
        )
    function = model
    while isinstance(function, partial):
        function = function.func
    owner = getattr(function, "__self__", None)
    return Called(model, owner if isinstance(owner, nn.Module) else None)


def network_of(model: nn.Module) -> nn.Module | None:
    """The module whose layers have names: the model, or a method's network; None for a function."""
    return model.network if isinstance(model, Called) else model


def uses_unknown_networks(model: nn.Module) -> bool:
    """Whether a function is part of the model, behind which networks may stand as they are."""
    return any(isinstance(part, Called) and part.network is None for part in model.modules())
