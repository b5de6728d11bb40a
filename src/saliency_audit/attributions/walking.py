"""Walking along a path: which images share a batch, and scores and gradients at each point."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from saliency_audit.attributions.engine import score_and_gradient_along
from saliency_audit.attributions.paths import Path, Walker

# Pixels of a block on an adaptive path, and the most images in one: padding is wasted work. On a
# CPU a pass over 4 images of 32×32 costs twice that over one at most; larger ones are walked alone.
PIXELS_TOGETHER = {"cpu": 4 * 32 * 32, "cuda": 64 * 224 * 224}
MOST_TOGETHER = {"cpu": 16, "cuda": 64}


@dataclass(frozen=True)
class Block:
    """Images in one block of a walk.

    Attributes:
        walker: the path bound to them.
        targets: `(N,)` class indices.
        count: how many of them, from the first, are wanted; the rest is padding.
        points: path points evaluated at once.
    """

    walker: Walker
    targets: Tensor
    count: int
    points: int


@dataclass(frozen=True)
class Visit:
    """Scores and gradients at P points of each of N images.

    Attributes:
        points: `(N, P, C, H, W)`.
        scores: `(N, P)`.
        gradients: `(N, P, C, H, W)`.
        increments: `(N, P, C, H, W)`; None if not asked for.
    """

    points: Tensor
    scores: Tensor
    gradients: Tensor
    increments: Tensor | None


def blocks(
    path: Path, inputs: Tensor, baselines: Tensor, targets: Tensor, size: int
) -> Iterator[Block]:
    """The images in blocks; a batch holds at most `size` points.

    On an adaptive path a batch holds one point each of several images. Rounding depends on the
    batch size, and an adaptive path depends on rounding. Its blocks therefore all have one size,
    which follows from that of the pictures: one, unless they are small. Where there are several in
    a block, it is padded, so that the path of an image does not depend on how many others there
    are. Half a batch is the most.

    Args:
        path: the path.
        inputs: `(N, C, H, W)`.
        baselines: the same.
        targets: `(N,)`.
        size: points per batch.
    """
    if path.adaptive:
        points, images = 1, max(1, min(size // 2, _together(path, inputs)))
    else:
        points, images = min(size, path.steps), max(1, size // path.steps)
    for begin in range(0, len(inputs), images):
        given = [part[begin : begin + images] for part in (inputs, baselines, targets)]
        count = len(given[0])
        if path.adaptive and count < images:
            given = [_filled(part, images) for part in given]
        yield Block(path.start(given[0], given[1]), given[2], count, points)


def visits(
    model: nn.Module, block: Block, path: Path, output: str, *, increments: bool
) -> Iterator[Visit]:
    """The points of a block from the beginning of its path to the end, some at a time.

    Args:
        model: a `frozen` model.
        block: of `blocks`.
        path: its path.
        output: see `class_scores`.
        increments: whether they are wanted; an adaptive path always computes them.

    Raises:
        ValueError: malformed model output.
    """
    for first in range(0, path.steps, block.points):
        last = min(first + block.points, path.steps)
        points: Tensor | None = block.walker.points(first, last)
        steps = 0
        while points is not None:
            scores, gradients = _met(model, points, block, output, steps)
            wanted = increments or path.adaptive
            moves = block.walker.increments(first, last, gradients) if wanted else None
            yield Visit(points, scores, gradients, moves)
            points = block.walker.next_visit(points, gradients)
            steps += 1


def _met(
    model: nn.Module, points: Tensor, block: Block, output: str, steps: int
) -> tuple[Tensor, Tensor]:
    """Scores and gradients; names the learning rate if they fail after steps of a climb."""
    try:
        return score_and_gradient_along(model, points, block.targets, output)
    except ValueError as error:
        if not steps:
            raise
        raise ValueError(
            f"after {steps} steps of ascent: {error}; or lower learning_rate"
        ) from None


def _together(path: Path, inputs: Tensor) -> int:
    """Images in a block of an adaptive path: what it says itself, or what suits their size."""
    own: int | None = getattr(path, "together", None)
    if own is not None:
        return own
    kind = inputs.device.type if inputs.device.type in PIXELS_TOGETHER else "cpu"
    pixels = max(1, inputs.shape[2] * inputs.shape[3])
    return min(PIXELS_TOGETHER[kind] // pixels, MOST_TOGETHER[kind])


def _filled(part: Tensor, count: int) -> Tensor:
    """The first entry repeated at the end until there are `count`."""
    return torch.cat([part, part[:1].expand(count - len(part), *part.shape[1:])])
