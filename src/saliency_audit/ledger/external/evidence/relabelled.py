"""Permutation tests of labels within blocks: of one factor of a design, with the other held.

Combinations of two factors, such as detectors and generators, are not exchangeable as a whole: if
one factor matters, combinations that share it are alike, and an exchange across it would destroy
that too. The null hypothesis "the generator does not matter" leaves each detector with its tables
and says only that any of them could as well belong to any other generator. So labels of one factor
are exchanged among the combinations that share the other, in each such block by itself; every
pair of combinations that shares the held factor still does. The test is exact whatever the effect
of the held factor (restricted permutation: Anderson and ter Braak 2003).
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations, product
from math import factorial, prod

import numpy as np
from numpy.typing import NDArray

from saliency_audit.ledger.external.effect import PValues
from saliency_audit.ledger.resampling import Floats

Codes = NDArray[np.intp]
# Values of a statistic that differ by rounding are equal.
EQUAL = 1e-12
BLOCK = 500


@dataclass(frozen=True)
class Relabelled:
    """Labels of M combinations, and other ways to give them out.

    Attributes:
        labels: `(B, M)`.
        exhaustive: whether these are all different ways, the given one among them.
    """

    labels: Codes
    exhaustive: bool


def relabelled(labels: Codes, blocks: Codes, most: int, seed: int = 0) -> Relabelled:
    """Labels exchanged within blocks: all ways if there are at most so many, else random ones.

    Args:
        labels: `(M,)` what is exchanged.
        blocks: `(M,)` within which; no label appears twice in a block.
        most: ways at most.
        seed: of the random ones.
    """
    places = [np.flatnonzero(blocks == block) for block in np.unique(blocks)]
    # Where all blocks have the same labels, only their match counts: the first can stay as it is.
    same = len({tuple(sorted(labels[each])) for each in places}) == 1
    free = places[1:] if same else places
    ways = prod(factorial(len(each)) for each in free)
    if ways <= most:
        found = np.tile(labels, (ways, 1))
        orders = product(*(permutations(each) for each in free))
        for row, order in zip(found, orders, strict=True):
            for each, drawn in zip(free, order, strict=True):
                row[each] = labels[list(drawn)]
        return Relabelled(found, exhaustive=True)
    random = np.random.default_rng(seed)
    found = np.tile(labels, (most, 1))
    for each in free:
        found[:, each] = random.permuted(found[:, each], axis=1)
    return Relabelled(found, exhaustive=False)


def permutation_ps(
    observed: float, ways: Relabelled, statistic: Callable[[Codes], Floats]
) -> PValues:
    """One-sided p values: how often other labels give as much, and as little.

    Args:
        observed: the statistic with the true labels.
        ways: others.
        statistic: of labels `(b, M)`: `(b,)`; NaN, which counts for neither side, where undefined.

    Returns:
        Shares of all ways; the true labels count as one more of random ways (Phipson and Smyth
        2010).
    """
    parts = np.split(ways.labels, range(BLOCK, len(ways.labels), BLOCK))
    values = np.concatenate([statistic(part) for part in parts])
    more, total = (0, len(values)) if ways.exhaustive else (1, len(values) + 1)
    above = int(np.count_nonzero(values >= observed - EQUAL))
    below = int(np.count_nonzero(values <= observed + EQUAL))
    return PValues((more + above) / total, (more + below) / total)
