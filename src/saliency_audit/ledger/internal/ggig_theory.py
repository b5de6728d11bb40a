"""Internal audits of the GGIG paper's algebra: Algorithm 1 and the sanity check.

The closed forms are in `ggig_algebra`, imported where used: it needs sympy, which listing the
claims does not.
"""

from collections.abc import Callable
from math import sqrt
from typing import TYPE_CHECKING

from saliency_audit.ledger.internal.registry import internal_test
from saliency_audit.ledger.internal.signs import count_held
from saliency_audit.ledger.verdict import Check, Erratum, InternalAudit

if TYPE_CHECKING:
    from saliency_audit.ledger.internal.ggig_algebra import NoisyScore, PixelRun

CLASSES = 10
FAR = 1000.0  # noise over weights, far beyond what Property 1 allows
STANDARD_ERRORS = 3.0
NEGLIGIBLE = 0.01
DEEP = 101  # layers, as in the ResNet of the paper's figure
SMALL_SIGMA = 0.02

POINTS, ASCENTS = 50, 200  # n is not printed; m is printed for MNIST
INTERVALS = 4
PIXEL, BLACK, WHITE = 0.5, 0.0, 1.0
EQUAL = 1e-12


@internal_test("GG-SIGMA")
def gg_sigma() -> InternalAudit:
    """What can Properties 1 and 2 mean, taken literally?"""
    from saliency_audit.ledger.internal import ggig_algebra as algebra

    far, allowed = algebra.noisy_score(FAR, CLASSES), algebra.noisy_score(1.0, CLASSES)
    shallow, deep = algebra.map_correlation(1), algebra.map_correlation(DEEP)
    jaccard = algebra.jaccard_of_independent_maps()
    chance = 1 / CLASSES
    # None decides: each is one reading of the properties, and the claim is what Figure 4 shows.
    checks = (
        Check(
            "the mean score over draws of a very large noise is 1/C",
            abs(far.mean - chance) <= STANDARD_ERRORS * far.error,
            f"{chance:.3f}",
            f"{far.mean:.3f} ± {far.error:.3f}",
            deciding=False,
        ),
        Check(
            "the score of one perturbed model is 1/C",
            far.near_chance > 0.5,
            f"within a factor 2 of {chance:.1f} in most draws",
            f"in {100 * far.near_chance:.1f} % of draws: the softmax saturates at 0 or 1",
            deciding=False,
        ),
        Check(
            "the mean score is 1/C at the largest allowed noise, one linear layer",
            abs(allowed.mean - chance) <= STANDARD_ERRORS * allowed.error,
            f"{chance:.3f} at ε = σ",
            f"{allowed.mean:.3f} ± {allowed.error:.3f}",
            deciding=False,
        ),
        Check(
            "gradient maps are unrelated at the largest allowed noise, one linear layer",
            shallow < NEGLIGIBLE,
            "correlation 0 at ε = σ",
            f"{shallow:.3f} (closed form; {algebra.simulated_map_correlation(1):.3f} simulated)",
            deciding=False,
        ),
        Check(
            f"gradient maps are unrelated at the largest allowed noise, {DEEP} linear layers",
            deep < NEGLIGIBLE,
            "correlation 0 at ε = σ",
            f"{deep:.0e} (closed form)",
            deciding=False,
        ),
        Check(
            "any similarity measure of unrelated maps is 0: weighted Jaccard",
            jaccard < NEGLIGIBLE,
            "0",
            f"{jaccard:.3f} for maps of absolute normal values",
            deciding=False,
        ),
    )
    return InternalAudit(
        checks=checks,
        detail=(
            f"Taken literally, {count_held(checks)} readings of the two properties hold. They "
            "depend on depth: with noise as large as the weights, one layer keeps a map "
            f"correlation of {shallow:.2f}, L layers keep 2^(−L/2). Independent maps still have a "
            f"weighted Jaccard similarity of {jaccard:.2f}: the limit of a measure need not be 0."
        ),
        errata=_sanity_check_errata(allowed, far, shallow, jaccard),
        undecidable=(
            "that GRAD, IG and GGIG pass rests on Figure 4 alone: no similarity, score or limit "
            "for passing is printed as a number"
        ),
    )


