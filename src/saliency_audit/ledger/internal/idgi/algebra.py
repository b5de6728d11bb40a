"""Closed forms behind §2 and §3 of the IDGI study: rule, Theorem 1, Taylor step, blur kernel."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import sympy as sp
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.optimize import brentq

Vector = NDArray[np.float64]

FEATURES = 6
SEED = 20


def sum_of_step_attributions(features: int = 4) -> sp.Expr:
    """Sum over the features of g_i^2 d / |g|^2, simplified, for symbols g_1..g_n and d."""
    gradient = sp.symbols(f"g1:{features + 1}", real=True, positive=True)
    difference = sp.Symbol("d", real=True)
    squared_norm = sum(g**2 for g in gradient)
    return sp.simplify(sum(g**2 * difference / squared_norm for g in gradient))


def sum_over_path(steps: int = 6) -> sp.Expr:
    """What the steps' sums add up to along a path with scores f_0..f_n: the telescoping sum."""
    scores = sp.symbols(f"f0:{steps + 1}", real=True)
    gradient = sp.symbols("g1:3", positive=True)
    squared_norm = sum(g**2 for g in gradient)
    total = sum(
        g**2 * (after - before) / squared_norm
        for before, after in pairwise(scores)
        for g in gradient
    )
    return sp.simplify(total)


@dataclass(frozen=True)
class Surface:
    """A smooth score on R^n with its gradient: sigmoid(a.x + b tanh(c.x)), seeded."""

    slope: Vector
    bend: Vector
    amount: float = 1.5

    @classmethod
    def random(cls, features: int, seed: int) -> "Surface":
        """A surface with standard normal coefficients."""
        rng = np.random.default_rng(seed)
        return cls(rng.standard_normal(features), rng.standard_normal(features))

    def score(self, point: Vector) -> float:
        """The score at `point` (n,), in (0, 1)."""
        inner = self.slope @ point + self.amount * np.tanh(self.bend @ point)
        return float(1 / (1 + np.exp(-inner)))

    def gradient(self, point: Vector) -> Vector:
        """The gradient at `point`, shape (n,)."""
        value = self.score(point)
        bend = self.amount * (1 - np.tanh(self.bend @ point) ** 2)
        return value * (1 - value) * (self.slope + bend * self.bend)


def line_integral(surface: Surface, start: Vector, stop: Vector) -> float:
    """Integral of the gradient along the straight segment from `start` to `stop`."""
    direction = stop - start
    return float(quad(lambda t: surface.gradient(start + t * direction) @ direction, 0, 1)[0])


def exact_projection(surface: Surface, start: Vector, level: float, reach: float = 5.0) -> Vector:
    """Where the ray from `start` along the gradient (either way, up to `reach`) meets `level`."""
    unit = surface.gradient(start) / np.linalg.norm(surface.gradient(start))
    length = brentq(lambda c: surface.score(start + c * unit) - level, -reach, reach, xtol=1e-14)
    return np.asarray(start + length * unit)


def crossings(along: Callable[[Vector], Vector], level: float, reach: float = 50.0) -> int:
    """How often the score along the important direction, `along(length)`, crosses `level`."""
    above = along(np.linspace(-reach, reach, 200_001)) > level
    return int(np.count_nonzero(above[1:] != above[:-1]))


@dataclass(frozen=True)
class TaylorError:
    """The error f(x_jp) - f(x_j+1) as a series in the step h, for x_j+1 = x_j + h v."""

    constant: sp.Expr
    linear: sp.Expr
    quadratic: sp.Expr
    predicted_quadratic: sp.Expr


def taylor_error() -> TaylorError:
    """Expand the error of the first-order projection for a general cubic score of two variables.

    The quadratic coefficient is compared with (g.v)^2 (g'Hg) / (2 |g|^4), g the gradient and H the
    Hessian at x_j.
    """
    h = sp.Symbol("h")
    g = sp.Matrix(sp.symbols("g1 g2", real=True))
    v = sp.Matrix(sp.symbols("v1 v2", real=True))
    a, b, c = sp.symbols("a b c", real=True)
    hessian = sp.Matrix([[a, b], [b, c]])
    cubic = sp.symbols("k0:4", real=True)

    def increase(u: sp.Matrix) -> sp.Expr:
        third = sum(k * u[0] ** (3 - i) * u[1] ** i for i, k in enumerate(cubic))
        return g.dot(u) + (u.T * hessian * u)[0] / 2 + third

    difference = increase(h * v)
    error = increase(g * difference / g.dot(g)) - difference

    def coefficient(order: int) -> sp.Expr:
        return sp.simplify(sp.diff(error, h, order).subs(h, 0) / sp.factorial(order))

    predicted = g.dot(v) ** 2 * (g.T * hessian * g)[0] / (2 * g.dot(g) ** 2)
    return TaylorError(coefficient(0), coefficient(1), coefficient(2), predicted)


def largest_projection_error(surface: Surface, stop: Vector, steps: int) -> tuple[float, float]:
    """Largest and summed |f(x_jp) - f(x_j+1)| on the straight path from 0 to `stop`."""
    errors = []
    for j in range(steps):
        here, after = stop * j / steps, stop * (j + 1) / steps
        gradient = surface.gradient(here)
        difference = surface.score(after) - surface.score(here)
        projection = here + gradient * difference / (gradient @ gradient)
        errors.append(abs(surface.score(projection) - surface.score(after)))
    return max(errors), sum(errors)


def log_log_slope(steps: list[int], errors: list[float]) -> float:
    """Slope of log error against log steps (least squares)."""
    return float(np.polyfit(np.log(steps), np.log(errors), 1)[0])


def distance_from_path(gradient: Vector, step: Vector) -> float:
    """Distance of x_jp from the straight path for a linear score, in units of the step's length."""
    offset = gradient * (gradient @ step) / (gradient @ gradient)
    unit = step / np.linalg.norm(step)
    return float(np.linalg.norm(offset - unit * (unit @ offset)) / np.linalg.norm(step))


def printed_kernel_axis(position: float, alpha: float) -> float:
    """One axis of the printed blur kernel (a product): exp(-t^2/alpha) / sqrt(pi alpha)."""
    return float(np.exp(-(position**2) / alpha) / np.sqrt(np.pi * alpha))


def kernel_moments(alpha: float) -> tuple[float, float]:
    """Mass of the printed kernel over the plane, and its variance per axis, by integration."""
    reach = 12 * np.sqrt(alpha)
    mass = quad(printed_kernel_axis, -reach, reach, args=(alpha,))[0]
    second = quad(lambda t: t**2 * printed_kernel_axis(t, alpha), -reach, reach)[0]
    return float(mass**2), float(second / mass)


def kernel_sum(alpha: float, radius: int = 60) -> float:
    """Sum of the printed kernel over the integer grid: what a constant image is multiplied by."""
    axis = sum(printed_kernel_axis(float(m), alpha) for m in range(-radius, radius + 1))
    return axis**2


def example() -> tuple[Surface, Vector, Vector]:
    """A seeded smooth score, a point on a straight path from 0, and the path's end."""
    stop = np.random.default_rng(SEED).standard_normal(FEATURES)
    return Surface.random(FEATURES, SEED), 0.5 * stop, stop
