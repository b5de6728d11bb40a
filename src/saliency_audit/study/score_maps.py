"""Maps of scores drawn from the distributions that the DRE paper puts through its controller.

A distribution stands here twice: as a law, whose closed forms `attributions.controlled_scores` has,
and as a way to draw from it, which uses no density.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from saliency_audit.attributions.controlled_scores import (
    ScoreLaw,
    normal_scores,
    skew_normal_scores,
    two_normals,
    uniform_scores,
)
from saliency_audit.study.validation import validate_counts

#: What rows of such maps have in place of a network.
DRAWN = "drawn scores"
Draw = Callable[[np.random.Generator, tuple[int, ...]], NDArray[np.float64]]


def validate_maps(maps: int, side: int) -> None:
    """Refuse no maps, and maps of a single score, which are constant.

    Raises:
        ValueError: `maps` below 1, or `side` below 2.
    """
    validate_counts(maps=maps)
    if side < 2:
        raise ValueError(f"side must be at least 2: a map of one score is constant; got {side}")


@dataclass(frozen=True)
class Scores:
    """A distribution of scores.

    Attributes:
        law: in closed form.
        draw: a sample of a shape.
    """

    law: ScoreLaw
    draw: Draw

    @property
    def name(self) -> str:
        """Its name in rows."""
        return self.law.name

    def maps(self, count: int, side: int, *seeds: int) -> Tensor:
        """Seeded maps `(count, 1, side, side)`, float32 as those of a generator.

        Another distribution gives other draws for the same seeds.
        """
        words = [zlib.crc32(self.name.encode()), *(seed % 2**64 for seed in seeds)]
        drawn = self.draw(np.random.default_rng(words), (count, 1, side, side))
        return torch.from_numpy(drawn.astype(np.float32))


def normal() -> Scores:
    """Standard normal scores."""
    return Scores(normal_scores(), lambda random, shape: random.standard_normal(shape))


def uniform() -> Scores:
    """Uniform scores on (0, 1)."""
    return Scores(uniform_scores(), lambda random, shape: random.random(shape))


def skew_normal(a: float) -> Scores:
    """Skew normal scores: δ|u| + √(1 − δ²)·v of independent normal u and v, δ = a/√(1 + a²)."""
    delta = a / np.sqrt(1 + a**2)

    def draw(random: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
        u, v = random.standard_normal(shape), random.standard_normal(shape)
        return np.asarray(delta * np.abs(u) + np.sqrt(1 - delta**2) * v)

    return Scores(skew_normal_scores(a), draw)


def mixture(mu: float, share: float) -> Scores:
    """Scores of N(0, 1) with probability `share`, else of N(mu, 1)."""

    def draw(random: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
        of_the_second = random.random(shape) >= share
        return np.asarray(random.standard_normal(shape) + mu * of_the_second)

    return Scores(two_normals(mu, share), draw)


def appendix(
    shapes: Sequence[float], means: Sequence[float], shares: Sequence[float]
) -> list[Scores]:
    """The inputs of Appendix B: uniform, skew normal of every shape, mixtures of every kind.

    Args:
        shapes: a of the skew normal distributions.
        means: μ₂ of the mixtures.
        shares: r₁ of the mixtures.
    """
    mixtures = [mixture(mu, share) for mu in means for share in shares]
    return [uniform(), *(skew_normal(a) for a in shapes), *mixtures]
