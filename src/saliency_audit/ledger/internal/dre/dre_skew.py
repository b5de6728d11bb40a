"""Internal audit of DRE-SKEW: skewness of other inputs, and the printed Eq. 25-32."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from saliency_audit.attributions.controlled_scores import (
    ControlledScores,
    ScoreLaw,
    skew_normal_scores,
    two_normals,
    uniform_scores,
)
from saliency_audit.ledger.internal.dre import printed_forms
from saliency_audit.ledger.internal.orders import count_held, list_exceptions
from saliency_audit.ledger.verdict import Check, Erratum, InternalAudit, erratum_if

SHAPES = tuple(range(-20, 21))
MIXTURES = tuple((mu, tenth / 10) for mu in (2, 4, 8, 16) for tenth in range(1, 10))


def dre_skew() -> InternalAudit:
    """Skewness before and after for every input of App. B, and the printed formulas."""
    raised = [_raised(law) for law in laws()]
    formulas = [replace(check, deciding=False) for check in _formula_checks()]
    left = [law.name for law in laws() if ControlledScores(law).skewness < 0]
    detail = (
        f"Pearson's coefficient 3(mean − median)/std rises for {count_held(raised)} inputs; "
        f"exceptions: {list_exceptions(raised)}. {len(left)} outputs are still left-skewed "
        f"({'; '.join(left)}). At a=−20, 99.9 % of the scores lie below {_quantile(-20):.2f}, for "
        f"normal input below {_quantile(0):.2f}. Of the printed formulas, which do not decide, "
        f"{count_held(formulas)} are right; wrong: "
        f"{'; '.join(check.name for check in formulas if not check.holds)}."
    )
    return InternalAudit((*raised, *formulas), detail, (*_mean_erratum(), *_kernel_erratum()))


def laws() -> list[ScoreLaw]:
    """The inputs of App. B."""
    found = [uniform_scores(), *(skew_normal_scores(a) for a in SHAPES)]
    return [*found, *(two_normals(mu, share) for mu, share in MIXTURES)]


def _quantile(a: float) -> float:
    """Below this lie 99.9 % of the scores after the controller, for skew normal input."""
    return ControlledScores(skew_normal_scores(a)).quantile(0.999)


def _raised(law: ScoreLaw) -> Check:
    before, after = law.skewness, ControlledScores(law).skewness
    return Check(
        f"{law.name}: skewness rises",
        after > before,
        "after > before",
        f"{before:+.3f} to {after:+.3f}",
    )


def _formula_checks() -> list[Check]:
    z = np.linspace(0.001, 0.999, 999)
    gap = _largest(
        printed_forms.uniform_output_density(z) - ControlledScores(uniform_scores()).density(z)
    )
    shapes = [a for a in SHAPES if a != 0]
    true_means = {a: skew_normal_scores(a).mean for a in shapes}
    right = [
        a
        for a, mean in true_means.items()
        if _agree(printed_forms.skew_normal_mean_as_printed(a), mean)
    ]
    variances = _largest(
        [printed_forms.skew_normal_variance(a) - skew_normal_scores(a).std ** 2 for a in shapes]
    )
    masses = {sigma: _kernel_mass(sigma) for sigma in (0.5, 1.0, 2.0)}
    mixtures = _largest([_mixture_moment_gap(mu, share) for mu, share in MIXTURES])
    return [
        Check("Eq. 26 (uniform input)", gap < 1e-9, "equals Eq. 17-19", f"differs by {gap:.0e}"),
        Check(
            "E[x] of the skew normal, below Eq. 28",
            len(right) == len(shapes),
            f"right for {len(shapes)} of {len(shapes)} shapes a≠0",
            f"right for {len(right)} (a={', '.join(map(str, right)) or 'none'})",
        ),
        Check(
            "V[x] of the skew normal, below Eq. 28",
            variances < 1e-9,
            "the true variance",
            f"differs by {variances:.0e}",
        ),
        Check(
            "Ψ above Eq. 30 is a density",
            all(_agree(mass, 1.0) for mass in masses.values()),
            "integrates to 1 for every σ",
            ", ".join(f"{mass:.3f} at σ={sigma}" for sigma, mass in masses.items()),
        ),
        Check(
            "E[x] and V[x] of the mixtures, below Eq. 31",
            mixtures < 1e-6,
            "the true moments",
            f"differs by {mixtures:.0e}",
        ),
    ]


def _agree(value: float, expected: float) -> bool:
    return abs(value - expected) < 1e-9


def _largest(differences: np.ndarray | Sequence[float]) -> float:
    return float(np.max(np.abs(differences)))


def _kernel_mass(sigma: float) -> float:
    x = np.linspace(-12 * sigma, 12 * sigma, 10_001)
    return float(np.trapezoid(printed_forms.normal_kernel_as_printed(x, sigma, 0.0), x))


def _mixture_moment_gap(mu: float, share: float) -> float:
    source = two_normals(mu, share)
    x = np.linspace(*source.support, 10_001)
    mean = float(np.trapezoid(x * source.pdf(x), x))
    variance = float(np.trapezoid((x - mean) ** 2 * source.pdf(x), x))
    return max(abs(mean - source.mean), abs(variance - source.std**2))


def _mean_erratum() -> tuple[Erratum, ...]:
    printed, true = (
        printed_forms.skew_normal_mean_as_printed(20),
        printed_forms.skew_normal_mean(20),
    )
    z = np.linspace(1e-4, 1 - 1e-4, 200_001)
    wrong = ControlledScores(skew_normal_scores(20)).density(z, mean=printed)
    right = ControlledScores(skew_normal_scores(20)).density(z)
    above = z > 0.1
    lost, kept = (float(np.trapezoid(p[above], z[above])) for p in (wrong, right))
    undefined = sum(np.isnan(printed_forms.skew_normal_mean_as_printed(a)) for a in SHAPES)
    return erratum_if(
        not _agree(printed, true),
        "App. B.2, below Eq. 28",
        "“E[x] = √2a/√((1+a)π)”",
        "The root must hold 1+a²; the square may have been lost in the text version that we read. "
        f"As printed the mean is undefined for {undefined} of the 41 integer shapes a = −20…20, "
        f"and {printed:.3f} instead of {true:.3f} at a=20. Eq. 28 still integrates to 1 with it, "
        f"but y is no longer centred: at a=20, {lost:.1%} of the output would lie above 0.1 "
        f"instead of {kept:.1%}, so Fig. 14 must have been drawn with the right mean.",
    )


def _kernel_erratum() -> tuple[Erratum, ...]:
    mass = _kernel_mass(2.0)
    return erratum_if(
        not _agree(mass, 1.0),
        "App. B.3, above Eq. 30",
        "“Ψ(x, σ_i, μ_i) = 1/√(2π) e^(−(x−μ_i)²/(2σ_i²))”",
        f"The factor 1/σ is missing: Ψ integrates to {mass:.2f} at σ=2, so Eq. 30-32 are densities "
        "for σ=1 only, the case that Fig. 15 shows.",
    )