def _sanity_check_errata(
    allowed: "NoisyScore", far: "NoisyScore", shallow: float, jaccard: float
) -> tuple[Erratum, ...]:
    """Property 1 and Property 2 against their own wording."""
    times = sqrt(SMALL_SIGMA) / SMALL_SIGMA
    found = [
        Erratum(
            "§4, Property 1",
            "noise N(0, εI) with 0 ≤ ε ≤ σ, and “sufficiently large” ε ≫ 0",
            "ε is bounded by σ and asked to be large in the same property; at the bound the noise "
            "is only as large as the weights. As the factor of a covariance, ε is a variance and "
            f"is bounded by a standard deviation: for σ = {SMALL_SIGMA} the noise would have a "
            f"standard deviation of up to {sqrt(SMALL_SIGMA):.3f}, {times:.1f} times σ.",
            read=True,
        )
    ]
    if min(far.near_chance, allowed.near_chance) <= 0.5:
        found.append(
            Erratum(
                "§4, Property 1",
                "the score S_M′(x) of the perturbed model should reduce to 1/C",
                "1/C is the limit of the mean over draws of the noise, not of the score of a "
                "perturbed "
                "model: large weights saturate the softmax at 0 or 1. For one linear layer (10 "
                "classes, logits of standard deviation 5) the mean score is still "
                f"{allowed.mean:.2f} at the largest allowed noise, where "
                f"{100 * allowed.near_chance:.0f} % of the scores lie within a factor of two of "
                "1/C; "
                f"with {FAR:.0f} times that noise the mean is {far.mean:.2f} and "
                f"{100 * far.near_chance:.0f} % do.",
            )
        )
    if jaccard >= NEGLIGIBLE:
        found.append(
            Erratum(
                "§4, Property 2",
                "for “any similarity measure” the similarity is ≈ 0 at a large perturbation; all "
                "attribution methods should satisfy this",
                f"Two independent maps have a weighted Jaccard similarity of {jaccard:.2f} (a "
                "measure "
                "the paper uses in Table 1). For one linear layer the exact gradient keeps a "
                f"correlation of {shallow:.2f} at ε = σ, so a faithful method fails the check "
                "there.",
            )
        )
    return tuple(found)


@internal_test("GG-PRODUCT")
def gg_product() -> InternalAudit:
    """Does leaving out the product remove input dominance, and does it remove the baseline?"""
    from saliency_audit.ledger.internal import ggig_algebra as algebra

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
            _ranges_erratum(black.gradients),
            *_axiom_errata(),
            Erratum(
                "Abstract, Figure 3, §6",
                "GGIG looks into the model's parameter space and follows the loss landscape",
                "Algorithm 1 changes x and never the parameters, and ascends the class logit, not "
                "a loss; §3 itself says that the ascent is over the sample “as opposed to the "
                "model”.",
                read=True,
            ),
        ),
    )


def _ggig(gradient: Callable[[float], float], value: float, baseline: float) -> "PixelRun":
    from saliency_audit.ledger.internal.ggig_algebra import ggig_pixel

    return ggig_pixel(gradient, value, baseline, POINTS, ASCENTS)


def _baseline_erratum(black: float, white: float) -> tuple[Erratum, ...]:
    """Algorithm 1 starts from the baseline that §3 calls resolved."""
    if abs(black - white) < EQUAL:
        return ()
    return (
        Erratum(
            "§3, last paragraph",
            "avoiding the element-wise product “resolves the baseline issue”",
            "Algorithm 1, line 4, still places its points between the baseline and the input. For "
            f"f = x²/2 and a pixel of {PIXEL} it returns {black:.3f} from a black and {white:.3f} "
            "from a white baseline.",
        ),
    )


def _ranges_erratum(collected: int) -> Erratum:
    """Index ranges of the algorithm against those of the text."""
    return Erratum(
        "§3 against Algorithm 1",
        "b_0, …, b_n are “a set of n” points; the maximum is over i = 0…n and j = 0…m",
        f"b_0 to b_n are n + 1 points, the superscript j runs to m − 1 in Algorithm 1, and i is "
        f"not an index of x_k^j (k is). For n = {POINTS} and m = {ASCENTS} Algorithm 1 collects "
        f"{collected:,} gradients; the ranges in the text give {(POINTS + 1) * (ASCENTS + 1):,}.",
        read=True,
    )


def _axiom_errata() -> tuple[Erratum, ...]:
    """What §1 says about sensitivity and implementation invariance."""
    from saliency_audit.ledger.internal.ggig_algebra import gradients_of_one_function

    found = []
    gap = gradients_of_one_function()
    if gap < EQUAL:
        found.append(
            Erratum(
                "§1",
                "GRAD violates both implementation invariance and sensitivity",
                "The gradient depends on the function only, so it cannot differ between two "
                "implementations of it: for a ReLU network and the same network with permuted and "
                f"rescaled units the gradients differ by at most {gap:.0e}. GRAD violates only "
                "sensitivity.",
            )
        )
    falling = _ggig(lambda position: -1.0 if position < 1 else 0.0, 2.0, 0.0)
    if falling.attribution == 0:
        found.append(
            Erratum(
                "§1",
                "GGIG is proposed in order to conform to sensitivity and implementation invariance",
                "The signed maximum of Algorithm 1 does not conform to sensitivity. For the score "
                "−min(x, 1), with baseline 0 and input 2, the score changes by −1 but the "
                "gradients along the path are −1 and 0, so their maximum is "
                f"{falling.attribution:.0f}.",
            )
        )
    return tuple(found)
