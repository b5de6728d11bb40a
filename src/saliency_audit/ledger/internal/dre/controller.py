"""The DRE controller in closed form: Eq. 7 and 8, and Eq. 25-32 for inputs that are not normal.

x is a score before the controller, y = (x − E[x])/√V[x] after instance normalisation and
z = sigmoid(ηy)^h after the controller.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import brentq
from scipy.special import log_expit

Array = NDArray[np.float64]

ETA, H = 1.5, 2.5
"""The paper's setting of the controller."""

_REACH = 12.0  # y beyond this many standard deviations carries no mass that float64 can see
_NODES = 24_001


def controller(y: Array | float, eta: float = ETA, h: float = H) -> Array:
    """z = sigmoid(ηy)^h (Eq. 7), rising in y, in (0, 1)."""
    return np.asarray(np.exp(h * log_expit(eta * np.asarray(y, dtype=np.float64))))


def controller_inverse(z: Array | float, eta: float = ETA, h: float = H) -> Array:
    """y of a score z in (0, 1) (Eq. 13)."""
    return np.asarray(-np.log(np.expm1(-np.log(z) / h)) / eta)


def inverse_slope(z: Array | float, eta: float = ETA, h: float = H) -> Array:
    """|dy/dz| (Eq. 14)."""
    return _inverse_slope(np.log(z), eta, h)


def _inverse_slope(log_z: Array, eta: float, h: float) -> Array:
    # 1 − z^(1/h) from log z: near z = 1 the difference would lose its digits
    return np.asarray(1 / (eta * h * np.exp(log_z) * -np.expm1(log_z / h)))


def controller_density(z: Array | float, eta: float = ETA, h: float = H) -> Array:
    """Density p(z) for normal input as printed in Eq. 8, z in (0, 1)."""
    return _controller_density(np.log(z), eta, h)


def _controller_density(log_z: Array, eta: float, h: float) -> Array:
    z, logit = np.exp(log_z), np.log(np.expm1(-log_z / h))
    front = 1 / (np.sqrt(2 * np.pi) * h * eta)
    return np.asarray(front / (z * -np.expm1(log_z / h)) * np.exp(-(logit**2) / (2 * eta**2)))


def controller_moment(order: int, eta: float = ETA, h: float = H) -> float:
    """∫ z^order p(z) dz of Eq. 8 by quadrature over z in (0, 1); order 0 is the total mass.

    The integral runs over t = logit z, where the integrand is smooth and its tails are short.
    """
    t = np.linspace(-40 * eta * h, 40 * eta * h, 200_001)
    log_z = log_expit(t)
    keep = (log_z < -1e-300) & (log_z > -600)  # outside, z is 0 or 1 in float64
    t, log_z = t[keep], log_z[keep]
    integrand = np.exp((order + 1) * log_z + log_expit(-t)) * _controller_density(log_z, eta, h)
    return float(np.trapezoid(integrand, t))


def controller_mass(low: float, high: float, eta: float = ETA, h: float = H) -> float:
    """P(low < z < high) for normal input, exactly: the controller is monotonic."""
    return _share_below(high, eta, h) - _share_below(low, eta, h)


def _share_below(z: float, eta: float, h: float) -> float:
    if not 0 < z < 1:
        return float(z >= 1)
    return float(stats.norm.cdf(controller_inverse(z, eta, h)))


def divergence_from_uniform(eta: float) -> float:
    """KL(p ‖ uniform on (0, 1)) in nats for h = 1 and normal input; 0 is uniform."""
    y = np.linspace(-_REACH, _REACH, _NODES)
    log_density = stats.norm.logpdf(y) - np.log(eta) - log_expit(eta * y) - log_expit(-eta * y)
    return float(np.trapezoid(stats.norm.pdf(y) * log_density, y))


def distance_from_uniform(eta: float) -> float:
    """Kolmogorov distance between the output for h = 1 and the uniform distribution, in [0, 1]."""
    z = np.linspace(1e-6, 1 - 1e-6, _NODES)
    return float(np.max(np.abs(stats.norm.cdf(controller_inverse(z, eta, 1.0)) - z)))


@dataclass(frozen=True)
class Source:
    """A distribution of the scores x before the controller."""

    name: str
    pdf: Callable[[Array], Array]
    cdf: Callable[[Array | float], Array]
    mean: float
    std: float
    median: float
    support: tuple[float, float]


def normal() -> Source:
    """The standard normal distribution."""
    return Source("normal", stats.norm.pdf, stats.norm.cdf, 0.0, 1.0, 0.0, (-_REACH, _REACH))


def uniform(low: float = 0.0, high: float = 1.0) -> Source:
    """The uniform distribution (Eq. 20)."""
    law = stats.uniform(low, high - low)
    return Source("uniform", law.pdf, law.cdf, *_centre(law), (low, high))


