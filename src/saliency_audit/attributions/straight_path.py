"""The straight line of Integrated Gradients."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from saliency_audit.attributions.paths import SinglePass, validate_steps
from saliency_audit.attributions.quadrature import CLOSED, nodes


@dataclass(frozen=True)
class StraightPath:
    """γ(α) = x′ + α (x − x′) at the nodes of a quadrature.

    `quadrature` is "mean" (default; both ends included, each point weighs 1/steps, as in the
    reference implementation of the paper's methods), "trapezoid", "left", "right", "midpoint" or
    "gauss_legendre"; see `quadrature.nodes`.

    Source: Integrated Gradients (Sundararajan et al. 2017, Eq. 1).
    """

    steps: int = 32
    quadrature: str = "mean"
    adaptive: ClassVar[bool] = False
    has_baseline: ClassVar[bool] = True

    def __post_init__(self) -> None:
        validate_steps(self.steps, 2 if self.quadrature in CLOSED else 1)
        nodes(self.quadrature, self.steps)

    def start(self, inputs: Tensor, baselines: Tensor) -> "StraightWalker":
        """The line from each baseline to its image."""
        return StraightWalker(self, inputs, baselines)


class StraightWalker(SinglePass):
    """The straight line bound to a block of images; see `paths.Walker`."""

    def __init__(self, path: StraightPath, inputs: Tensor, baselines: Tensor) -> None:
        self._inputs, self._baselines = inputs, baselines
        positions, weights = nodes(path.quadrature, path.steps)
        self._alphas = self._along(positions)
        self._weights = self._along(weights)
        self.start = None if positions[0] == 0 else baselines
        self.end = None if positions[-1] == 1 else inputs

    def _along(self, values: object) -> Tensor:
        return torch.as_tensor(values).to(self._inputs).reshape(1, -1, 1, 1, 1)

    def points(self, first: int, last: int) -> Tensor:
        """Points `first … last-1`: `(N, last-first, C, H, W)`."""
        # lerp reaches both ends exactly, which keeps the telescoping sum of IDGI exact.
        alphas = self._alphas[:, first:last]
        return torch.lerp(self._baselines[:, None], self._inputs[:, None], alphas)

    def increments(self, first: int, last: int, gradients: Tensor) -> Tensor:
        """Weight times (x − x′): `(N, last-first, C, H, W)`."""
        return self._weights[:, first:last] * (self._inputs - self._baselines)[:, None]
