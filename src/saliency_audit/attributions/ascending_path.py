"""The straight line with a gradient ascent on the class score from each of its points."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from saliency_audit.attributions.paths import validate_steps
from saliency_audit.attributions.straight_path import StraightPath, StraightWalker
from saliency_audit.errors import is_finite, is_whole


@dataclass(frozen=True)
class AscendingPath:
    """Gradient ascent on the score from each of `steps` points of the straight line.

    `steps` is the paper's n + 1: both ends of the line are included. From each point the gradient
    is evaluated `ascents` times, and in between the point moves by `learning_rate` times the
    gradient. It may leave [0, 1]; nothing is clipped.

    The rate applies to pixels in [0, 1]. The authors' code climbs in normalised pixels, (x − mean)
    / std, where the same rate moves a point 1/std² times as far.

    Raises:
        ValueError: fewer than 2 points or 1 ascent, or a rate that is not a finite number ≥ 0.

    Source: GGIG paper, Algorithm 1.
    """

    steps: int = 51
    ascents: int = 200
    learning_rate: float = 1e-4
    adaptive: ClassVar[bool] = False
    has_baseline: ClassVar[bool] = True

    def __post_init__(self) -> None:
        validate_steps(self.steps, 2)
        if not is_whole(self.ascents) or self.ascents < 1:
            raise ValueError(
                f"a climb needs at least 1 ascent (its gradient is what is kept), got "
                f"{self.ascents!r}"
            )
        if not is_finite(self.learning_rate) or self.learning_rate < 0:
            raise ValueError(
                f"learning_rate must be a finite number ≥ 0, got {self.learning_rate!r}"
            )

    def start(self, inputs: Tensor, baselines: Tensor) -> "AscendingWalker":
        """The line from each baseline to its image, with its climbs."""
        return AscendingWalker(self, inputs, baselines)


class AscendingWalker(StraightWalker):
    """The climbs bound to a block of images; see `paths.Walker`."""

    def __init__(self, path: AscendingPath, inputs: Tensor, baselines: Tensor) -> None:
        largest = torch.finfo(inputs.dtype).max
        if float(path.learning_rate) > largest:
            raise ValueError(
                f"learning_rate {path.learning_rate:g} is beyond the largest number of the images' "
                f"type ({largest:.3g})"
            )
        super().__init__(StraightPath(path.steps, "trapezoid"), inputs, baselines)
        self._climb = path
        self._visits = 0

    def points(self, first: int, last: int) -> Tensor:
        """Where the climbs `first … last-1` begin: `(N, last-first, C, H, W)`."""
        self._visits = 0
        return super().points(first, last)

    def next_visit(self, points: Tensor, gradients: Tensor) -> Tensor | None:
        """One step up, until there were `ascents` visits."""
        self._visits += 1
        if self._visits == self._climb.ascents:
            return None
        return torch.add(points, gradients, alpha=self._climb.learning_rate)
