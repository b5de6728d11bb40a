"""Internal audit of GG-PRODUCT: IG and Algorithm 1 with and without the product."""

from collections.abc import Callable

from saliency_audit.ledger.internal.ggig import algebra
from saliency_audit.ledger.internal.orders import count_held
from saliency_audit.ledger.verdict import Check, Erratum, InternalAudit, erratum_if

POINTS, ASCENTS = 50, 200  # n is not printed; m is printed for MNIST
INTERVALS = 4
PIXEL, BLACK, WHITE = 0.5, 0.0, 1.0
EQUAL = 1e-12


def gg_product() -> InternalAudit:
    """Does leaving out the product remove input dominance, and does it remove the baseline?"""
    product = algebra.product_at_baseline(INTERVALS)
    mean = algebra.mean_gradient(INTERVALS)
    black = _ggig(lambda position: position, PIXEL, BLACK)
    white = _ggig(lambda position: position, PIXEL, WHITE)
    checks = (
        Check(
            "with the product, a pixel equal to its baseline gets 0 whatever the gradients",
            product == 0,
            "0",
            f"{product} (symbolic, {INTERVALS} intervals)",
        ),
        Check(
            "without it, such a pixel keeps its gradient",
            mean.at_baseline != 0,
            "f′(b), not 0",
            f"{mean.at_baseline} = f′(b) for f = x²/2 (symbolic)",
        ),
        Check(
            "without it, the IG map no longer depends on the baseline b",
            mean.dependence == 0,
            "derivative by b is 0",
            f"{mean.dependence} for f = x²/2 and {INTERVALS} intervals (symbolic)",
        ),
        Check(
            "the GGIG map does not depend on the baseline",
            abs(black.attribution - white.attribution) < EQUAL,
            "the same value from a black and a white baseline",
            f"{black.attribution:.3f} and {white.attribution:.3f} for f = x²/2 at x = {PIXEL}",
        ),
    )
    return InternalAudit(
        checks=checks,
        detail=(
            f"{count_held(checks)} statements hold. Leaving out the product removes the dominance "
            "of the input, but the points where gradients are taken still start at the baseline. "
            "The paper prints neither n nor, for ImageNet, m."
        ),
        errata=(
            *_baseline_erratum(black.attribution, white.attribution),
            *_axiom_errata(),
        ),
    )


def _ggig(gradient: Callable[[float], float], value: float, baseline: float) -> algebra.PixelRun:
    return algebra.ggig_pixel(gradient, value, baseline, POINTS, ASCENTS)


def _baseline_erratum(black: float, white: float) -> tuple[Erratum, ...]:
    """Algorithm 1 starts from the baseline that §3 calls resolved."""
    return erratum_if(
        abs(black - white) > EQUAL,
        "§3, last paragraph",
        "“avoiding direct or modified (as in IG) element-wise multiplication resolves the baseline "
        "issue from this work”",
        "Algorithm 1, line 4, still places its points between the baseline and the input. For f = "
        f"x²/2 and a pixel of {PIXEL} it returns {black:.3f} from a black and {white:.3f} from a "
        "white baseline.",
    )


def _axiom_errata() -> tuple[Erratum, ...]:
    """What §1 says about sensitivity and implementation invariance."""
    gap = algebra.gradients_of_one_function()
    falling = _ggig(lambda position: -1.0 if position < 1 else 0.0, 2.0, 0.0)
    return (
        *erratum_if(
            gap < EQUAL,
            "§1",
            "“GRAD specifically violates both implementation invariance and sensitivity”",
            "The gradient depends on the function only, so it cannot differ between two "
            "implementations of it: for a ReLU network and the same network with permuted and "
            f"rescaled units the gradients differ by at most {gap:.0e}. GRAD violates only "
            "sensitivity.",
        ),
        *erratum_if(
            falling.attribution == 0,
            "§1",
            "“In order to both conform to the two aforementioned properties and reduce noise, we "
            "suggest that the gradients can be improved”",
            "The signed maximum of Algorithm 1 does not conform to sensitivity. For the score "
            "−min(x, 1), with baseline 0 and input 2, the score changes by −1 but the gradients "
            f"along the path are −1 and 0, so their maximum is {falling.attribution:.0f}.",
        ),
    )
