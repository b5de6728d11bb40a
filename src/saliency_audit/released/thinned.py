"""Rules that see every n-th point of a walk only, as the IDGI study's code takes fewer steps."""

from dataclasses import dataclass

from torch import Tensor

from saliency_audit.attributions.rules import Accumulator, Rule
from saliency_audit.errors import refuse_numbers


@dataclass(frozen=True)
class Thinned:
    """A rule on the first point of a walk and every `every`-th after it, without the walk's ends.

    Increments are `every` times as long. On `CutStraightPath(128)` or `CutBlurPath(128)` this is
    the rule on the same path of 128/every steps, so that one walk serves all numbers of steps. With
    `every` 1 it leaves out the score beyond the last point.

    Raises:
        ValueError: `every` is not a whole number ≥ 1.

    Source: `TMLR-IDGI/ig.py`, `blurig.py` and `gig.py`, see `data/released/idgi.yml`.
    """

    rule: Rule
    every: int = 1

    def __post_init__(self) -> None:
        refuse_numbers(self, whole=("every",))

    @property
    def needs_increments(self) -> bool:
        """As the rule."""
        return self.rule.needs_increments

    @property
    def needs_ends(self) -> bool:
        """Never."""
        return False

    def start(self, start: Tensor | None = None) -> Accumulator:
        """A fresh accumulator."""
        return _Thinned(self.rule.start(None), self.every)


class _Thinned:
    def __init__(self, inner: Accumulator, every: int) -> None:
        self._inner, self._every, self._seen = inner, every, 0

    def update(self, scores: Tensor, gradients: Tensor, increments: Tensor | None) -> None:
        first = -self._seen % self._every
        self._seen += scores.shape[1]
        if first >= scores.shape[1]:
            return
        chosen = slice(first, None, self._every)
        moves = None if increments is None else increments[:, chosen] * self._every
        self._inner.update(scores[:, chosen], gradients[:, chosen], moves)

    def result(self, end: Tensor | None) -> Tensor:
        return self._inner.result(None)
