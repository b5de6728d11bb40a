"""Internal audit of the definition of ReCo: Eq. 6 and the sets that it compares.

The closed forms are in `mege_limits`, imported where used: it needs the metrics and hence torch,
which listing the claims does not.
"""

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from saliency_audit.ledger.internal.signs import count_held
from saliency_audit.ledger.printed import printed_tables
from saliency_audit.ledger.verdict import Check, Erratum, InternalAudit

if TYPE_CHECKING:
    from saliency_audit.ledger.internal.mege.limits import Simulated

SHARES = (0.05, 0.2, 0.5)  # |S≠|/|S|
SIZE = 2000  # |S|
SHIFT = 1.0  # between the two normals, in standard deviations
SIGNIFICANT = 3.0  # standard errors of a simulated mean
ENUMERATED = 8  # distances; every way to split them is tried
CLOSE = 0.005


def mr_def() -> InternalAudit:
    """Is Eq. 6, as printed, a balanced accuracy with the stated properties?"""
    from saliency_audit.ledger.internal.mege import limits as limits

    identical = {share: limits.shuffled_labels(share, SIZE, "printed") for share in SHARES}
    shifted = {share: limits.shifted_normals(SHIFT, share, SIZE, "printed") for share in SHARES}
    balanced, zeros = _balanced_accuracy(), [_identical(*item) for item in identical.items()]
    reversal, imbalance, defined = _reversed(), _imbalance(shifted), _defined_everywhere()
    checks = (balanced, *_separation(), *zeros, reversal, imbalance, defined)
    contradicted = (
        (balanced.holds, _balanced_erratum(balanced)),
        (all(check.holds for check in (*zeros, reversal)), _zero_erratum()),
        (imbalance.holds, _imbalance_erratum(shifted)),
        (defined.holds, _undefined_erratum()),
    )
    return InternalAudit(
        checks=checks,
        detail=f"{count_held(checks)} properties hold. {_identical_in_words(identical)}",
        errata=tuple(erratum for holds, erratum in contradicted if not holds),
    )


def _balanced_erratum(check: Check) -> Erratum:
    return Erratum(
        "§3.5, Eq. 6",
        "ReCo is “the maximal balanced accuracy”, from a TPR and a TNR",
        "The two rates are divided by all distances below and above γ, so they are positive and "
        "negative predictive values, and Eq. 6 is a markedness. On the same distances: "
        f"{check.found}. With true rates Eq. 6 would be twice the balanced accuracy minus one.",
    )


def _zero_erratum() -> Erratum:
    from saliency_audit.ledger.internal.mege.limits import printed_identical_mean

    return Erratum(
        "§3.5, Eq. 6",
        "a score of 0 means complete inconsistency",
        "As printed, two identical distributions do not score 0 however many distances there are "
        f"(mean in the limit {_listed(printed_identical_mean(share) for share in SHARES)} for "
        f"|S≠|/|S| = {_listed(SHARES, 2)}), and S≠ entirely below S= scores less than 0: "
        "−min(|S=|, |S≠|)/(|S| − 2).",
    )


def _imbalance_erratum(shifted: "Mapping[float, Simulated]") -> Erratum:
    from saliency_audit.ledger.internal.mege.limits import balanced_shifted_normals

    return Erratum(
        "§3.5",
        "the rates make the assessment independent of the accuracy of the predictor",
        "Predictive values depend on |S≠|/|S|, which the accuracy sets: the same two distributions "
        f"(normals one σ apart) score {_listed(scores.mean for scores in shifted.values())} at "
        f"|S≠|/|S| = {_listed(SHARES, 2)}; by balanced accuracy they score "
        f"{balanced_shifted_normals(SHIFT):.3f} at each.",
    )


def _undefined_erratum() -> Erratum:
    return Erratum(
        "Eq. 6",
        "the maximum runs over all γ in S",
        "At the smallest distance nothing lies below γ and at the largest nothing above: a printed "
        "rate is 0/0 at both.",
    )


