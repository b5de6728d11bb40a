"""What the DRE paper prints about the controller's output: Eq. 8, 26 to 32 and their moments."""

import numpy as np
from scipy.special import log_expit

from saliency_audit.attributions.controlled_scores import Array
from saliency_audit.attributions.controller import ETA, H


def normal_output_density(z: Array | float, eta: float = ETA, h: float = H) -> Array:
    """Density p(z) for normal input as printed in Eq. 8, z in (0, 1)."""
    return _normal_output_density(np.log(z), eta, h)


def _normal_output_density(log_z: Array, eta: float, h: float) -> Array:
    # 1 − z^(1/h) from log z: near z = 1 the difference would lose its digits
    z, logit = np.exp(log_z), np.log(np.expm1(-log_z / h))
    front = 1 / (np.sqrt(2 * np.pi) * h * eta)
    return np.asarray(front / (z * -np.expm1(log_z / h)) * np.exp(-(logit**2) / (2 * eta**2)))


def normal_output_moment(order: int, eta: float = ETA, h: float = H) -> float:
    """∫ z^order p(z) dz of Eq. 8 by quadrature over z in (0, 1); order 0 is the total mass.

    The integral runs over t = logit z, where the integrand is smooth and its tails are short.
    """
    t = np.linspace(-40 * eta * h, 40 * eta * h, 200_001)
    log_z = log_expit(t)
    keep = (log_z < -1e-300) & (log_z > -600)  # outside, z is 0 or 1 in float64
    t, log_z = t[keep], log_z[keep]
    integrand = np.exp((order + 1) * log_z + log_expit(-t)) * _normal_output_density(log_z, eta, h)
    return float(np.trapezoid(integrand, t))


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
