"""Internal audit of GG-SIGMA: what Properties 1 and 2 ask for."""

from saliency_audit.ledger.internal.ggig import algebra
from saliency_audit.ledger.internal.ggig.algebra import NoisyScore
from saliency_audit.ledger.internal.orders import count_held
from saliency_audit.ledger.verdict import Check, Erratum, InternalAudit, erratum_if

CLASSES = 10
FAR = 1000.0  # noise over weights, far beyond what Property 1 allows
STANDARD_ERRORS = 3.0
NEGLIGIBLE = 0.01
DEEP = 101  # layers, as in the ResNet of the paper's figure


def gg_sigma() -> InternalAudit:
    """What can Properties 1 and 2 mean, taken literally?"""
    far, allowed = algebra.noisy_score(FAR, CLASSES), algebra.noisy_score(1.0, CLASSES)
    shallow, deep = algebra.map_correlation(1), algebra.map_correlation(DEEP)
    jaccard = algebra.jaccard_of_independent_maps()
    chance = 1 / CLASSES
    # None decides: each is one reading of the properties, and the claim is what Figure 4 shows.
    readings = (
        (
            "the mean score over draws of a very large noise is 1/C",
            abs(far.mean - chance) <= STANDARD_ERRORS * far.error,
            f"{chance:.3f}",
            f"{far.mean:.3f} ± {far.error:.3f}",
        ),
        (
            "the score of one perturbed model is 1/C",
            far.near_chance > 0.5,
            f"within a factor 2 of {chance:.1f} in most draws",
            f"in {100 * far.near_chance:.1f} % of draws: the softmax saturates at 0 or 1",
        ),
        (
            "the mean score is 1/C at the largest allowed noise, one linear layer",
            abs(allowed.mean - chance) <= STANDARD_ERRORS * allowed.error,
            f"{chance:.3f} at ε = σ",
            f"{allowed.mean:.3f} ± {allowed.error:.3f}",
        ),
        (
            "gradient maps are unrelated at the largest allowed noise, one linear layer",
            shallow < NEGLIGIBLE,
            "correlation 0 at ε = σ",
            f"{shallow:.3f} (closed form; {algebra.simulated_map_correlation(1):.3f} simulated)",
        ),
        (
            f"gradient maps are unrelated at the largest allowed noise, {DEEP} linear layers",
            deep < NEGLIGIBLE,
            "correlation 0 at ε = σ",
            f"{deep:.0e} (closed form)",
        ),
        (
            "any similarity measure of unrelated maps is 0: weighted Jaccard",
            jaccard < NEGLIGIBLE,
            "0",
            f"{jaccard:.3f} for maps of absolute normal values",
        ),
    )
    checks = tuple(Check(*reading, deciding=False) for reading in readings)
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
    allowed: NoisyScore, far: NoisyScore, shallow: float, jaccard: float
) -> tuple[Erratum, ...]:
    """Property 1 and Property 2 against their own wording."""
    return (
        *erratum_if(
            min(far.near_chance, allowed.near_chance) <= 0.5,
            "§4, Property 1",
            "“S_M′(x) should reduce to 1/C”",
            "1/C is the limit of the mean over draws of the noise, not of the score of one "
            "perturbed model: large weights saturate the softmax at 0 or 1. For one linear layer "
            "(10 classes, logits of standard deviation 5) the mean score is still "
            f"{allowed.mean:.2f} at the largest allowed noise, where "
            f"{100 * allowed.near_chance:.0f} % of the scores lie within a factor of two of 1/C; "
            f"with {FAR:.0f} times that noise the mean is {far.mean:.2f} and "
            f"{100 * far.near_chance:.0f} % do.",
        ),
        *erratum_if(
            jaccard >= NEGLIGIBLE,
            "§4, Property 2",
            "“any similarity measure between two explanations”; “For sufficiently large "
            "perturbation level, i.e., ε ≫ 0, the S(e_M, e_M′) ≈ 0”",
            f"Two independent maps have a weighted Jaccard similarity of {jaccard:.2f}, a measure "
            "that the paper uses in Table 1. And for one linear layer the exact gradient keeps a "
            f"correlation of {shallow:.2f} at ε = σ, so that it would fail the check there, "
            "faithful as it is.",
        ),
    )