def _identical_in_words(identical: "Mapping[float, Simulated]") -> str:
    """What identical distributions score, where the maximum sits, and what that says of Table 1."""
    from saliency_audit.ledger.internal.mege import limits as limits

    tables = printed_tables("mege", "table_01", "table_03", "table_05", "table_06", "table_07")
    lowest = tables.loc[tables["metric"] == "reco", "value"].min()
    rare = max(limits.printed_identical_cdf(lowest + CLOSE, share) for share in SHARES)
    ends = [100 * limits.share_decided_at_the_ends(share, SIZE) for share in SHARES]
    balanced = [limits.shuffled_labels(share, SIZE, "balanced").mean for share in SHARES]
    return (
        "The printed rates are predictive values. With them two identical distributions score "
        f"{_listed(scores.mean for scores in identical.values())} on average at |S≠|/|S| = "
        f"{_listed(SHARES, 2)} and |S| = {SIZE}, and about as much at any |S|: in "
        f"{_listed(ends, 0)} % of samples the maximum sits in the outermost 1 % of thresholds. "
        f"With the rates of balanced accuracy they score {_listed(balanced)}, which falls to 0 as "
        "|S| grows. Under Eq. 6 as printed identical distributions score as low as the lowest "
        f"printed ReCo, {lowest:.2f}, in at most {100 * rare:.1f} % of samples: a hint that the "
        "tables rest on other rates or on fewer thresholds."
    )


def _balanced_accuracy() -> Check:
    from saliency_audit.ledger.internal.mege.limits import shifted_normals

    printed = shifted_normals(SHIFT, 0.2, SIZE, "printed", samples=20).mean
    balanced = shifted_normals(SHIFT, 0.2, SIZE, "balanced", samples=20).mean
    return Check(
        "the printed TPR and TNR are the rates of balanced accuracy",
        abs(printed - balanced) < CLOSE,
        "Eq. 6 with rates out of |S=| and |S≠|",
        f"{printed:.3f} with the printed rates, {balanced:.3f} with rates out of |S=| and |S≠| "
        f"({SIZE} distances from normals one σ apart, a fifth in S≠)",
        decisive=True,
    )


def _separation() -> tuple[Check, Check]:
    """Try every way to split a few distances into S= and S≠ of at least two each."""
    from saliency_audit.metrics.stability import reco

    separated: list[float] = []
    others: list[float] = []
    for equal in range(2, ENUMERATED - 1):
        for chosen in combinations(range(ENUMERATED), equal):
            rest = [place for place in range(ENUMERATED) if place not in chosen]
            score = reco(chosen, rest, "printed")
            (separated if max(chosen) < min(rest) else others).append(score)
    return (
        Check(
            "S= entirely below S≠ scores 1",
            all(score == 1 for score in separated),
            "1",
            f"1 in {sum(score == 1 for score in separated)} of {len(separated)} orders",
        ),
        Check(
            "only S= entirely below S≠ scores 1",
            all(score < 1 for score in others),
            "below 1",
            f"at most {max(others):.3f} over the {len(others)} other orders of {ENUMERATED} "
            "distances",
            deciding=False,
        ),
    )


def _identical(share: float, scores: "Simulated") -> Check:
    from saliency_audit.ledger.internal.mege.limits import printed_identical_mean

    return Check(
        f"identical S= and S≠ score 0, |S≠|/|S| = {share}",
        abs(scores.mean) <= SIGNIFICANT * scores.error,
        "0",
        f"mean {scores.mean:.3f} ± {scores.error:.3f} at |S| = {SIZE}; in the limit of many "
        f"distances {printed_identical_mean(share):.3f}",
    )


def _reversed() -> Check:
    from saliency_audit.ledger.internal.mege.limits import printed_reversed
    from saliency_audit.metrics.stability import reco

    different, ranks = SIZE // 5, np.arange(SIZE)
    score = reco(ranks[different:], ranks[:different], "printed")
    return Check(
        "complete inconsistency (S≠ entirely below S=) scores 0",
        abs(score) < CLOSE,
        "0",
        f"{score:.3f} with a fifth of the distances in S≠ "
        f"(closed form {printed_reversed(SIZE - different, different):.3f})",
    )


def _imbalance(shifted: "Mapping[float, Simulated]") -> Check:
    means = [scores.mean for scores in shifted.values()]
    error = max(scores.error for scores in shifted.values())
    return Check(
        "the score of two given distributions does not depend on |S≠|/|S|",
        max(means) - min(means) <= SIGNIFICANT * error * np.sqrt(2),
        f"equal at |S≠|/|S| = {_listed(SHARES, 2)}",
        f"{_listed(means)} (normals one σ apart)",
    )


def _defined_everywhere() -> Check:
    from saliency_audit.metrics.stability import threshold_rates

    order = np.random.default_rng(0).permutation(SIZE)
    scores = threshold_rates(order[SIZE // 5 :], order[: SIZE // 5], "printed").scores
    missing = int(np.isnan(scores).sum())
    return Check(
        "both rates exist at every threshold γ in S",
        missing == 0,
        "no 0/0",
        f"0/0 at {missing} of {SIZE} thresholds, the smallest and the largest distance",
        deciding=False,
    )


def _listed(values: Iterable[float], digits: int = 3) -> str:
    return ", ".join(f"{value:.{digits}f}" for value in values)
