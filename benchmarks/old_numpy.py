"""What PAIR uses of numpy and numpy 2.4 no longer has, put back while PAIR runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np


@contextmanager
def old_numpy() -> Iterator[None]:
    """`np.quantile(…, interpolation=…)` and `np.trapz`."""
    current = np.quantile

    def quantile(*args: Any, interpolation: str = "linear", **kwargs: Any) -> Any:
        return current(*args, **{"method": interpolation, **kwargs})

    with (
        patch.object(np, "quantile", quantile),
        patch.object(np, "trapz", np.trapezoid, create=True),
    ):
        yield
