"""Quadratures on [0, 1]: the sample points of a path and their weights."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from saliency_audit.errors import refuse_unknown

Array = NDArray[np.float64]
Nodes = tuple[Array, Array]


def _mean(n: int) -> Nodes:
    return np.linspace(0, 1, n), np.full(n, 1 / n)


def _trapezoid(n: int) -> Nodes:
    weights = np.full(n, 1 / (n - 1))
    weights[[0, -1]] /= 2
    return np.linspace(0, 1, n), weights


def _left(n: int) -> Nodes:
    return np.arange(n) / n, np.full(n, 1 / n)


def _right(n: int) -> Nodes:
    return np.arange(1, n + 1) / n, np.full(n, 1 / n)


def _midpoint(n: int) -> Nodes:
    return (np.arange(n) + 0.5) / n, np.full(n, 1 / n)


def _gauss_legendre(n: int) -> Nodes:
    nodes, weights = np.polynomial.legendre.leggauss(n)
    return (nodes + 1) / 2, weights / 2


QUADRATURES: dict[str, Callable[[int], Nodes]] = {
    "mean": _mean,
    "trapezoid": _trapezoid,
    "left": _left,
    "right": _right,
    "midpoint": _midpoint,
    "gauss_legendre": _gauss_legendre,
}
# These include both ends of the path.
CLOSED = ("mean", "trapezoid")


def nodes(quadrature: str, n: int) -> Nodes:
    """Increasing positions α in [0, 1] and weights, which sum to one: two arrays `(n,)`, float64.

    "mean" is that of the reference implementation of the path methods (PAIR saliency): n
    equidistant points, both ends included, each with weight 1/n. Its bias is of order 1/n, that of
    "trapezoid" on the same points of order 1/n². "gauss_legendre" is exact for polynomials up to
    degree 2n−1.

    Raises:
        ValueError: unknown quadrature.
    """
    refuse_unknown("quadrature", quadrature, QUADRATURES)
    return QUADRATURES[quadrature](n)


def weights(quadrature: str, n: int) -> tuple[float, ...]:
    """The weights of `nodes` as a tuple, which a frozen dataclass can hold."""
    return tuple(nodes(quadrature, n)[1].tolist())
