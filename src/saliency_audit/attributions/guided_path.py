"""The path of Guided Integrated Gradients: features with a small gradient move first."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from saliency_audit.attributions.paths import SinglePass, validate_steps
from saliency_audit.errors import is_whole


@dataclass(frozen=True)
class GuidedPath:
    """From x′ to x in `steps` steps of equal ℓ1 length, moving the features that matter least.

    In every step the `fraction` of features with the smallest |∂f/∂x| moves until the step's length
    is used up; no feature may be further than `max_dist` (in α) from the straight line. The
    gradient is the one at the step's start, so the Riemann increments are a left sum. Completeness
    does not hold: with the defaults, those of the reference implementation, the sum of the plain
    attributions can be several times f(x) − f(x′).

    The path is a discontinuous function of the gradients, so rounding noise, and at a baseline of
    one colour ties of max pools (`logits`), can lead to another one. Rounding differs with the size
    of a batch; each picture of 64×64 pixels or more is therefore walked by itself, and smaller ones
    in blocks that are filled up to one size, which follows from theirs. `together` sets that size,
    of at most half a batch: with it, many images may take less time, a few cost as much as a full
    block, and the last digits, hence paths, are others.

    Source: Kapishnikov et al. 2021 (Algorithm 1), as implemented in PAIR saliency.
    """

    steps: int = 32
    fraction: float = 0.25
    max_dist: float = 0.02
    together: int | None = None
    adaptive: ClassVar[bool] = True
    has_baseline: ClassVar[bool] = True

    def __post_init__(self) -> None:
        validate_steps(self.steps, 1)
        for name in ("fraction", "max_dist"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must lie in [0, 1], got {getattr(self, name)!r}")
        if self.together is not None and (not is_whole(self.together) or self.together < 1):
            raise ValueError(
                f"together must be a number of images from 1, or None for what suits the size of "
                f"the pictures, got {self.together!r}"
            )

    def start(self, inputs: Tensor, baselines: Tensor) -> "GuidedWalker":
        """The walk from each baseline to its image (float32 or float64)."""
        return GuidedWalker(self, inputs, baselines)


class GuidedWalker(SinglePass):
    """The guided path bound to a block of images; see `paths.Walker`.

    The position of each feature is kept as its α in [0, 1] on the way from x′ to x, `(N, F)`. The
    bounds of the straight line's neighbourhood are then two numbers per step. Masks are floating
    point numbers: selecting by scattered booleans is an order of magnitude slower on a CPU.
    """

    start: None = None

    def __init__(self, path: GuidedPath, inputs: Tensor, baselines: Tensor) -> None:
        self._path, self._baselines, self._inputs = path, baselines, inputs
        self.end: Tensor | None = inputs
        self._ways = inputs - baselines
        self._lengths = self._ways.flatten(1).abs()
        self._totals = self._lengths.sum(dim=1)
        self._alphas = torch.zeros_like(self._lengths)
        # Magnitude of features that may not be chosen; they still count in the quantile.
        self._never = torch.finfo(inputs.dtype).max
        self._still = _mask(torch.le, self._lengths, 0).mul_(self._never)

    def points(self, first: int, last: int) -> Tensor:
        """The current point: `(N, 1, C, H, W)`."""
        alphas = self._alphas.reshape(self._ways.shape)
        return torch.lerp(self._baselines, self._inputs, alphas)[:, None]

    def increments(self, first: int, last: int, gradients: Tensor) -> Tensor:
        """Take the step that follows from the gradients and return it: `(N, 1, C, H, W)`."""
        before = self._alphas
        magnitudes = gradients.flatten(1).abs().clamp_(max=self._never / 2)
        self._alphas = self._advanced((first + 1) / self._path.steps, magnitudes)
        return ((self._alphas - before).reshape(self._ways.shape) * self._ways)[:, None]

    def _advanced(self, alpha: float, magnitudes: Tensor) -> Tensor:
        """Position of every feature after the step that ends at α of the straight line."""
        lowest = max(alpha - self._path.max_dist, 0.0)
        highest = min(alpha + self._path.max_dist, 1.0)
        alphas = self._alphas.clamp(min=lowest)
        # Not even a denormal remainder is 0: zero means that nothing is left to move.
        tiny = torch.finfo(alphas.dtype).tiny
        room = torch.sub(highest, alphas).mul_(self._lengths).clamp_(min=tiny)
        excess = room.sum(dim=1) - self._totals * (highest - alpha)
        near = (self._totals * (1 - alpha)).clamp(min=1) * _ROUNDING[alphas.dtype]
        free = torch.maximum(magnitudes, self._still, out=magnitudes)
        free = torch.maximum(free, _mask(torch.ge, alphas, highest).mul_(self._never), out=free)
        # The share of its way to `highest` that each feature moves.
        shares = torch.zeros_like(alphas)
        while True:
            chosen = self._least(free)
            reach = (chosen * room).sum(dim=1)
            share = (excess / reach).masked_fill((excess.abs() <= near) | (reach == 0), 0)
            shares.addcmul_(chosen, share.clamp(0, 1)[:, None])
            # Above 1 the chosen features do not suffice: the next ones move too.
            excess = torch.where(share > 1, excess - reach, 0)
            if not excess.any():
                break
            free = torch.maximum(free, chosen.mul_(self._never), out=free)
        # lerp reaches `highest` exactly, which marks a feature that has arrived.
        return torch.lerp(alphas, alphas.new_tensor(highest), shares)

    def _least(self, free: Tensor) -> Tensor:
        """1 for the features with the smallest magnitudes, 0 for the others: `(N, F)`."""
        threshold = lower_quantile(free, self._path.fraction)
        # Where only a few have not arrived, all of them move.
        return _mask(torch.le, free, threshold.clamp(max=self._never / 2)[:, None])


_ROUNDING = {torch.float64: 1e-9, torch.float32: 1e-6}


def _mask(relation: Callable[..., Tensor], values: Tensor, bound: Tensor | float) -> Tensor:
    return relation(values, bound, out=torch.empty_like(values))


def lower_quantile(values: Tensor, fraction: float) -> Tensor:
    """The order statistic at ⌊fraction·(F−1)⌋ of each row: `(N, F)` -> `(N,)`."""
    rank = int(np.floor(fraction * (values.shape[1] - 1)))
    if values.device.type == "cpu":
        # Several times faster than kthvalue.
        return torch.from_numpy(np.partition(values.numpy(), rank, axis=1)[:, rank])
    return values.kthvalue(rank + 1, dim=1).values
