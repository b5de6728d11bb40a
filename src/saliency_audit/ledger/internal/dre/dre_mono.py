"""Internal audit of DRE-MONO: what the controller and x² do to the order of the scores."""

import numpy as np
import sympy
from scipy import ndimage, stats

from saliency_audit.attributions import controlled_scores
from saliency_audit.ledger.internal.orders import count_held
from saliency_audit.ledger.verdict import Check, InternalAudit


def dre_mono() -> InternalAudit:
    """Derivative of the controller by algebra; the order of scores on a seeded map."""
    scores = np.random.default_rng(0).normal(size=(56, 56))
    mapped = controlled_scores.controlled_score((scores - scores.mean()) / scores.std())
    kept, squared = _rank_correlation(scores, mapped), _rank_correlation(scores, scores**2)
    top = [set(np.argsort(-m, axis=None)[: m.size // 4]) for m in (scores, mapped, scores**2)]
    shared = len(top[0] & top[2]) / len(top[0])
    checks = (
        _derivative_check(),
        _normalisation_check(),
        Check("rank correlation of x and z", kept == 1, "1", f"{kept:.6f}"),
        Check("rank correlation of x and x²", squared < 1, "< 1", f"{squared:+.3f}"),
        Check(
            "the top quarter of the scores is the same set after the controller",
            top[0] == top[1],
            "same set",
            f"{len(top[0] & top[1])} of {len(top[0])} shared (x²: {shared:.0%})",
        ),
    )
    small = scores[:14, :14]
    upsampled = _rank_correlation(*(_upsample(m) for m in (small, mapped[:14, :14])))
    detail = (
        f"{count_held(checks)} statements hold. So faithfulness and explainability, which depend "
        "on ranks only (Eq. 10, 11), cannot change when the controller is applied to a given mask; "
        "any gain must come from training with it. On signed scores x² destroys the order; on "
        "scores that are all ≥ 0 it would keep it. Bilinear upsampling (Eq. 9) does not commute "
        "with the controller: upsampled before it and after it, a random 14×14 map has a rank "
        f"correlation of {upsampled:.4f} with itself, not 1."
    )
    return InternalAudit(checks, detail)


def _derivative_check() -> Check:
    y = sympy.Symbol("y", real=True)
    eta, h = sympy.symbols("eta h", positive=True)
    sigmoid = 1 / (1 + sympy.exp(-eta * y))
    # each factor is positive, so the product is
    factors = (h, eta, sigmoid**h, sympy.exp(-eta * y) * sigmoid)
    remainder = sympy.simplify(sympy.diff(sigmoid**h, y) - sympy.prod(factors))
    positive = all(bool(factor.is_positive) for factor in factors)
    return Check(
        "dz/dy = hη·sigmoid^h·(1 − sigmoid) > 0 for η, h > 0",
        bool(remainder == 0) and positive,
        "identity with positive factors",
        f"remainder {remainder}, factors {'all positive' if positive else 'not all positive'}",
    )


def _normalisation_check() -> Check:
    x, mean = sympy.symbols("x mean", real=True)
    variance = sympy.Symbol("variance", positive=True)
    slope = sympy.diff((x - mean) / sympy.sqrt(variance), x)
    return Check(
        "dy/dx = 1/√V[x] > 0 for a map that is not constant",
        bool(slope.is_positive),
        "> 0",
        str(slope),
    )


def _rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    ranks = [stats.rankdata(values, axis=None) for values in (first, second)]
    if np.array_equal(*ranks):
        return 1.0
    return float(np.corrcoef(*ranks)[0, 1])


def _upsample(values: np.ndarray) -> np.ndarray:
    return np.asarray(ndimage.zoom(values, 4, order=1))
