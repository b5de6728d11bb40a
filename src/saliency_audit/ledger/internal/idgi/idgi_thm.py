"""Internal audit of IDGI-THM: Theorem 1 and the formulas of §2 and §3, by algebra."""

import numpy as np

from saliency_audit.ledger.internal.idgi import algebra
from saliency_audit.ledger.internal.orders import count_held
from saliency_audit.ledger.verdict import Check, Erratum, InternalAudit, erratum_if

EQUAL = 1e-9


def idgi_thm() -> InternalAudit:
    """Is the change along the important direction the change along the path, and does it add up?"""
    surface, start, stop = algebra.example()
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
            f"{count_held(checks)} statements hold. The theorem is the gradient theorem, for two "
            "paths between the same level sets. So its ≈ is an equality that needs no accurate "
            "Riemann sum, and the attributions sum to f(x) − f(x′) for every path and every number "
            "of steps, even one, wherever no gradient is zero."
        ),
        errata=(*_projection_errata(), *_illustration_errata(), *_blur_errata()),
    )


def _projection_errata() -> tuple[Erratum, ...]:
    """A projection point need not exist and need not be unique."""
    # f(x, y) = tanh(x) + y^2 at the origin: the gradient is (1, 0), so moving along it gives
    # tanh(c) < 1, while the neighbour (0, 2) has the value 4. For f = sin(x), it oscillates.
    none = algebra.crossings(np.tanh, level=4.0)
    many = algebra.crossings(np.sin, level=0.5)
    return erratum_if(
        none != 1 or many != 1,
        "§3, before Theorem 1, summary of the original paper",
        "“exists a unique projection point x_jp on the hyperplane h_j+1”",
        "Neither existence nor uniqueness holds in general. For f(x, y) = tanh x + y², x_j = "
        f"(0, 0) and x_j+1 = (0, 2) the line along the gradient meets the level 4 in {none} "
        f"points; for f = sin x it meets the level 0.5 in {many} points within 50 of 0. The sets h "
        "are level sets, and planes only for a score whose level sets are flat.",
    )


def _illustration_errata() -> tuple[Erratum, ...]:
    """A score is a function, so not one-to-many; it cannot be one-to-one."""
    surface, start, stop = algebra.example()
    other = algebra.exact_projection(surface, start, surface.score(stop))
    apart = float(np.linalg.norm(other - stop))
    return erratum_if(
        apart > EQUAL,
        "§3, second remark on the original illustration",
        "“The function x → f_c(x) should be one-to-one”",
        "The point of the remark, that a function is not one-to-many, is right. It need not be "
        "one-to-one, and a continuous score of more than one variable never is. The projection "
        "rests on that: x_jp and x_j+1 have the same score and are different points "
        f"({apart:.2f} apart in a computed example).",
    )


def _blur_errata() -> tuple[Erratum, ...]:
    """Eq. 2: variance per axis, and the sum of the kernel over pixels."""
    alpha, small = 4.0, 0.1
    mass, variance = algebra.kernel_moments(alpha)
    return erratum_if(
        abs(variance - alpha) > EQUAL,
        "§2.2, Eq. 2",
        "“2D Gaussian kernel with variance α”",
        f"By integration at α = {alpha:.0f} the printed kernel has mass {mass:.3f} and variance "
        f"{variance:.3f} per axis, so α is the variance of both axes together. Summed over pixels, "
        f"as in Eq. 2, it multiplies a constant image by {algebra.kernel_sum(alpha):.3f} at α = "
        f"{alpha:.0f} but by {algebra.kernel_sum(small):.2f} at α = {small}: the printed path does "
        "not end at the image as α → 0.",
    )
