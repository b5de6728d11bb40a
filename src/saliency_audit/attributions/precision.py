"""Double precision where there is any, and no less than that of the images under autocast."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar

import torch
from torch import Tensor

# Apple's MPS has none.
WITH_FLOAT64 = ("cpu", "cuda")
WITH_AUTOCAST = ("cpu", "cuda", "mps")


def where_float64_is(values: Tensor) -> Tensor:
    """The values as they are, on the CPU if their device has no float64."""
    return values if values.device.type in WITH_FLOAT64 else values.cpu()


def in_double(values: Tensor) -> Tensor:
    """The values in float64, on the CPU if their device has none."""
    return where_float64_is(values).double()


# The type of an autocast around a call.
_AROUND: ContextVar[torch.dtype | None] = ContextVar("autocast around the call", default=None)


@contextmanager
def outside_autocast(device: torch.device) -> Iterator[None]:
    """Sums and blurs of ours in the images' precision, whatever autocast is around the call."""
    kind = device.type
    if kind not in WITH_AUTOCAST or not torch.is_autocast_enabled(kind):
        yield
        return
    before = _AROUND.set(torch.get_autocast_dtype(kind))
    try:
        with torch.autocast(kind, enabled=False):
            yield
    finally:
        _AROUND.reset(before)


def as_around_the_call(device: torch.device) -> AbstractContextManager[object]:
    """For the model's own passes: the autocast that `outside_autocast` suspended."""
    suspended = _AROUND.get()
    if suspended is None:
        return nullcontext()
    return torch.autocast(device.type, dtype=suspended)
