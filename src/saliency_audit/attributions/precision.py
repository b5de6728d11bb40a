"""Double precision where there is any: not every device has float64 (Apple's MPS has none)."""

from torch import Tensor

WITH_FLOAT64 = ("cpu", "cuda")


def where_float64_is(values: Tensor) -> Tensor:
    """The values as they are, on the CPU if their device has no float64."""
    return values if values.device.type in WITH_FLOAT64 else values.cpu()


def in_double(values: Tensor) -> Tensor:
    """The values in float64, on the CPU if their device has none."""
    return where_float64_is(values).double()
