"""Closed forms behind the GGIG paper: Algorithm 1 on one pixel, the sanity check, the MNIST net."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import sympy as sp
from scipy.integrate import quad
from scipy.stats import norm


def flattened_size(side: int, kernels: Sequence[int], pool: int, filters: int, pad: bool) -> int:
    """Inputs of the dense layer after convolutions of the given kernel sizes, each then pooled.

    `pad` keeps the side through a convolution; without it a kernel k takes k - 1 pixels off.
    """
    for kernel in kernels:
        side = (side if pad else side - kernel + 1) // pool
    return side * side * filters


def total_step_length(iterations: int, rate: float, momentum: float) -> float:
    """Sum of the weights with which SGD with momentum has applied all its gradients.

    The distance moved is at most this sum times the largest gradient norm met.
    """
    age = np.arange(1, iterations + 1)
    return float(np.sum(rate * (1 - momentum**age) / (1 - momentum)))


@dataclass(frozen=True)
class PixelRun:
    """What Algorithm 1 returns for one pixel, and how many gradients it collected."""

    attribution: float
    gradients: int


def ggig_pixel(
    gradient: Callable[[float], float],
    value: float,
    baseline: float,
    points: int,
    ascents: int,
    rate: float = 1e-4,
) -> PixelRun:
    """Algorithm 1 as printed, on one pixel: k = 0..n, j = 0..m-1, signed maximum."""
    collected = []
    for k in range(points + 1):
        position = baseline + k / points * (value - baseline)
        for _ in range(ascents):
            slope = gradient(position)
            position += rate * slope
            collected.append(slope)
    return PixelRun(max(collected), len(collected))


@dataclass(frozen=True)
class MeanGradient:
    """IG without its product for f = x^2/2, as a function of the input x and the baseline b."""

    dependence: sp.Expr  # derivative of the map by b
    at_baseline: sp.Expr  # the map where x = b


def mean_gradient(intervals: int) -> MeanGradient:
    """The mean of f'(b + i/k (x - b)) over i = 1..k for f = x^2/2, put to two questions."""
    x, b = sp.symbols("x b", real=True)
    points = [b + sp.Rational(i, intervals) * (x - b) for i in range(1, intervals + 1)]
    attribution = sp.simplify(sum(points) / intervals)
    return MeanGradient(sp.diff(attribution, b), sp.simplify(attribution.subs(x, b)))


def product_at_baseline(intervals: int) -> sp.Expr:
    """IG with its product, Eq. 1, at a pixel equal to its baseline, for gradients G_1..G_k."""
    x, b = sp.symbols("x b", real=True)
    gradients = sp.symbols(f"G1:{intervals + 1}", real=True)
    return sp.simplify(((x - b) * sum(gradients) / intervals).subs(x, b))


def gradients_of_one_function(features: int = 8, hidden: int = 12, seed: int = 0) -> float:
    """Largest difference of the gradients of two networks that implement the same function.

    A ReLU network, and the same one with its hidden units permuted and rescaled.
    """
    rng = np.random.default_rng(seed)
    first, last = rng.standard_normal((hidden, features)), rng.standard_normal(hidden)
    order, scale = rng.permutation(hidden), rng.uniform(0.5, 2, hidden)
    other_first, other_last = scale[:, None] * first[order], last[order] / scale
    x = rng.standard_normal((1000, features))
    one = ((x @ first.T > 0) * last) @ first
    other = ((x @ other_first.T > 0) * other_last) @ other_first
    return float(np.abs(one - other).max())


def map_correlation(layers: int, ratio: float = 1.0) -> float:
    """Correlation of the gradient maps of a linear network before and after perturbation.

    For `layers` independent Gaussian weight matrices with standard deviation sigma and noise of
    standard deviation `ratio` sigma on each: (1 + ratio^2)^(-layers/2).
    """
    return float((1 + ratio**2) ** (-layers / 2))


def simulated_map_correlation(
    layers: int, width: int = 160, ratio: float = 1.0, seed: int = 0
) -> float:
    """The same correlation measured on random square weight matrices."""
    rng = np.random.default_rng(seed)
    jacobian = perturbed = np.eye(width)
    for _ in range(layers):
        weights = rng.standard_normal((width, width))
        noise = ratio * rng.standard_normal((width, width))
        jacobian, perturbed = weights @ jacobian, (weights + noise) @ perturbed
    return float(np.corrcoef(jacobian.ravel(), perturbed.ravel())[0, 1])


@dataclass(frozen=True)
class NoisyScore:
    """The score of the originally predicted class over many draws of the weight noise."""

    mean: float
    error: float
    near_chance: float


def noisy_score(ratio: float, classes: int = 10, draws: int = 20_000, seed: int = 0) -> NoisyScore:
    """Softmax score of the predicted class of a linear classifier under weight noise.

    Logits are 5 times standard normal and so is their noise, times `ratio` (noise over weights).
    `error` is the standard error of the mean, `near_chance` the share of draws whose score is
    within a factor of two of 1/C.
    """
    rng = np.random.default_rng(seed)
    logits = 5 * rng.standard_normal((draws, classes))
    predicted = logits.argmax(axis=1)
    logits += 5 * ratio * rng.standard_normal((draws, classes))
    logits -= logits.max(axis=1, keepdims=True)
    scores = np.exp(logits)
    scores /= scores.sum(axis=1, keepdims=True)
    of_predicted = scores[np.arange(draws), predicted]
    near = (of_predicted > 0.5 / classes) & (of_predicted < 2 / classes)
    return NoisyScore(
        float(of_predicted.mean()),
        float(of_predicted.std(ddof=1) / np.sqrt(draws)),
        float(near.mean()),
    )


def jaccard_of_independent_maps() -> float:
    """Weighted Jaccard similarity of two independent maps of absolute normal values.

    The sum of minima over the sum of maxima, in the limit of many pixels: E min / E max, by
    integration of the survival functions (closed form: sqrt(2) - 1).
    """

    def survival(t: float) -> float:
        return float(2 * norm.sf(t))

    smallest = quad(lambda t: survival(t) ** 2, 0, np.inf)[0]
    largest = quad(lambda t: 1 - (1 - survival(t)) ** 2, 0, np.inf)[0]
    return float(smallest / largest)
