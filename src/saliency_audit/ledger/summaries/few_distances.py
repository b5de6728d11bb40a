"""XM-CORR: what correlations of a few distances can tell, whatever they are measured on."""

from collections.abc import Sequence

import numpy as np
from scipy import stats

# Of three tables whose correlations are all alike, each pair is as likely to correlate least.
BY_CHANCE = 1 / 3
DRAWS = 20_000


def order_frequency(
    generator: float, detector: float, nothing: float, n: int, draws: int = DRAWS
) -> float:
    """How often three tables show the stated order if their true correlations are these.

    The tables are drawn from a normal distribution. Two share the generator, two the detector,
    and the order is that those that share nothing correlate least.

    Args:
        generator: true correlation of the two that share the generator.
        detector: of the two that share the detector.
        nothing: of the two that share nothing.
        n: distances in a table, at least 4.
        draws: of three tables; the standard error is at most 0.5/√draws.

    Raises:
        ValueError: too few distances, or correlations that no three tables can have.
    """
    if n < 4:
        raise ValueError(f"three tables need at least 4 distances each, got {n}")
    # First and second share the generator, second and third the detector.
    truth = np.array([[1, generator, nothing], [generator, 1, detector], [nothing, detector, 1]])
    if np.linalg.eigvalsh(truth).min() < 0:
        raise ValueError(f"no three tables correlate {generator}, {detector} and {nothing}")
    scatter = stats.wishart(n - 1, truth, seed=np.random.default_rng(0)).rvs(draws)
    scale = np.sqrt(np.diagonal(scatter, axis1=1, axis2=2))
    found = scatter / scale[:, :, None] / scale[:, None, :]
    least = found[:, 0, 2]
    return float(((least < found[:, 0, 1]) & (least < found[:, 1, 2])).mean())


def order_frequencies(printed: Sequence[float], counts: Sequence[int]) -> list[float]:
    """`order_frequency` of three correlations for several numbers of distances."""
    generator, detector, nothing = printed
    return [order_frequency(generator, detector, nothing, n) for n in counts]
