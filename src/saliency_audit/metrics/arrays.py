"""Arrays of numbers that a user gave."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from saliency_audit.errors import shown


def floats(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Array-like numbers in float64.

    Raises:
        ValueError: names what is no array of numbers.
    """
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(
            f"{name} must be an array of numbers, got {shown(values)}; give lists of one length, "
            "an array, or a tensor on the CPU without gradients"
        ) from None