def skew_normal(a: float) -> Source:
    """The skew normal distribution of Eq. 27 with shape `a`, with its true mean and variance."""
    law = stats.skewnorm(a)
    return Source(f"skew normal a={a:g}", law.pdf, law.cdf, *_centre(law), (-_REACH, _REACH))


def _centre(law: Any) -> tuple[float, float, float]:
    return float(law.mean()), float(law.std()), float(law.median())


def two_normals(mu: float, share: float) -> Source:
    """share·N(0, 1) + (1 − share)·N(mu, 1): the mixtures of App. B.3 (share is r₁, mu is μ₂)."""

    def pdf(x: Array) -> Array:
        return np.asarray(share * stats.norm.pdf(x) + (1 - share) * stats.norm.pdf(x - mu))

    def cdf(x: Array | float) -> Array:
        return np.asarray(share * stats.norm.cdf(x) + (1 - share) * stats.norm.cdf(x - mu))

    # for equal shares the middle is the median, and the density there may be too low for a search
    search = brentq(lambda x: float(cdf(x)) - 0.5, -_REACH, mu + _REACH, xtol=1e-12)
    return Source(
        f"mixture μ₂={mu:g}, r₁={share:g}",
        pdf,
        cdf,
        mean=(1 - share) * mu,
        std=float(np.sqrt(1 + share * (1 - share) * mu**2)),
        median=mu / 2 if share == 0.5 else float(search),
        support=(-_REACH, mu + _REACH),
    )


def skewness_before(source: Source) -> float:
    """Pearson's coefficient 3(mean − median)/std of x; positive is right-skewed, in [−3, 3].

    It is the "Pearson 2" coefficient that the paper's reference (Doane & Seward 2011) advocates.
    """
    return 3 * (source.mean - source.median) / source.std


def skewness_after(source: Source, eta: float = ETA, h: float = H) -> float:
    """Pearson's coefficient of z: moments by quadrature, the median is the median's image."""
    mean, std = output_mean_and_std(source, eta, h)
    median = float(controller((source.median - source.mean) / source.std, eta, h))
    return 3 * (mean - median) / std


def output_mean_and_std(source: Source, eta: float = ETA, h: float = H) -> tuple[float, float]:
    """Mean and standard deviation of z for scores x from `source`."""
    x = np.linspace(*source.support, _NODES)
    weights = source.pdf(x)
    weights = weights / np.trapezoid(weights, x)
    z = controller((x - source.mean) / source.std, eta, h)
    mean = float(np.trapezoid(z * weights, x))
    return mean, float(np.sqrt(np.trapezoid((z - mean) ** 2 * weights, x)))


def output_quantile(probability: float, source: Source, eta: float = ETA, h: float = H) -> float:
    """Quantile of z for scores x from `source`."""
    low, high = source.support
    x = brentq(lambda value: float(source.cdf(value)) - probability, low, high, xtol=1e-12)
    return float(controller((x - source.mean) / source.std, eta, h))


def output_density(
    z: Array,
    source: Source,
    eta: float = ETA,
    h: float = H,
    mean: float | None = None,
) -> Array:
    """p(z) by two changes of variable (Eq. 17-19; Eq. 29 and 32 are its special cases).

    `mean` replaces E[x], to see what a misprinted one does.
    """
    centre = source.mean if mean is None else mean
    x = controller_inverse(z, eta, h) * source.std + centre
    return np.asarray(source.pdf(x) * source.std * inverse_slope(z, eta, h))


def uniform_output_density(z: Array, eta: float = ETA, h: float = H) -> Array:
    """p(z) for uniform scores as printed in Eq. 26."""
    low = (np.exp(np.sqrt(3) * eta) + 1) ** -h
    high = (np.exp(-np.sqrt(3) * eta) + 1) ** -h
    inside = (low < z) & (z < high)
    return np.where(inside, 1 / (2 * np.sqrt(3) * eta * h * z * (1 - z ** (1 / h))), 0.0)


def skew_normal_mean(a: float) -> float:
    """E[x] of the skew normal distribution: √2·a/√((1 + a²)π)."""
    return float(np.sqrt(2) * a / np.sqrt((1 + a**2) * np.pi))


def skew_normal_mean_as_printed(a: float) -> float:
    """E[x] as the paper prints it below Eq. 28: √2·a/√((1 + a)π); NaN where that is undefined."""
    if 1 + a <= 0:
        return float("nan")
    return float(np.sqrt(2) * a / np.sqrt((1 + a) * np.pi))


def skew_normal_variance(a: float) -> float:
    """V[x] as the paper prints it below Eq. 28: 1 − 2a²/(π(1 + a²))."""
    return float(1 - 2 * a**2 / (np.pi * (1 + a**2)))


def normal_kernel_as_printed(x: Array, sigma: float, mu: float) -> Array:
    """Ψ(x, σ, μ) as printed above Eq. 30: the normal density without the 1/σ of its front."""
    return np.asarray(np.exp(-((x - mu) ** 2) / (2 * sigma**2)) / np.sqrt(2 * np.pi))
