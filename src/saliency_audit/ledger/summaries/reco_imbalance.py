"""MR-DEF: simulated ReCo of equal distributions, which should be near 0 whatever the sizes."""

import numpy as np

from saliency_audit.ledger.summaries.bands import Band
from saliency_audit.metrics import reco
from saliency_audit.metrics.stability import Definition

# Share of S≠ among all distances.
SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
DEFINITIONS: tuple[Definition, ...] = ("printed", "balanced")


def simulated_reco(size: int = 1000, draws: int = 200, seed: int = 0) -> dict[Definition, Band]:
    """ReCo by the share of S≠, in both definitions.

    Args:
        size: distances in both sets together; they follow Beta(2, 4).
        draws: simulations per share.
        seed: of the simulations.

    Returns:
        Medians between the quantiles that hold the middle 90 % of the simulations.
    """
    random = np.random.default_rng(seed)
    found = {}
    for definition in DEFINITIONS:
        simulated = [
            [_of_equal_distributions(random, size, share, definition) for _ in range(draws)]
            for share in SHARES
        ]
        low, middle, high = np.quantile(simulated, [0.05, 0.5, 0.95], axis=1)
        found[definition] = Band(np.array(SHARES), middle, low, high)
    return found


def _of_equal_distributions(
    random: np.random.Generator, size: int, share: float, definition: Definition
) -> float:
    distances = random.beta(2, 4, size)
    different = round(share * size)
    return reco(distances[different:], distances[:different], definition)
