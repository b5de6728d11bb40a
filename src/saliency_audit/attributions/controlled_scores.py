"""Distributions of scores after the distribution controller, in closed form.

x is a score before the controller, y = (x − E[x])/√V[x] after instance normalisation and
z = sigmoid(ηy)^h after the controller. Everything follows from the distribution of x by change of
variables; no sample is drawn, and no code is shared with the torch module in `controller`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import brentq
from scipy.special import log_expit, ndtr

from saliency_audit.attributions.controller import ETA, H, validate_settings
from saliency_audit.errors import is_finite

Array = NDArray[np.float64]

_REACH = 12.0  # beyond so many standard deviations lies no mass that float64 can see
_NODES = 24_001


def controlled_score(y: Array | float, eta: float = ETA, h: float = H) -> Array:
    """z = sigmoid(ηy)^h of standardised scores (Eq. 7): rising in y, in (0, 1)."""
    return np.asarray(np.exp(h * log_expit(eta * np.asarray(y, dtype=np.float64))))


def standardised_score(z: Array | float, eta: float = ETA, h: float = H) -> Array:
    """y of scores z in (0, 1): the inverse of `controlled_score` (Eq. 13)."""
    return np.asarray(-np.log(np.expm1(-np.log(z) / h)) / eta)


@dataclass(frozen=True)
class ScoreLaw:
    """A distribution of scores before the controller.

    Attributes:
        name: for readers, and its name in recorded rows.
        log_pdf: logarithm of its density.
        cdf: share of the scores below a value.
        mean: E[x].
        std: √V[x].
        median: of x.
        support: an interval that holds all mass, up to what float64 can see.
    """

    name: str
    log_pdf: Callable[[Array], Array]
    cdf: Callable[[Array | float], Array]
    mean: float
    std: float
    median: float
    support: tuple[float, float]

    @property
    def skewness(self) -> float:
        """Pearson's coefficient 3(mean − median)/std; above 0 is right-skewed, in [−3, 3].

        The paper writes "Pearson's Coefficients of Skewness" and no formula; this is the second of
        the two, which the article that it cites recommends (Doane & Seward 2011). The first, with
        the mode in place of the median, has no value for a distribution of two modes.
        """
        return 3 * (self.mean - self.median) / self.std

    def pdf(self, x: Array) -> Array:
        """Density of scores `x`."""
        return np.asarray(np.exp(self.log_pdf(x)))


def normal_scores() -> ScoreLaw:
    """The standard normal distribution; every other normal one gives the same scores z."""
    return ScoreLaw("normal", stats.norm.logpdf, ndtr, 0.0, 1.0, 0.0, (-_REACH, _REACH))


def uniform_scores(low: float = 0.0, high: float = 1.0) -> ScoreLaw:
    """The uniform distribution on an interval (Eq. 20).

    Raises:
        ValueError: an interval without length.
    """
    if not (is_finite(low) and is_finite(high) and low < high):
        raise ValueError(f"an interval has two finite ends, low < high; got {low!r}, {high!r}")
    return _of_scipy("uniform", stats.uniform(low, high - low), (low, high))


def skew_normal_scores(a: float) -> ScoreLaw:
    """The skew normal distribution with shape `a` (Eq. 27): left-skewed below 0, right above.

    Raises:
        ValueError: a shape that is not finite.
    """
    if not is_finite(a):
        raise ValueError(f"the shape a must be a finite number, got {a!r}")
    return _of_scipy(f"skew normal a={a:g}", stats.skewnorm(a), (-_REACH, _REACH))


def _of_scipy(name: str, law: Any, support: tuple[float, float]) -> ScoreLaw:
    centre = (float(law.mean()), float(law.std()), float(law.median()))
    return ScoreLaw(name, law.logpdf, law.cdf, *centre, support)


def two_normals(mu: float, share: float) -> ScoreLaw:
    """share·N(0, 1) + (1 − share)·N(mu, 1): the mixtures of App. B.3 (`share` is r₁, `mu` μ₂).

    Raises:
        ValueError: a `mu` that is not finite, or a share outside [0, 1].
    """
    if not is_finite(mu) or not (is_finite(share) and 0 <= share <= 1):
        raise ValueError(f"mu must be finite and share in [0, 1], got {mu!r} and {share!r}")
    parts = ((0.0, share), (mu, 1 - share))
    present = [(centre, weight) for centre, weight in parts if weight > 0]

    def log_pdf(x: Array) -> Array:
        terms = [np.log(weight) + stats.norm.logpdf(x, centre) for centre, weight in present]
        return np.asarray(np.logaddexp.reduce(terms))

    def cdf(x: Array | float) -> Array:
        return np.asarray(sum(weight * stats.norm.cdf(x, centre) for centre, weight in present))

    support = (min(0.0, mu) - _REACH, max(0.0, mu) + _REACH)
    # for equal shares the middle is the median, and the density there may be too low for a search
    median = mu / 2 if share == 0.5 else brentq(lambda x: float(cdf(x)) - 0.5, *support, xtol=1e-12)
    return ScoreLaw(
        f"mixture μ₂={mu:g}, r₁={share:g}",
        log_pdf,
        cdf,
        mean=(1 - share) * mu,
        std=float(np.sqrt(1 + share * (1 - share) * mu**2)),
        median=float(median),
        support=support,
    )


@dataclass(frozen=True)
class ControlledScores:
    """The distribution of z = sigmoid(ηy)^h, on (0, 1).

    Attributes:
        law: of the scores before the controller.
        eta: η > 0.
        h: exponent > 0.

    Raises:
        ValueError: an `eta` or `h` that is not above 0.

    Source: DRE paper, Eq. 7, 12-14 and 17-19. Eq. 8, 26, 29 and 32 are the special cases of normal,
    uniform, skew normal and mixed scores.
    """

    law: ScoreLaw
    eta: float = ETA
    h: float = H

    def __post_init__(self) -> None:
        validate_settings(self.eta, self.h)

    def density(self, z: Array | float, mean: float | None = None) -> Array:
        """p(z), by two changes of variable; 0 outside (0, 1).

        Args:
            z: scores after the controller.
            mean: subtracted in place of E[x], to see what a wrong one does.
        """
        z = np.asarray(z, dtype=np.float64)
        inside = (z > 0) & (z < 1)
        y = standardised_score(np.where(inside, z, 0.5), self.eta, self.h)
        return np.where(inside, np.exp(self._log_density(y, mean)), 0.0)

    def _log_density(self, y: Array, mean: float | None = None) -> Array:
        """log p(z) at z of y; |dz/dy| = ηh·z·(1 − z^(1/h))."""
        x = y * self.law.std + (self.law.mean if mean is None else mean)
        slope = self.h * log_expit(self.eta * y) + log_expit(-self.eta * y)
        return np.asarray(
            self.law.log_pdf(x) + np.log(self.law.std) - slope - np.log(self.eta * self.h)
        )

    def share_below(self, z: Array | float) -> Array:
        """Share of the scores below `z`, exactly: the controller is monotonic."""
        z = np.asarray(z, dtype=np.float64)
        inside = (z > 0) & (z < 1)
        y = standardised_score(np.where(inside, z, 0.5), self.eta, self.h)
        shares = self.law.cdf(y * self.law.std + self.law.mean)
        return np.where(inside, shares, np.where(z >= 1, 1.0, 0.0))

    def share_between(self, low: float, high: float) -> float:
        """Share of the scores between two values."""
        return float(self.share_below(high) - self.share_below(low))

    def quantile(self, probability: float) -> float:
        """The score below which that share of the scores lies, for a probability in (0, 1)."""
        if not (is_finite(probability) and 0 < probability < 1):
            raise ValueError(f"a probability must lie in (0, 1), got {probability!r}")
        x = brentq(lambda x: float(self.law.cdf(x)) - probability, *self.law.support, xtol=1e-12)
        return self._at(x)

    def _at(self, x: float) -> float:
        return float(controlled_score((x - self.law.mean) / self.law.std, self.eta, self.h))

    def _weighted(self) -> tuple[Array, Array, Array]:
        """Standardised scores on an even grid of x, their z, and weights that sum to 1."""
        x = np.linspace(*self.law.support, _NODES)
        weights = self.law.pdf(x)
        weights[[0, -1]] /= 2
        y = (x - self.law.mean) / self.law.std
        return y, controlled_score(y, self.eta, self.h), weights / weights.sum()

    @property
    def mean(self) -> float:
        """E[z]."""
        _, z, weights = self._weighted()
        return float(z @ weights)

    @property
    def std(self) -> float:
        """√V[z]."""
        _, z, weights = self._weighted()
        return float(np.sqrt((z - z @ weights) ** 2 @ weights))

    @property
    def median(self) -> float:
        """The image of the median of x."""
        return self._at(self.law.median)

    @property
    def skewness(self) -> float:
        """Pearson's coefficient 3(mean − median)/std, as `ScoreLaw.skewness`."""
        return 3 * (self.mean - self.median) / self.std

    @property
    def divergence_from_uniform(self) -> float:
        """KL(p ‖ uniform on (0, 1)) in nats, at least 0; 0 is uniform."""
        y, _, weights = self._weighted()
        inside = weights > 0
        return float(self._log_density(y[inside]) @ weights[inside])

    @property
    def distance_from_uniform(self) -> float:
        """Largest difference of the distribution function from that of the uniform, in [0, 1]."""
        z = np.linspace(1e-6, 1 - 1e-6, _NODES)
        return float(np.max(np.abs(self.share_below(z) - z)))

    @property
    def modes(self) -> tuple[float, ...]:
        """Scores at which the density has a maximum inside (0, 1), rising."""
        low, high = ((end - self.law.mean) / self.law.std for end in self.law.support)
        y = np.linspace(low, high, _NODES)[1:-1]
        rising = np.diff(self._log_density(y)) > 0
        tops = np.flatnonzero(rising[:-1] & ~rising[1:]) + 1
        return tuple(controlled_score(y[tops], self.eta, self.h).tolist())
