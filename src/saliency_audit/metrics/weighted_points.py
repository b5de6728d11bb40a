"""Weighted points of many sets in pieces of one size, so that all sets are summed at once."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from saliency_audit.attributions.blocks import blocks

# Points of a piece. The last piece of a set is filled up with points without weight.
PIECE = 128
# Numbers at once, by device: of what a step works on, which stays in the cache of a CPU or keeps a
# GPU busy, and of points that are fitted together.
IN_CACHE = {"cpu": 2**17, "cuda": 2**26}
IN_MEMORY = {"cpu": 2**21, "cuda": 2**26}

# Of a piece each: which run it belongs to `(P,)`, its features `(P, F, PIECE)` and its weights
# `(P, PIECE)`, to tensors `(P, …)` of sums over its points.
Summands = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, ...]]


@dataclass(frozen=True)
class WeightedPoints:
    """The points with weight of B sets, piece after piece.

    A set's sums are over its own pieces one after the other, whatever other sets there are.

    Attributes:
        features: `(P, F, PIECE)`: 1, the coordinates and their products.
        weights: `(P, PIECE)`.
        pieces: `(B,)`, how many each set has.
    """

    features: Tensor
    weights: Tensor
    pieces: Tensor

    def runs(self, sets: Tensor, rows: int) -> "Runs":
        """Runs over sets, several of which may be over one and the same.

        Args:
            sets: `(A,)` indices, one per run.
            rows: numbers per point that are worked on, by which blocks are made.
        """
        lengths = self.pieces[sets]
        runs = torch.arange(len(sets), device=sets.device).repeat_interleave(lengths)
        before = (self.pieces.cumsum(0) - self.pieces)[sets] - (lengths.cumsum(0) - lengths)
        places = before[runs] + torch.arange(len(runs), device=sets.device)
        parts = blocks(len(runs), rows * PIECE, IN_CACHE, sets.device)
        return Runs(self, lengths, tuple((runs[part], places[part]) for part in parts))


@dataclass(frozen=True)
class Runs:
    """Runs over the points of sets; see `WeightedPoints.runs`.

    Attributes:
        points: of all sets.
        lengths: `(A,)`, pieces of each run.
        blocks: which run a piece belongs to, and its place among all pieces, block after block.
    """

    points: WeightedPoints
    lengths: Tensor
    blocks: tuple[tuple[Tensor, Tensor], ...]

    def sums(self, summands: Summands) -> list[Tensor]:
        """The sums `(A, …)` over each run's points, as many as `summands` has."""
        features, weights = self.points.features, self.points.weights
        parts = [
            summands(runs, features.index_select(0, places), weights.index_select(0, places))
            for runs, places in self.blocks
        ]
        return [
            torch.segment_reduce(torch.cat(values), "sum", lengths=self.lengths)
            for values in zip(*parts, strict=True)
        ]


def in_pieces(points: Tensor, weights: Tensor) -> WeightedPoints:
    """The pieces of points `(n, d)` with weights `(B, n)`."""
    count = (weights > 0).sum(dim=1)
    pieces = (count + PIECE - 1) // PIECE
    # How far the points of a set move on, since those before it fill their last piece up.
    behind = PIECE * (pieces.cumsum(0) - pieces) - (count.cumsum(0) - count)
    used = weights.flatten().nonzero()[:, 0]
    slots = torch.arange(len(used), device=used.device) + behind.repeat_interleave(count)
    total = int(pieces.sum())
    places = used.new_zeros(total * PIECE)
    places[slots] = used % len(points)
    own = weights.new_zeros(total * PIECE)
    own[slots] = weights.flatten()[used]
    features = _features(points).index_select(0, places).unflatten(0, (total, PIECE))
    return WeightedPoints(features.mT.contiguous(), own.reshape(total, PIECE), pieces)


def _features(points: Tensor) -> Tensor:
    """1, the coordinates and their products: `(n, d)` -> `(n, F)`; log densities are linear."""
    first, second = torch.triu_indices(points.shape[1], points.shape[1])
    products = points[:, first] * points[:, second]
    return torch.cat([torch.ones_like(points[:, :1]), points, products], dim=1)
