"""Rules: what turns the points, scores and gradients of a path into an attribution map.

A rule is streamed: it sees a block of consecutive points of each image at a time and keeps only
what it needs, so memory does not grow with the number of steps.
"""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


class Accumulator(Protocol):
    """The running state of a rule over one block of images."""

    def update(self, scores: Tensor, gradients: Tensor, increments: Tensor) -> None:
        """Take the next `s` points: scores `(N, s)`, gradients and increments `(N, s, C, H, W)`."""
        ...

    def result(self) -> Tensor:
        """The attribution maps `(N, C, H, W)` after the last point."""
        ...


class Rule(Protocol):
    """Makes accumulators; one frozen dataclass per rule."""

    def start(self) -> Accumulator:
        """A fresh accumulator."""
        ...


class _RiemannSum:
    def __init__(self) -> None:
        self._total: Tensor | float = 0.0

    def update(self, scores: Tensor, gradients: Tensor, increments: Tensor) -> None:
        self._total = self._total + (gradients * increments).sum(dim=1)

    def result(self) -> Tensor:
        return torch.as_tensor(self._total)


@dataclass(frozen=True)
class Riemann:
    """Σ_j ∂f/∂x(γ_j) ⊙ Δγ_j: the plain Riemann sum of the path integral.

    Signed, in units of the class score; its sum approaches f(x) − f(x′) as the steps grow.

    Source: IDGI study, Eq. 1.
    """

    def start(self) -> Accumulator:
        """A fresh accumulator."""
        return _RiemannSum()


class _ImportantDirectionSum:
    def __init__(self) -> None:
        self._total: Tensor | float = 0.0
        self._direction: Tensor | None = None
        self._score: Tensor | None = None

    def update(self, scores: Tensor, gradients: Tensor, increments: Tensor) -> None:
        directions = _squared_shares(gradients)
        steps = scores[:, 1:] - scores[:, :-1]
        if self._direction is not None and self._score is not None:
            carried = (scores[:, 0] - self._score)[:, None, None, None]
            self._total = self._total + self._direction * carried
        self._total = self._total + torch.einsum("ns,nschw->nchw", steps, directions[:, :-1])
        self._direction, self._score = directions[:, -1].clone(), scores[:, -1].clone()

    def result(self) -> Tensor:
        return torch.as_tensor(self._total)


@dataclass(frozen=True)
class IDGI:
    """Important Direction Gradient Integration: each step's change of f along the gradient only.

    Σ_j g_j² / ‖g_j‖² · (f(γ_{j+1}) − f(γ_j)) with g_j = ∂f/∂x(γ_j). The map sums to
    f(x) − f(x′) at any number of steps (the sum telescopes). The gradient at the last point is
    not used. Where a gradient is zero everywhere the direction is undefined; that step then
    contributes nothing and its change of f is missing from the sum.

    Source: Yang et al. 2023 (Algorithm 1); IDGI study, §3.
    """

    def start(self) -> Accumulator:
        """A fresh accumulator."""
        return _ImportantDirectionSum()


def _squared_shares(gradients: Tensor) -> Tensor:
    """g²/Σg² per point; scaled by max|g| first so that squares of tiny gradients do not vanish."""
    largest = gradients.abs().amax(dim=(2, 3, 4), keepdim=True)
    squares = (gradients / torch.where(largest > 0, largest, torch.ones_like(largest))).square()
    total = squares.sum(dim=(2, 3, 4), keepdim=True)
    return squares / torch.where(total > 0, total, torch.ones_like(total))
