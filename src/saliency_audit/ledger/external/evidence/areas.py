"""Differences of areas under information curves, as effects: bootstrap over images."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.effect import (
    HIGHER,
    Effect,
    Expected,
    bootstrap_ps,
)
from saliency_audit.ledger.external.evidence.curves import (
    COMPLEXITIES,
    CurveGroup,
    CurvePair,
    Used,
)
from saliency_audit.ledger.resampling import estimate_from
from saliency_audit.ledger.statistics import Estimate, bootstrap_mean

# The estimate, beside every comparison, on the images that all declared curves use.
ON_COMMON = "on the common images"


@dataclass(frozen=True)
class Asked:
    """A pair of curves, the images that every declared curve uses, and where the claim expects it.

    `corrected` tells whether Holm's family has it; a declared tie stands outside.
    """

    pair: CurvePair
    common: Used
    expected: Expected = HIGHER
    corrected: bool = True

    def effect(self, resamples: int) -> Effect:
        """The difference of the two areas; in `extra` that on the images that every curve uses."""
        base, other = self.pair.areas(self.pair.used)
        draws = self.pair.draws(self.pair.used, resamples)
        estimate = estimate_from(other - base, draws, int(self.pair.used.sum()))
        return Effect(
            keys=self.pair.keys,
            estimate=estimate,
            expected=self.expected,
            base=base,
            other=other,
            p=bootstrap_ps(draws, self.expected) if self.corrected else None,
            extra=self._on_common(estimate, resamples),
        )

    def _on_common(self, estimate: Estimate, resamples: int) -> dict[str, Estimate]:
        if not self.common.any():
            return {}
        if np.array_equal(self.common, self.pair.used):
            return {ON_COMMON: estimate}
        return {ON_COMMON: area_difference(self.pair, self.common, resamples)}


def area_difference(pair: CurvePair, used: Used, resamples: int) -> Estimate:
    """Area of the other minus area of the base on some images, at least one."""
    base, other = pair.areas(used)
    return estimate_from(other - base, pair.draws(used, resamples), int(used.sum()))


def pooled_difference(pairs: Sequence[CurvePair]) -> Estimate:
    """Mean difference of the areas under each image's own curves, resampled by image."""
    pooled = pd.concat([pair.image_differences() for pair in pairs])
    return bootstrap_mean(pooled.to_numpy(dtype=float), pooled.index.tolist())


def without_images(groups: Sequence[CurveGroup]) -> list[str]:
    """Pairs of which every image is dropped."""
    return [pair.label for group in groups for pair in group.pairs if not pair.used.any()]


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
