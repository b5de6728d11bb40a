"""Internal audit of IDGI-TAYLOR: the order of the projection's error in the step."""

from itertools import pairwise

import numpy as np

from saliency_audit.ledger.internal.idgi import algebra
from saliency_audit.ledger.internal.orders import count_held
from saliency_audit.ledger.verdict import Check, Erratum, InternalAudit, erratum_if

EQUAL = 1e-9
STEP_COUNTS = [8, 16, 32, 64, 128]
MANY_STEPS = [256, 512, 1024]


def idgi_taylor() -> InternalAudit:
    """Is x_jp a first-order Taylor step whose error falls with the number of steps?"""
    series = algebra.taylor_error()
    surface, _, stop = algebra.example()
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
            f"{count_held(checks)} statements hold. The error of one step is of second order in "
            f"the step; summed over a path it is of first order (slope {summed:.2f}). It does not "
            "affect the attributions: g_i² d / |g|² contains d = f(x_j+1) − f(x_j), not f(x_jp), "
            "and sums to d with one step as with 128."
        ),
        errata=_on_path_errata(),
    )


def _on_path_errata() -> tuple[Erratum, ...]:
    """x_jp is on the path only if the gradient is parallel to it."""
    step = np.array([0.1, 0.1])
    away = algebra.distance_from_path(np.array([1.0, 2.0]), step)
    parallel = algebra.distance_from_path(step, step)
    return erratum_if(
        away > EQUAL,
        "§3, before the derivation",
        "“Assuming x_jp lies on the given path from any IG-based method”",
        "x_jp = x_j + c g/|g| leaves the path unless the gradient is parallel to it. For f(x, y) = "
        f"x + 2y and a step along (1, 1) it lies {away:.2f} step lengths beside the path "
        f"({parallel:.2f} for a parallel gradient). The derivation does not need the assumption.",
    )
