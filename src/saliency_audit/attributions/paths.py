"""Paths from a baseline x′ to an image x: their interface.

A path is a frozen dataclass (its fields are its whole configuration); `start` binds it to a block
of images and returns a walker, which holds the state of the walk.
"""

from typing import Protocol

from torch import Tensor

from saliency_audit.errors import is_whole


class Walker(Protocol):
    """A path bound to N images.

    Points run from the baseline to the input. Some rules also need the scores at the two ends of
    the path: `start` and `end` are the ends that are not among the points, None for one that is.
    """

    @property
    def start(self) -> Tensor | None:
        """The path's beginning `(N, C, H, W)` if it is not the first point."""
        ...

    @property
    def end(self) -> Tensor | None:
        """The path's end `(N, C, H, W)` if it is not the last point."""
        ...

    def points(self, first: int, last: int) -> Tensor:
        """Points `first … last-1` of each image's path: `(N, last-first, C, H, W)`."""
        ...

    def increments(self, first: int, last: int, gradients: Tensor) -> Tensor:
        """Riemann weight times dγ at those points, broadcastable to their shape.

        Args:
            first: index of the first point.
            last: index after the last point.
            gradients: ∂f/∂x there, `(N, last-first, C, H, W)`; an adaptive path chooses its next
                point by them.
        """
        ...

    def next_visit(self, points: Tensor, gradients: Tensor) -> Tensor | None:
        """Points to visit before the walk goes on to the next ones; None to go on.

        Args:
            points: the current points, `(N, P, C, H, W)`.
            gradients: ∂f/∂x there.
        """
        ...


class SinglePass:
    """A walker that visits every point once."""

    def next_visit(self, points: Tensor, gradients: Tensor) -> Tensor | None:
        """None: the walk goes on."""
        return None


class Path(Protocol):
    """A family of points γ(0) = x′ … γ(1) = x; one frozen dataclass per path."""

    @property
    def steps(self) -> int:
        """Number of points at which the gradient is evaluated."""
        ...

    @property
    def adaptive(self) -> bool:
        """Whether a point depends on the gradient at the one before (no batches along the path).

        Such a path may have a field `together`: how many images form a block (`walking.blocks`).
        """
        ...

    @property
    def has_baseline(self) -> bool:
        """Whether the path starts at a baseline that the caller may choose."""
        ...

    def start(self, inputs: Tensor, baselines: Tensor) -> Walker:
        """The path bound to images `(N, C, H, W)` and baselines of the same shape."""
        ...


def validate_steps(steps: int, least: int) -> None:
    """Refuse an invalid number of steps.

    Raises:
        ValueError: not an integer, or below `least`.
    """
    if not is_whole(steps) or steps < least:
        points = "point" if least == 1 else "points"
        raise ValueError(f"a path needs at least {least} {points}, got {steps!r}")
