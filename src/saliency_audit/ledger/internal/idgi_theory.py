"""Internal audits of the algebra of the IDGI study (§2 and §3).

The closed forms are in `idgi_algebra`, imported where used: it needs sympy, which listing the
claims does not.
"""

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from saliency_audit.ledger.internal.registry import internal_test
from saliency_audit.ledger.internal.signs import count_held
from saliency_audit.ledger.verdict import Check, Erratum, InternalAudit

if TYPE_CHECKING:
    from saliency_audit.ledger.internal.idgi_algebra import Surface

Vector = NDArray[np.float64]

FEATURES = 6
SEED = 20
EQUAL = 1e-9
STEP_COUNTS = [8, 16, 32, 64, 128]
MANY_STEPS = [256, 512, 1024]


@internal_test("IDGI-THM")
def idgi_thm() -> InternalAudit:
    """Is the change along the important direction the change along the path, and does it add up?"""
    from saliency_audit.ledger.internal import idgi_algebra as algebra

    surface, start, stop = _example()
    projection = algebra.exact_projection(surface, start, surface.score(stop))
    along_path = algebra.line_integral(surface, start, stop)
    along_gradient = algebra.line_integral(surface, start, projection)
    step = algebra.sum_of_step_attributions()
    path = algebra.sum_over_path()
    checks = (
        Check(
            "one step: the attributions g_i² d / |g|² sum to d",
            str(step) == "d",
            "d",
            f"{step} (symbolic, four features)",
        ),
        Check(
            "whole path: the steps' sums add up to f(x) − f(x′)",
            str(path) == "-f0 + f6",
            "f6 − f0",
            f"{path} (symbolic, six steps)",
        ),
        Check(
            "Theorem 1: both line integrals are equal",
            abs(along_path - along_gradient) < EQUAL,
            f"{along_path:.9f} along the path",
            f"{along_gradient:.9f} along the gradient",
        ),
        Check(
            "both integrals are the change of the score",
            abs(along_path - (surface.score(stop) - surface.score(start))) < EQUAL,
            f"f(x_j+1) − f(x_j) = {surface.score(stop) - surface.score(start):.9f}",
            f"{along_path:.9f}",
        ),
    )
    return InternalAudit(
        checks=checks,
        detail=(
            f"{count_held(checks)} statements hold. The theorem is the gradient theorem (two paths "
            "between the same level sets), so its ≈ is an equality that needs no accurate Riemann "
            "sum; the sum of the attributions is f(x) − f(x′) for every path and every number of "
            "steps, one included, wherever no gradient is zero."
        ),
        errata=(*_projection_errata(), *_illustration_errata(), *_blur_errata()),
    )


@internal_test("IDGI-TAYLOR")
def idgi_taylor() -> InternalAudit:
    """Is x_jp a first-order Taylor step whose error falls with the number of steps?"""
    from saliency_audit.ledger.internal import idgi_algebra as algebra

    series = algebra.taylor_error()
    surface, _, stop = _example()
    errors = [algebra.largest_projection_error(surface, stop, n) for n in STEP_COUNTS]
    fine = [algebra.largest_projection_error(surface, stop, n) for n in MANY_STEPS]
    largest = algebra.log_log_slope(MANY_STEPS, [error for error, _ in fine])
    summed = algebra.log_log_slope(MANY_STEPS, [total for _, total in fine])
    gap = (series.quadratic - series.predicted_quadratic).simplify()
    checks = (
        Check(
            "the error vanishes to first order in the step h",
            series.constant == 0 and series.linear == 0,
            "coefficients of h⁰ and h¹ are 0",
            f"{series.constant} and {series.linear} (symbolic)",
        ),
        Check(
            "f(x_jp) = f(x_j+1) only approximately: the second order stays",
            series.predicted_quadratic != 0 and gap == 0,
            "coefficient of h² is (g·v)² gᵀHg / (2|g|⁴)",
            f"difference to it {gap} (symbolic)",
        ),
        Check(
            "the largest error of a step falls with the number of steps",
            all(b < a for (a, _), (b, _) in pairwise(errors)),
            f"falling over {STEP_COUNTS} steps",
            ", ".join(f"{error:.1e}" for error, _ in errors),
        ),
        Check(
            "it falls at second order",
            abs(largest + 2) < 0.05,
            "log-log slope −2",
            f"{largest:.3f} over {MANY_STEPS} steps",
        ),
    )
    return InternalAudit(
        checks=checks,
        detail=(
            f"{count_held(checks)} statements hold. Per step the error is of second order in the "
            f"step; summed over a path it is of first order (slope {summed:.2f}). It does not "
            "reach the attributions: g_i² d / |g|² contains d = f(x_j+1) − f(x_j), not f(x_jp), "
            "and sums to d with one step as with 128."
        ),
        errata=_on_path_errata(),
    )


