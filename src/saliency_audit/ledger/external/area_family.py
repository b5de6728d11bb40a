"""A family of differences of areas under information curves: bootstrap over images, then Holm."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.curves import COMPLEXITIES, CurveGroup, CurvePair, Used
from saliency_audit.ledger.external.result import Comparison
from saliency_audit.ledger.external.rule import judge
from saliency_audit.ledger.resampling import Floats, bootstrap_p, enough_resamples, estimate_from
from saliency_audit.ledger.statistics import Estimate, bootstrap_mean, holm

# The estimate, beside every comparison, on the images that all declared curves use.
ON_COMMON = "on the common images"


@dataclass(frozen=True)
class Asked:
    """A pair of curves, the images that every declared curve uses, and which side is expected."""

    pair: CurvePair
    common: Used
    expected: str = "higher"


def compare_areas(asked: Sequence[Asked], parameters: Mapping[str, Any]) -> tuple[Comparison, ...]:
    """A comparison per pair, corrected over the directed ones.

    Args:
        asked: pairs that have an image.
        parameters: `alpha`, `resamples` (more where Holm needs them); `margin` where an equal area
            is expected.

    Returns:
        In the order of `asked`. `extra` repeats each on the images that every curve uses.
    """
    alpha, margin = parameters["alpha"], parameters.get("margin", 0.0)
    resamples = enough_resamples(parameters["resamples"], len(asked), alpha)
    family = [
        _Sampled(item, *item.pair.areas(item.pair.used), item.pair.draws(item.pair.used, resamples))
        for item in asked
    ]
    p_values = [item.p_value(margin) for item in family]
    directed = [i for i, item in enumerate(asked) if item.expected != "equal"]
    corrected = dict(zip(directed, holm([p_values[i] for i in directed]), strict=True))
    comparisons = []
    for i, item in enumerate(family):
        p_adjusted = corrected.get(i, math.nan)
        expected = item.asked.expected
        holds, contradicts = judge(
            item.estimate, expected, significant=p_adjusted < alpha, margin=margin
        )
        comparisons.append(
            Comparison(
                keys=item.asked.pair.keys,
                estimate=item.estimate,
                base_mean=item.base,
                other_mean=item.other,
                p_value=p_values[i],
                p_adjusted=p_adjusted,
                expected=expected,
                holds=holds,
                contradicts=contradicts,
                extra=item.on_common(resamples),
            )
        )
    return tuple(comparisons)


def area_difference(pair: CurvePair, used: Used, resamples: int) -> Estimate:
    """Area of the other minus area of the base on some images, at least one."""
    base, other = pair.areas(used)
    return estimate_from(other - base, pair.draws(used, resamples), int(used.sum()))


def pooled_difference(pairs: Sequence[CurvePair]) -> Estimate:
    """Mean difference of the areas under each image's own curves, resampled by image."""
    pooled = pd.concat([pair.image_differences() for pair in pairs])
    return bootstrap_mean(pooled.to_numpy(dtype=float), pooled.index.tolist())


def counts_sentence(groups: Sequence[CurveGroup], complexity: str) -> str:
    """Per network: how many images each curve drops and how many all of them use."""
    said = []
    for model in dict.fromkeys(group.model for group in groups):
        chosen = [group for group in groups if group.model == model]
        drops = [
            f"{pairs[0].keys['curve'].upper()} drops {_span([(~p.used).sum() for p in pairs])}"
            for pairs in zip(*(group.pairs for group in chosen), strict=True)
        ]
        total = _span([len(group.common) for group in chosen])
        both = _span([group.common.sum() for group in chosen])
        unmeasured = _span([group.unmeasured for group in chosen])
        without = f" ({unmeasured} more have no {COMPLEXITIES[complexity]})"
        said.append(
            f"{model}: of {total} images{without if unmeasured != '0' else ''} "
            f"{', '.join(drops)}; {both} are common."
        )
    return " ".join(said)


def unmeasured_sentence(models: Sequence[str], complexity: str) -> str:
    """The sentence on networks that are left out; empty without any."""
    if not models:
        return ""
    return f"Left out, without {COMPLEXITIES[complexity]} of any image: {', '.join(models)}."


def _span(values: Sequence[int]) -> str:
    """`7`, or `5–7` where methods differ."""
    low, high = min(values), max(values)
    return str(low) if low == high else f"{low}–{high}"


@dataclass(frozen=True)
class _Sampled:
    """A pair of areas and the resamples of their difference."""

    asked: Asked
    base: float
    other: float
    draws: Floats

    @property
    def estimate(self) -> Estimate:
        n = int(self.asked.pair.used.sum())
        return estimate_from(self.other - self.base, self.draws, n)

    def p_value(self, margin: float) -> float:
        """One-sided for the expected side; for a tie the larger of the two against the margin."""
        expected = self.asked.expected
        if expected == "equal":
            below = bootstrap_p(self.draws - margin, "less")
            return max(below, bootstrap_p(self.draws + margin, "greater"))
        return bootstrap_p(self.draws, "less" if expected == "lower" else "greater")

    def on_common(self, resamples: int) -> dict[str, Estimate]:
        """The same difference on the images that every declared curve uses."""
        common, pair = self.asked.common, self.asked.pair
        if not common.any():
            return {}
        if np.array_equal(common, pair.used):
            return {ON_COMMON: self.estimate}
        return {ON_COMMON: area_difference(pair, common, resamples)}
