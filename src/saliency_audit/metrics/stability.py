"""MeGe and ReCo: how stable explanations are when a predictor is trained on other data.

Both are computed from distances between two explanations of one image, by two predictors trained on
different folds. `equal` (S=) holds the distances where both predictors are right, `different` (S≠)
those where exactly one is. Distances where both predictors are wrong belong to neither.

Distances are one-dimensional array-likes of finite numbers ≥ 0. A constant map has no rank
correlation and hence no distance: `sorted_by_agreement` drops such pairs and counts them.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from saliency_audit.attributions.members import refuse_members
from saliency_audit.metrics.arrays import floats

Definition = Literal["printed", "balanced"]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ThresholdRates:
    """The two rates at every distinct threshold γ in S = S= ∪ S≠, in increasing order.

    Attributes:
        thresholds: `(T,)` the distinct distances.
        counts: `(T,)` how many distances are equal to each.
        true_positive: `(T,)` rate of S= below γ; NaN where it is 0/0.
        true_negative: `(T,)` rate of S≠ above γ; NaN where it is 0/0.
    """

    thresholds: Floats
    counts: NDArray[np.int64]
    true_positive: Floats
    true_negative: Floats

    @property
    def scores(self) -> Floats:
        """`(T,)` TPR + TNR − 1; NaN where either rate is 0/0."""
        return self.true_positive + self.true_negative - 1.0


def mege(equal: ArrayLike) -> float:
    """Mean generalisability: 1 / (1 + mean distance of S=). Higher is better.

    Range (0, 1]; a distance bounded by 1, such as 1 − |Spearman|, keeps it in [½, 1]. NaN if
    `equal` is empty: no image was classified correctly by both predictors, so nothing was measured.

    The authors' library, xplique, takes √(1 − |Spearman|) for the distance, which is larger, so its
    MeGe is lower; `mege(np.sqrt(equal))` is comparable with it. It also takes folds in the order of
    the images, unshuffled, and explains the true class.

    Args:
        equal: `(n,)` distances of S=, ≥ 0.

    Raises:
        ValueError: distances that are not one-dimensional, negative, NaN or infinite.

    Source: MeGe/ReCo paper, Eq. 5.
    """
    distances = _distances("equal", equal)
    return float(1.0 / (1.0 + distances.mean())) if distances.size else float("nan")


def reco(equal: ArrayLike, different: ArrayLike, definition: Definition) -> float:
    """Relative consistency: max over γ in S of TPR(γ) + TNR(γ) − 1. Higher is better.

    Exact over all thresholds, in O(n log n). "Below" and "above" are strict, as printed: distances
    equal to γ count on neither side.

    `definition="printed"` uses the rates of §3.5: TPR is the share of S= among *all* distances
    below γ, TNR the share of S≠ among *all* above γ. These are predictive values, not the rates of
    balanced accuracy; the maximum is their markedness. At the smallest distance nothing lies below
    γ and at the largest nothing above, so a rate is 0/0; these thresholds are left out. The score
    is 1 exactly when some γ separates the two sets, and negative when S≠ lies below S=, down to
    −min(|S=|, |S≠|) / (|S| − 2) without ties.

    `definition="balanced"` divides by |S=| and |S≠|: Youden's J, twice the balanced accuracy minus
    one. Both rates exist at every threshold. Since γ is itself a distance and counts on neither
    side, separated sets score 1 − ε and reversed ones −ε with ε = 1 / max(|S=|, |S≠|).

    xplique computes the balanced score, at about 20 of the distances and not below 0, and leaves
    distances equal to γ out of |S=| and |S≠| as well, so that separated sets score 1. Its root of
    the distance changes nothing here: only the order counts.

    NaN if either set is empty (predictors that never disagree say nothing about how explanations of
    opposite decisions differ), or if no threshold has both rates.

    Args:
        equal: `(n,)` distances of S=, ≥ 0.
        different: `(m,)` distances of S≠, ≥ 0.
        definition: which rates, see above.

    Raises:
        ValueError: distances that are not one-dimensional, negative, NaN or infinite; unknown
            definition.

    Source: MeGe/ReCo paper, §3.5 and Eq. 6.
    """
    scores = threshold_rates(equal, different, definition).scores
    defined = scores[~np.isnan(scores)]
    return float(defined.max()) if defined.size else float("nan")


def reco_auc(equal: ArrayLike, different: ArrayLike, definition: Definition) -> float:
    """ReCo averaged over the thresholds instead of maximised. Higher is better.

    Mean of TPR(γ) + TNR(γ) − 1 over all distances γ in S; a repeated distance counts as often as it
    occurs. With `definition="balanced"` and no ties it equals AUROC − ½ − 1/|S|, hence about ½ at
    best; with `"printed"` separated sets reach about the entropy of the split |S≠|/|S| in nats, at
    most log 2. Thresholds where a printed rate is 0/0 are left out of the sum and of the count.

    NaN, arguments and errors as in `reco`.

    Source: MeGe/ReCo paper, Appendix D.
    """
    rates = threshold_rates(equal, different, definition)
    defined = ~np.isnan(rates.scores)
    if not defined.any():
        return float("nan")
    return float(np.average(rates.scores[defined], weights=rates.counts[defined]))


def threshold_rates(
    equal: ArrayLike, different: ArrayLike, definition: Definition
) -> ThresholdRates:
    """TPR and TNR at every distinct distance, in either definition of `reco`.

    All rates are NaN if either set is empty. Arguments and errors as in `reco`.

    Source: MeGe/ReCo paper, §3.5.
    """
    if definition not in get_args(Definition):
        raise ValueError(f"definition must be 'printed' or 'balanced', got {definition!r}")
    same = np.sort(_distances("equal", equal))
    other = np.sort(_distances("different", different))
    thresholds, counts = np.unique(np.concatenate([same, other]), return_counts=True)
    if not same.size or not other.size:
        undefined = np.full(thresholds.shape, np.nan)
        return ThresholdRates(thresholds, counts, undefined, undefined)
    same_below = np.searchsorted(same, thresholds, side="left")
    other_above = other.size - np.searchsorted(other, thresholds, side="right")
    if definition == "balanced":
        return ThresholdRates(thresholds, counts, same_below / same.size, other_above / other.size)
    below = np.cumsum(counts) - counts
    above = counts.sum() - below - counts
    with np.errstate(invalid="ignore"):
        return ThresholdRates(thresholds, counts, same_below / below, other_above / above)


def _distances(name: str, values: ArrayLike) -> Floats:
    distances = floats(name, values)
    if distances.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, got shape {distances.shape}; flatten it")
    refuse_members(
        torch.from_numpy(np.isnan(distances)),
        f"{name} holds NaN",
        "a pair without a distance belongs to neither set: sorted_by_agreement drops such pairs "
        "and counts them",
        members="pairs",
    )
    refuse_members(
        torch.from_numpy(~(distances >= 0) | np.isinf(distances)),
        f"{name} holds a negative or infinite distance",
        "all must be finite numbers ≥ 0",
        members="pairs",
    )
    return distances
