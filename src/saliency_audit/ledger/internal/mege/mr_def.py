"""Internal audit of the definition of ReCo: Eq. 6 and the sets that it compares."""

from collections.abc import Iterable, Mapping
from itertools import combinations

import numpy as np

from saliency_audit.ledger.internal.mege import limits
from saliency_audit.ledger.internal.mege.limits import Simulated
from saliency_audit.ledger.internal.orders import count_held
from saliency_audit.ledger.printed import printed_tables
from saliency_audit.ledger.verdict import Check, InternalAudit, erratum_if
from saliency_audit.metrics.stability import reco, threshold_rates

SHARES = (0.05, 0.2, 0.5)  # |S≠|/|S|
SIZE = 2000  # |S|
SHIFT = 1.0  # between the two normals, in standard deviations
SIGNIFICANT = 3.0  # standard errors of a simulated mean
ENUMERATED = 8  # distances; every way to split them is tried
CLOSE = 0.005


def mr_def() -> InternalAudit:
    """Is Eq. 6, as printed, a balanced accuracy with the stated properties?"""
    identical = {share: limits.shuffled_labels(share, SIZE, "printed") for share in SHARES}
    shifted = {share: limits.shifted_normals(SHIFT, share, SIZE, "printed") for share in SHARES}
    balanced, zeros = _balanced_accuracy(), [_identical(*item) for item in identical.items()]
    reversal, imbalance, defined = _reversed(), _imbalance(shifted), _defined_everywhere()
    checks = (balanced, *_separation(), *zeros, reversal, imbalance, defined)
    return InternalAudit(
        checks=checks,
        detail=f"{count_held(checks)} properties hold. {_identical_in_words(identical)}",
        errata=(
            *erratum_if(
                not balanced.holds,
                "§3.5, Eq. 6",
                "“we define ReCo as the maximal balanced accuracy”",
                "The two rates, TPR and TNR, are divided by all distances below and above γ. So "
                "they are positive and negative predictive values, and Eq. 6 is a markedness. On "
                f"the same distances: {balanced.found}. With true rates Eq. 6 would be twice the "
                "balanced accuracy minus one.",
            ),
            *erratum_if(
                not all(check.holds for check in (*zeros, reversal)),
                "§3.5, Eq. 6",
                "“a score of 0 indicating a complete inconsistency”",
                "As printed, two identical distributions do not score 0 however many distances "
                "there are (mean in the limit "
                f"{_listed(limits.printed_identical_mean(share) for share in SHARES)} for |S≠|/|S| "
                f"= {_listed(SHARES, 2)}), and S≠ entirely below S= scores less than 0: "
                "−min(|S=|, |S≠|)/(|S| − 2).",
            ),
            *erratum_if(
                not imbalance.holds,
                "§3.5",
                "“explanations independently of the accuracy of the predictor”",
                "Predictive values depend on |S≠|/|S|, which the accuracy sets: the same two "
                "distributions (normals one σ apart) score "
                f"{_listed(scores.mean for scores in shifted.values())} at |S≠|/|S| = "
                f"{_listed(SHARES, 2)}; by balanced accuracy they score "
                f"{limits.balanced_shifted_normals(SHIFT):.3f} at each.",
            ),
            *erratum_if(
                not defined.holds,
                "Eq. 6",
                "the maximum runs over all γ in S",
                "At the smallest distance nothing lies below γ and at the largest nothing above, "
                "so that a printed rate is 0/0 at both. Little hangs on it: the maximum can leave "
                "them out.",
            ),
        ),
    )


def _identical_in_words(identical: Mapping[float, Simulated]) -> str:
    """What identical distributions score, where the maximum sits, and what that says of Table 1."""
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
        f"With the rates of balanced accuracy they score {_listed(balanced)}, and that falls to 0 "
        "as |S| grows. Under Eq. 6 as printed, identical distributions score as low as the lowest "
        f"printed ReCo, {lowest:.2f}, in at most {100 * rare:.1f} % of samples: a hint that the "
        "tables rest on other rates or on fewer thresholds."
    )


def _balanced_accuracy() -> Check:
    printed = limits.shifted_normals(SHIFT, 0.2, SIZE, "printed", samples=20).mean
    balanced = limits.shifted_normals(SHIFT, 0.2, SIZE, "balanced", samples=20).mean
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


def _identical(share: float, scores: Simulated) -> Check:
    return Check(
        f"identical S= and S≠ score 0, |S≠|/|S| = {share}",
        abs(scores.mean) <= SIGNIFICANT * scores.error,
        "0",
        f"mean {scores.mean:.3f} ± {scores.error:.3f} at |S| = {SIZE}; in the limit of many "
        f"distances {limits.printed_identical_mean(share):.3f}",
    )


def _reversed() -> Check:
    different, ranks = SIZE // 5, np.arange(SIZE)
    score = reco(ranks[different:], ranks[:different], "printed")
    return Check(
        "complete inconsistency (S≠ entirely below S=) scores 0",
        abs(score) < CLOSE,
        "0",
        f"{score:.3f} with a fifth of the distances in S≠ "
        f"(closed form {limits.printed_reversed(SIZE - different, different):.3f})",
    )


def _imbalance(shifted: Mapping[float, Simulated]) -> Check:
    means = [scores.mean for scores in shifted.values()]
    error = max(scores.error for scores in shifted.values())
    return Check(
        "the score of two given distributions does not depend on |S≠|/|S|",
        max(means) - min(means) <= SIGNIFICANT * error * np.sqrt(2),
        f"equal at |S≠|/|S| = {_listed(SHARES, 2)}",
        f"{_listed(means)} (normals one σ apart)",
    )


def _defined_everywhere() -> Check:
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
