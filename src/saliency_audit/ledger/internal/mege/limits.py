"""What Eq. 6 of the MeGe/ReCo paper scores on distances whose law is known.

Only the order of the distances enters Eq. 6. Two identical distributions therefore amount to a
random shuffle of |S=| and |S≠| labels, `share` = |S≠|/|S| of them different.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import binom, norm

from saliency_audit.metrics.stability import Definition, reco, reco_auc, threshold_rates

TAIL_LENGTH = 2000


@dataclass(frozen=True)
class Simulated:
    """Scores of simulated samples: mean, its standard error, and the samples themselves."""

    scores: np.ndarray

    @property
    def mean(self) -> float:
        """Mean over the samples."""
        return float(self.scores.mean())

    @property
    def error(self) -> float:
        """Standard error of the mean."""
        return float(self.scores.std(ddof=1) / np.sqrt(len(self.scores)))


def shuffled_labels(
    share: float, size: int, definition: Definition, samples: int = 200, seed: int = 0
) -> Simulated:
    """ReCo of two identical distributions: `size` distances, a fraction `share` of them in S≠."""
    rng = np.random.default_rng(seed)
    different = round(share * size)
    orders = (rng.permutation(size) for _ in range(samples))
    return Simulated(
        np.array([reco(order[different:], order[:different], definition) for order in orders])
    )


def shifted_normals(
    shift: float, share: float, size: int, definition: Definition, samples: int = 200, seed: int = 0
) -> Simulated:
    """ReCo of distances with a standard normal logarithm (S=) and the same, shifted (S≠)."""
    rng = np.random.default_rng(seed)
    different = round(share * size)
    draws = (np.exp(rng.standard_normal(size)) for _ in range(samples))
    return Simulated(
        np.array(
            [reco(draw[different:], draw[:different] * np.exp(shift), definition) for draw in draws]
        )
    )


def balanced_shifted_normals(shift: float) -> float:
    """Youden's J of two unit normals `shift` apart: 2Φ(shift/2) − 1, whatever their numbers."""
    return float(2 * norm.cdf(shift / 2) - 1)


def printed_identical_cdf(score: float, share: float) -> float:
    """P(printed ReCo ≤ `score`) for two identical distributions and many distances.

    Away from both ends the two rates are 1 − share and share, and add up to 1. Near the smallest
    distances TNR is still `share`, while TPR is the running mean of independent labels; the largest
    value that such a running mean ever takes is at most c with probability
    exp(−Σ_k P(Binomial(k, p) > ck)/k) (Spitzer's identity). The other end is alike and independent.
    """
    below = _running_mean_stays_below(1 - share + score, 1 - share)
    return below * _running_mean_stays_below(share + score, share)


def printed_identical_mean(share: float, nodes: int = 100) -> float:
    """Mean of the printed ReCo of two identical distributions as the sample grows.

    The integral of 1 − CDF over [0, 1], by the midpoint rule.
    """
    scores = (np.arange(nodes) + 0.5) / nodes
    return float(np.mean([1 - printed_identical_cdf(score, share) for score in scores]))


def _running_mean_stays_below(level: float, probability: float) -> float:
    lengths = np.arange(1, TAIL_LENGTH + 1)
    # The guard keeps k·level from rounding below an integer that it equals.
    exceed = binom.sf(np.floor(lengths * level + 1e-9), lengths, probability)
    return float(np.exp(-(exceed / lengths).sum()))


def share_decided_at_the_ends(share: float, size: int, samples: int = 200, seed: int = 0) -> float:
    """How often the printed maximum of identical distributions lies in the outer 1 % at an end."""
    rng = np.random.default_rng(seed)
    different = round(share * size)
    margin = size // 100
    hits = 0
    for _ in range(samples):
        order = rng.permutation(size)
        place = np.nanargmax(
            threshold_rates(order[different:], order[:different], "printed").scores
        )
        hits += bool(place <= margin or place >= size - 1 - margin)
    return hits / samples


def printed_reversed(equal: int, different: int) -> float:
    """Printed ReCo when every distance of S≠ lies below every one of S=, without ties."""
    return -min(equal, different) / (equal + different - 2)


def separated_auc(share: float, size: int, definition: Definition) -> float:
    """ReCo_AUC of perfectly separated distances."""
    different = round(share * size)
    ranks = np.arange(size)
    return reco_auc(ranks[: size - different], ranks[size - different :], definition)


def entropy(share: float) -> float:
    """Entropy of the split share : 1 − share, in nats."""
    return float(-share * np.log(share) - (1 - share) * np.log(1 - share))
