"""Internal audit of DRE-PDF: Eq. 8, the density of the controller's output for normal input."""

import numpy as np

from saliency_audit.attributions.controlled_scores import ControlledScores, normal_scores
from saliency_audit.ledger.internal.dre import printed_forms
from saliency_audit.ledger.internal.orders import count_held, list_exceptions
from saliency_audit.ledger.verdict import Check, Erratum, InternalAudit, erratum_if

ETAS = (0.5, 1.5, 2.5)
LARGE_H = (2.5, 5.0, 10.0)
SETTINGS = ((0.5, 1.0), (0.5, 2.5), (1.5, 1.0), (1.5, 1.5), (1.5, 2.5), (1.5, 0.5), (2.5, 2.5))

# What the paper's words are taken to mean, in numbers.
NEAR_UNIFORM = 0.05  # Kolmogorov distance to the uniform distribution
ALMOST_NO_MASS = 0.05
CLEAR_TAIL = 0.10


def dre_pdf() -> InternalAudit:
    """Eq. 8 integrates to one, and each sentence on its shape as a number."""
    checks = [_integrates(eta, h) for eta, h in SETTINGS]
    checks += [_mean_agrees(eta, h) for eta, h in SETTINGS]
    checks += [_stays_symmetric(eta) for eta in ETAS]
    checks += _uniform_checks()
    checks += _curvature_checks()
    checks += _shape_checks()
    checks += [_right_skewed(eta, h) for eta in ETAS for h in LARGE_H]
    detail = (
        f"{count_held(checks)} statements on Eq. 8 hold; exceptions: {list_exceptions(checks)}. "
        f"At η=1.5, h=1 the density is {_output(1.5, 1).divergence_from_uniform:.3f} nats and a "
        f"Kolmogorov distance of {_output(1.5, 1).distance_from_uniform:.3f} away from "
        "uniform, and it falls to 0 at both ends."
    )
    return InternalAudit(tuple(checks), detail, (*_eta_erratum(), *_curvature_erratum()))


def _output(eta: float, h: float) -> ControlledScores:
    return ControlledScores(normal_scores(), eta, h)


def _integrates(eta: float, h: float) -> Check:
    mass = printed_forms.normal_output_moment(0, eta, h)
    return Check(
        f"η={eta}, h={h}: Eq. 8 integrates to 1", abs(mass - 1) < 1e-8, "1", f"{mass:.10f}"
    )


def _mean_agrees(eta: float, h: float) -> Check:
    from_density = printed_forms.normal_output_moment(1, eta, h)
    from_map = _output(eta, h).mean
    return Check(
        f"η={eta}, h={h}: mean of Eq. 8 is the mean of Eq. 7 over normal scores",
        abs(from_density - from_map) < 1e-8,
        f"{from_map:.8f}",
        f"{from_density:.8f}",
    )


def _stays_symmetric(eta: float) -> Check:
    skewness = _output(eta, 1.0).skewness
    return Check(
        f"η={eta}, h=1: skewness stays 0", abs(skewness) < 1e-6, "0", f"{abs(skewness):.3f}"
    )


def _uniform_checks() -> list[Check]:
    divergence = {eta: _output(eta, 1).divergence_from_uniform for eta in ETAS}
    distance = _output(1.5, 1).distance_from_uniform
    found = ", ".join(f"η={eta}: {value:.3f}" for eta, value in divergence.items())
    return [
        Check(
            "h=1: of the three η, 1.5 is the nearest to uniform (KL, nats)",
            min(divergence, key=lambda eta: divergence[eta]) == 1.5,
            "η=1.5 smallest",
            found,
        ),
        Check(
            "η=1.5, h=1: approximately uniform (Kolmogorov distance)",
            distance < NEAR_UNIFORM,
            f"< {NEAR_UNIFORM}",
            f"{distance:.3f}",
        ),
    ]


def _curvature(z: np.ndarray, eta: float) -> np.ndarray:
    """Sign of the second derivative of Eq. 8 with h = 1 on an even grid, ends left out."""
    return np.sign(np.diff(printed_forms.normal_output_density(z, eta, 1.0), n=2))


