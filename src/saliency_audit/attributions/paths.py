"""Paths from a baseline x′ to an image x, as discrete points with the increments between them."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


class Path(Protocol):
    """A family of points γ(0)=x′ … γ(1)=x; one frozen dataclass per path."""

    @property
    def steps(self) -> int:
        """Number of points on the path, both ends included."""
        ...

    def points(self, inputs: Tensor, baselines: Tensor, first: int, last: int) -> Tensor:
        """Points `first … last-1` of each image's path: `(N, last-first, C, H, W)`."""
        ...

    def increments(self, inputs: Tensor, baselines: Tensor, first: int, last: int) -> Tensor:
        """Riemann weight times dγ at those points, broadcastable to their shape."""
        ...


@dataclass(frozen=True)
class StraightPath:
    """The straight line of Integrated Gradients: `steps` points, both ends included.

    γ(α) = x′ + α (x − x′) at α = 0, 1/(steps−1), …, 1.

    `quadrature="mean"` gives every point the weight 1/steps, as the reference implementation of
    the paper's methods (PAIR saliency) does: a sum over both ends whose bias is of order 1/steps.
    `quadrature="trapezoid"` halves the weight of the ends; its weights sum to one exactly.

    Source: Integrated Gradients (Sundararajan et al. 2017, Eq. 1).
    """

    steps: int = 32
    quadrature: str = "mean"

    def __post_init__(self) -> None:
        if not isinstance(self.steps, int) or self.steps < 2:
            raise ValueError(f"a path needs at least 2 points (its two ends), got {self.steps!r}")
        if self.quadrature not in ("mean", "trapezoid"):
            raise ValueError(f"unknown quadrature {self.quadrature!r}; known: mean, trapezoid")

    def points(self, inputs: Tensor, baselines: Tensor, first: int, last: int) -> Tensor:
        """Points `first … last-1` of each image's path: `(N, last-first, C, H, W)`."""
        alphas = torch.arange(first, last, dtype=inputs.dtype, device=inputs.device)
        alphas = (alphas / (self.steps - 1)).reshape(1, -1, 1, 1, 1)
        # lerp meets both ends exactly, which keeps the telescoping sum of IDGI exact.
        return torch.lerp(baselines[:, None], inputs[:, None], alphas)

    def increments(self, inputs: Tensor, baselines: Tensor, first: int, last: int) -> Tensor:
        """Quadrature weight times (x − x′): `(N, last-first, C, H, W)`."""
        if self.quadrature == "mean":
            weights = torch.full((self.steps,), 1 / self.steps, dtype=inputs.dtype)
        else:
            weights = torch.full((self.steps,), 1 / (self.steps - 1), dtype=inputs.dtype)
            weights[0] /= 2
            weights[-1] /= 2
        chosen = weights[first:last].to(inputs.device).reshape(1, -1, 1, 1, 1)
        return chosen * (inputs - baselines)[:, None]
