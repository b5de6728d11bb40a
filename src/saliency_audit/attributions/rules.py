"""Rules: how the points, scores and gradients of a path become an attribution map.

A rule is streamed: it gets a block of consecutive points of each image at a time and keeps only
what it needs, so memory does not grow with the number of steps.
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from torch import Tensor


class Accumulator(Protocol):
    """The running state of a rule over one block of images."""

    def update(self, scores: Tensor, gradients: Tensor, increments: Tensor | None) -> None:
        """Take the next `s` points: scores `(N, s)`, gradients and increments `(N, s, C, H, W)`."""
        ...

    def result(self, end: Tensor | None) -> Tensor:
        """The maps `(N, C, H, W)`; `end` is the score `(N,)` beyond the last point, if any."""
        ...


class Rule(Protocol):
    """Makes accumulators; one frozen dataclass per rule."""

    @property
    def needs_increments(self) -> bool:
        """Whether it uses the path's increments (otherwise they are not computed)."""
        ...

    @property
    def needs_ends(self) -> bool:
        """Whether it uses the scores at the ends of the path where no point lies."""
        ...

    def start(self, start: Tensor | None) -> Accumulator:
        """A fresh accumulator; `start` is the score `(N,)` before the first point, if any."""
        ...


class _RiemannSum:
    def __init__(self) -> None:
        self._total: Tensor | float = 0.0

    def update(self, scores: Tensor, gradients: Tensor, increments: Tensor | None) -> None:
        assert increments is not None, "the path must give its increments to this rule"
        self._total = self._total + (gradients * increments).sum(dim=1)

    def result(self, end: Tensor | None) -> Tensor:
        return torch.as_tensor(self._total)


@dataclass(frozen=True)
class Riemann:
    """Σ_j ∂f/∂x(γ_j) ⊙ Δγ_j: the plain Riemann sum of the path integral.

    Signed, in units of the class score; on a smooth path its sum approaches f(x) − f(x′) as the
    steps grow.

    Source: IDGI study, Eq. 1.
    """

    needs_increments: ClassVar[bool] = True
    needs_ends: ClassVar[bool] = False

    def start(self, start: Tensor | None = None) -> Accumulator:
        """A fresh accumulator."""
        return _RiemannSum()


class _WeightedMean:
    def __init__(self, weights: tuple[float, ...]) -> None:
        self._total: Tensor | float = 0.0
        self._weights = weights
        self._seen = 0

    def update(self, scores: Tensor, gradients: Tensor, increments: Tensor | None) -> None:
        last = self._seen + gradients.shape[1]
        assert last <= len(self._weights), "more points than weights"
        weights = gradients.new_tensor(self._weights[self._seen : last])
        self._total = self._total + torch.einsum("s,nschw->nchw", weights, gradients)
        self._seen = last

    def result(self, end: Tensor | None) -> Tensor:
        return torch.as_tensor(self._total)


@dataclass(frozen=True)
class MeanGradient:
    """Σ_j w_j ∂f/∂x(γ_j): Integrated Gradients before the product with x − x′.

    Signed, in units of the score per unit of intensity. On the straight path, with the weights of
    its quadrature (`quadrature.nodes`), this times x − x′ is the map of `Riemann`.

    Source: MeGe/ReCo paper, §4.4, on the effect of the product.
    """

    weights: tuple[float, ...]

    needs_increments: ClassVar[bool] = False
    needs_ends: ClassVar[bool] = False

    def start(self, start: Tensor | None = None) -> Accumulator:
        """A fresh accumulator."""
        return _WeightedMean(self.weights)


class _RunningMaximum:
    def __init__(self, *, absolute: bool) -> None:
        self._absolute = absolute
        self._highest: Tensor | None = None

    def update(self, scores: Tensor, gradients: Tensor, increments: Tensor | None) -> None:
        found = (gradients.abs() if self._absolute else gradients).amax(dim=1)
        self._highest = found if self._highest is None else torch.maximum(self._highest, found)

    def result(self, end: Tensor | None) -> Tensor:
        assert self._highest is not None, "a path has at least one point"
        return self._highest


@dataclass(frozen=True)
class Maximum:
    """max_j ∂f/∂x(γ_j): the largest gradient along the path, per pixel and channel.

    Signed as printed: a pixel whose gradient is negative everywhere gets the one closest to zero.
    With `absolute`, the largest magnitude. In units of the score per unit of intensity. Only one
    map is kept, so memory does not grow with the number of visits.

    Source: GGIG paper, Algorithm 1, line 10.
    """

    absolute: bool = False

    needs_increments: ClassVar[bool] = False
    needs_ends: ClassVar[bool] = False

    def start(self, start: Tensor | None = None) -> Accumulator:
        """A fresh accumulator."""
        return _RunningMaximum(absolute=self.absolute)