def _example() -> tuple["Surface", Vector, Vector]:
    """A seeded smooth score, a point on a straight path from 0, and the path's end."""
    from saliency_audit.ledger.internal.idgi_algebra import Surface

    stop = np.random.default_rng(SEED).standard_normal(FEATURES)
    return Surface.random(FEATURES, SEED), 0.5 * stop, stop


def _projection_errata() -> tuple[Erratum, ...]:
    """A projection point need not exist and need not be unique."""
    from saliency_audit.ledger.internal.idgi_algebra import crossings

    # f(x, y) = tanh(x) + y^2 at the origin: the gradient is (1, 0), so moving along it gives
    # tanh(c) < 1, while the neighbour (0, 2) has the value 4. For f = sin(x), it oscillates.
    none = crossings(np.tanh, level=4.0)
    many = crossings(np.sin, level=0.5)
    if none == 1 and many == 1:
        return ()
    return (
        Erratum(
            "§3, before Theorem 1",
            "moving x_j along its gradient there “exists a unique projection point” on h_j+1, a "
            "hyperplane",
            f"Neither existence nor uniqueness holds in general. For f(x, y) = tanh x + y², x_j = "
            f"(0, 0) and x_j+1 = (0, 2) the line along the gradient meets the level 4 in {none} "
            f"points; for f = sin x it meets the level 0.5 in {many} points within 50 of 0. The "
            "sets h are level sets, planes only for a score whose levels are flat.",
        ),
    )


def _illustration_errata() -> tuple[Erratum, ...]:
    """A score is a function, so not one-to-many; it cannot be one-to-one."""
    surface, start, stop = _example()
    from saliency_audit.ledger.internal.idgi_algebra import exact_projection

    other = exact_projection(surface, start, surface.score(stop))
    apart = float(np.linalg.norm(other - stop))
    if apart < EQUAL:
        return ()
    return (
        Erratum(
            "§3, second remark on the original illustration",
            "the function x → f_c(x) “should be one-to-one”",
            "A function must not be one-to-many, but it may be many-to-one, and a continuous score "
            "of more than one variable is never one-to-one. The projection itself needs that: "
            f"x_jp and x_j+1 have the same score and are different points ({apart:.2f} apart in a "
            "computed example).",
        ),
    )


def _blur_errata() -> tuple[Erratum, ...]:
    """Eq. 2 and Eq. 3: variance, normalisation on the pixel grid, limits of the path."""
    from saliency_audit.ledger.internal.idgi_algebra import kernel_moments, kernel_sum

    alpha, small = 4.0, 0.1
    mass, variance = kernel_moments(alpha)
    found = []
    if abs(variance - alpha) > EQUAL:
        found.append(
            Erratum(
                "§2.2, Eq. 2",
                "a Gaussian kernel with variance α: exp(−(p² + q²)/α) / (πα)",
                f"By integration at α = {alpha:.0f} the kernel has mass {mass:.3f} and variance "
                f"{variance:.3f} per axis, so α is twice the variance. Summed over pixels instead, "
                f"it multiplies a constant image by {kernel_sum(alpha):.3f} at α = {alpha:.0f} but "
                f"by {kernel_sum(small):.2f} at α = {small}: the printed path does not end at the "
                "image as α → 0.",
            )
        )
    return (
        *found,
        Erratum(
            "§2.2, Eq. 2",
            "a sum over m and n of exp(−(p² + q²)/α) x(p − m, q − n)",
            "The exponent holds the pixel's position p, q instead of the summation indices m, n; "
            "as printed every term of the sum has the same weight and nothing is convolved.",
            read=True,
        ),
        Erratum(
            "§2.2, Eq. 3",
            "the path γ(α) has α from 0 to 1, and Eq. 3 integrates from ∞ to 0",
            "The two ranges exclude each other: in Eq. 2 the image is at α = 0 and the fully "
            "blurred start at α = ∞.",
            read=True,
        ),
    )


def _on_path_errata() -> tuple[Erratum, ...]:
    """x_jp is on the path only if the gradient is parallel to it."""
    from saliency_audit.ledger.internal.idgi_algebra import distance_from_path

    step = np.array([0.1, 0.1])
    away = distance_from_path(np.array([1.0, 2.0]), step)
    parallel = distance_from_path(step, step)
    if away < EQUAL:
        return ()
    return (
        Erratum(
            "§3, before the derivation",
            "“Assuming x_jp lies on the given path”",
            "x_jp = x_j + c g/|g| leaves the path unless the gradient is parallel to it. For "
            f"f(x, y) = x + 2y and a step along (1, 1) it lies {away:.2f} step lengths beside the "
            f"path ({parallel:.2f} for a parallel gradient). The derivation does not need the "
            "assumption.",
        ),
    )
