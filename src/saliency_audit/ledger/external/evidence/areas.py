"""Differences of areas under information curves, as effects: bootstrap over images."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.effect import HIGHER, LOWER, Effect, Expected, bootstrap_ps
from saliency_audit.ledger.external.ending import Parameters
from saliency_audit.ledger.external.evidence.curves import COMPLEXITIES, CurveGroup, CurvePair, Used
from saliency_audit.ledger.resampling import enough_resamples, estimate_from
from saliency_audit.ledger.statistics import Estimate, bootstrap_mean

# The estimate, beside every comparison, on the images that all declared curves use.
ON_COMMON = "on the common images"


@dataclass(frozen=True)
class Asked:
    """A pair of curves, the images that every declared curve uses, and where the claim expects it.

    `beside` are further pairs, by what they are in words.
    """

    pair: CurvePair
    common: Used
    expected: Expected = HIGHER
    beside: Mapping[str, CurvePair] = field(default_factory=dict)

    def effect(self, resamples: int, beside: int) -> Effect:
        """The difference of the two areas; a declared tie stands outside Holm's family.

        Args:
            resamples: of it.
            beside: resamples of what stands in `extra`, further pairs and the same difference on
                the images that every curve uses.
        """
        base, other = self.pair.areas(self.pair.used)
        draws = self.pair.draws(self.pair.used, resamples)
        estimate = estimate_from(other - base, draws, int(self.pair.used.sum()))
        extra = {}
        if np.array_equal(self.common, self.pair.used):
            extra[ON_COMMON] = estimate
        elif self.common.any():
            extra[ON_COMMON] = area_difference(self.pair, self.common, resamples)
        for label, pair in self.beside.items():
            extra[label] = area_difference(pair, pair.used, beside)
        return Effect(
            keys=self.pair.keys,
            estimate=estimate,
            expected=self.expected,
            base=base,
            other=other,
            p=bootstrap_ps(draws, self.expected) if self.expected in (HIGHER, LOWER) else None,
            extra=extra,
        )


def ask(
    group: CurveGroup,
    beside: Mapping[str, CurveGroup | None],
    expected: Callable[[CurvePair], Expected] = lambda pair: HIGHER,
) -> Iterator[Asked]:
    """Every pair of a group that has an image, and beside it the same curve of other groups."""
    for pair in group.pairs:
        further = {
            label: each
            for label, other in beside.items()
            for each in (other.pairs if other else ())
            if each.keys["curve"] == pair.keys["curve"] and each.used.any()
        }
        if pair.used.any():
            yield Asked(pair, group.common, expected(pair), further)


def effects(asked: Sequence[Asked], parameters: Parameters) -> list[Effect]:
    """The effects, from as many `resamples` as are declared, or as Holm needs."""
    declared: int = parameters["resamples"]
    resamples = enough_resamples(declared, len(asked), parameters["alpha"])
    return [each.effect(resamples, declared) for each in asked]


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


def remarks(groups: Sequence[CurveGroup], without: Sequence[str], complexity: str) -> list[str]:
    """Per network how many images each curve leaves out and how many all use; networks left out."""
    said = []
    for model in dict.fromkeys(group.model for group in groups):
        chosen = [group for group in groups if group.model == model]
        left_out = [
            f"{pairs[0].keys['curve'].upper()} leaves out {_span([(~p.used).sum() for p in pairs])}"
            for pairs in zip(*(group.pairs for group in chosen), strict=True)
        ]
        total = _span([len(group.common) for group in chosen])
        both = _span([group.common.sum() for group in chosen])
        unmeasured = _span([group.unmeasured for group in chosen])
        fewer = f" ({unmeasured} more have no {COMPLEXITIES[complexity]})"
        said.append(
            f"{model}: of {total} images{fewer if unmeasured != '0' else ''} "
            f"{', '.join(left_out)}; {both} are common."
        )
    if without:
        said.append(
            f"Left out, without {COMPLEXITIES[complexity]} of any image: {', '.join(without)}."
        )
    return said


def _span(values: Sequence[int]) -> str:
    """`7`, or `5–7` where methods differ."""
    low, high = min(values), max(values)
    return str(low) if low == high else f"{low}–{high}"