def _curvature_checks() -> list[Check]:
    middle = np.array([0.499, 0.5, 0.501])
    low, high = (float(_curvature(middle, eta)[0]) for eta in (0.5, 2.5))
    return [
        Check("h=1, η=0.5: concave at z=0.5", low < 0, "second derivative < 0", f"sign {low:+.0f}"),
        Check(
            "h=1, η=2.5: convex at z=0.5", high > 0, "second derivative > 0", f"sign {high:+.0f}"
        ),
    ]


def _shape_checks() -> list[Check]:
    tail = _output(1.5, 2.5).share_between(0.5, 1)
    z = np.linspace(0.01, 0.999, 5_000)
    falling = bool(np.all(np.diff(printed_forms.normal_output_density(z)) < 0))
    wasted = _output(0.5, 2.5).share_between(0.5, 1)
    middle, high = (_output(2.5, 2.5).share_between(low, low + 1 / 3) for low in (1 / 3, 2 / 3))
    return [
        Check(
            "η=1.5, h=2.5: the density falls from 0.01 to 1 (one tail, no second mode)",
            falling,
            "monotonically falling",
            "falling" if falling else "not falling",
        ),
        *(_count_modes(eta, expected) for eta, expected in ((1.5, 1), (2.5, 2))),
        Check(
            "η=1.5, h=2.5: the tail reaches over (0, 1)",
            tail > CLEAR_TAIL,
            f"P(z > 0.5) > {CLEAR_TAIL:.2f}",
            f"{tail:.4f}; P(z > 0.9) = {_output(1.5, 2.5).share_between(0.9, 1):.4f}",
        ),
        Check(
            "η=0.5, h=2.5: extremely low probability above 0.5",
            wasted < ALMOST_NO_MASS,
            f"P(z > 0.5) < {ALMOST_NO_MASS:.2f}",
            f"{wasted:.4f} (h=1.5: {_output(0.5, 1.5).share_between(0.5, 1):.4f})",
        ),
        Check(
            "η=2.5, h=2.5: more high than middle scores",
            high > middle,
            "P(2/3 < z) > P(1/3 < z < 2/3)",
            f"{high:.3f} and {middle:.3f}",
        ),
    ]


def _count_modes(eta: float, expected: int) -> Check:
    """Shown beside the sentences, which do not speak of modes."""
    modes = _output(eta, 2.5).modes
    return Check(
        f"η={eta}, h=2.5: number of modes",
        len(modes) == expected,
        str(expected),
        f"{len(modes)}, at z = {', '.join(f'{mode:.4f}' for mode in modes)}",
        deciding=False,
    )


def _right_skewed(eta: float, h: float) -> Check:
    skewness = _output(eta, h).skewness
    return Check(
        f"η={eta}, h={h:g}: right-skewed",
        skewness > 0,
        "Pearson's coefficient > 0",
        f"{skewness:+.3f}",
    )


def _eta_erratum() -> tuple[Erratum, ...]:
    rule = 0.9 * float(np.sqrt(np.pi))
    printed, meant = (_output(eta, 1).divergence_from_uniform for eta in (1.5, rule))
    return erratum_if(
        round(rule, 1) != 1.5,
        "§3.4.2",
        "“1.5≈0.9√π”",
        f"0.9√π = {rule:.3f}, which rounds to {rule:.1f}; the output is nearer to uniform there "
        f"({meant:.4f} nats) than at 1.5 ({printed:.4f} nats).",
    )


def _curvature_erratum() -> tuple[Erratum, ...]:
    z = np.linspace(0.0005, 0.9995, 2_000)
    concave = float(np.mean(_curvature(z, 0.5) < 0))
    convex = float(np.mean(_curvature(z, 2.5) > 0))
    return erratum_if(
        concave < 1 or convex < 1,
        "§3.4.2",
        "“changes from the concave to the convex for z ∈ (0, 1)”",
        "It is so around z = 0.5. On all of (0, 1) the density is neither, since it vanishes at "
        f"both ends for every η: at η=0.5 it is concave on {concave:.0%} of the interval, at η=2.5 "
        f"convex on {convex:.0%}, with two modes and a fall to 0 outside them.",
    )