class _MeanOfMaxima:
    def __init__(self, rule: "MeanOfMaxima") -> None:
        self._rule = rule
        self._mean = _WeightedMean(rule.weights)
        self._highest: Tensor | None = None
        self._visits = 0

    def update(self, scores: Tensor, gradients: Tensor, increments: Tensor | None) -> None:
        found = gradients.abs() if self._rule.absolute else gradients
        self._highest = found if self._highest is None else torch.maximum(self._highest, found)
        self._visits += 1
        if self._visits == self._rule.visits:
            self._mean.update(scores, self._highest, increments)
            self._highest, self._visits = None, 0

    def result(self, end: Tensor | None) -> Tensor:
        assert self._highest is None, "a climb was not finished"
        return self._mean.result(end)


@dataclass(frozen=True)
class MeanOfMaxima:
    """Σ_k w_k max_j ∂f/∂x(γ_kj): the largest gradient of each climb, averaged over the line.

    For an `AscendingPath` of `visits` ascents; `weights` are those of the line's quadrature. This
    is the second variant of the authors' code, which averages by the trapezoidal rule.

    Source: the published implementation of the GGIG paper's authors; it is not in the paper.
    """

    weights: tuple[float, ...]
    visits: int
    absolute: bool = False

    needs_increments: ClassVar[bool] = False
    needs_ends: ClassVar[bool] = False

    def start(self, start: Tensor | None = None) -> Accumulator:
        """A fresh accumulator."""
        return _MeanOfMaxima(self)


class _ImportantDirectionSum:
    def __init__(self, start: Tensor | None) -> None:
        self._total: Tensor | float = 0.0
        self._score = start
        self._direction: Tensor | None = None

    def update(self, scores: Tensor, gradients: Tensor, increments: Tensor | None) -> None:
        directions = _squared_shares(gradients)
        if self._score is not None:
            # There is no gradient before the first point: the step up to it uses its gradient.
            direction = directions[:, 0] if self._direction is None else self._direction
            self._total = self._total + direction * _per_image(scores[:, 0] - self._score)
        steps = scores[:, 1:] - scores[:, :-1]
        self._total = self._total + torch.einsum("ns,nschw->nchw", steps, directions[:, :-1])
        self._direction, self._score = directions[:, -1].clone(), scores[:, -1].clone()

    def result(self, end: Tensor | None) -> Tensor:
        if end is None or self._direction is None or self._score is None:
            return torch.as_tensor(self._total)
        return self._total + self._direction * _per_image(end - self._score)


@dataclass(frozen=True)
class IDGI:
    """Important Direction Gradient Integration: each step's change of f by squared gradient.

    Σ_j g_j² / ‖g_j‖² · (f(γ_{j+1}) − f(γ_j)) with g_j = ∂f/∂x(γ_j). The map sums to the change of f
    along the path for any number of steps (the sum telescopes), from the baseline to the input:
    where no point lies at an end, its score is evaluated too. (Blur IG has no baseline: its path
    begins at its most blurred point, which depends slightly on the number of points.) If a gradient
    is zero everywhere, the direction is undefined; the step then contributes nothing, and its
    change of f is missing from the sum. This happens at a black baseline for a network whose biases
    are all zero, as in some untrained ones: choose another baseline there.

    Source: Yang et al. 2023 (Algorithm 1); IDGI study, §3.
    """

    needs_increments: ClassVar[bool] = False
    needs_ends: ClassVar[bool] = True

    def start(self, start: Tensor | None = None) -> Accumulator:
        """A fresh accumulator."""
        return _ImportantDirectionSum(start)


def _per_image(values: Tensor) -> Tensor:
    return values[:, None, None, None]


def _squared_shares(gradients: Tensor) -> Tensor:
    """g²/Σg² per point; scaled by max|g| first, so that tiny gradients do not underflow."""
    largest = gradients.abs().amax(dim=(2, 3, 4), keepdim=True)
    squares = (gradients / torch.where(largest > 0, largest, torch.ones_like(largest))).square_()
    total = squares.sum(dim=(2, 3, 4), keepdim=True)
    return squares.div_(torch.where(total > 0, total, torch.ones_like(total)))
