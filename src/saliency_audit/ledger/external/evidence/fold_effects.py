"""Scores of cross-trained predictors compared on the same images: differences and slopes.

All scores of an image set are resampled with the same draws of images, so that those of one set can
be subtracted and averaged draw by draw.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from saliency_audit.ledger.external.effect import ALPHA, Effect, Expected, bootstrap_ps
from saliency_audit.ledger.external.evidence.folds import FoldRows
from saliency_audit.ledger.external.result import Headline
from saliency_audit.ledger.resampling import Floats, enough_resamples, estimate_from
from saliency_audit.ledger.statistics import Estimate, jackknife

SCORE_NAMES = {
    "mege": "MeGe",
    "reco_balanced": "ReCo",
    "reco_printed": "ReCo as printed",
    "mu_fidelity": "μF",
    "auroc": "AUROC",
    "mean_equal": "mean of S=",
}


def estimate_of(point: float, draws: Floats, n: int) -> Estimate:
    """A number with its interval, from the resamples that define it; NaN where none does."""
    finite = draws[np.isfinite(draws)]
    if not len(finite) or not np.isfinite(point):
        return Estimate.exact(float("nan"), n)
    return estimate_from(point, finite, n)


@dataclass(frozen=True)
class Drawn:
    """A number with its resamples.

    Attributes:
        point: its value on the images themselves; NaN where it is undefined.
        draws: `(R,)` its value on the resamples.
        n: images.
        base: what it is compared with, on the images themselves.
        other: what is compared.
    """

    point: float
    draws: Floats
    n: int
    base: float
    other: float

    @property
    def estimate(self) -> Estimate:
        """The number with its 95 % bootstrap interval over images."""
        return estimate_of(self.point, self.draws, self.n)

    @property
    def defined(self) -> bool:
        """Whether the images themselves and some resample define it."""
        return bool(np.isfinite(self.point) and np.isfinite(self.draws).any())

    def effect(self, keys: Mapping[str, str], expected: Expected, **more: Any) -> Effect:
        """The number as an effect with bootstrap p values; `more` are attributes of the effect."""
        return Effect(
            keys=keys,
            estimate=self.estimate,
            expected=expected,
            base=self.base,
            other=self.other,
            p=bootstrap_ps(self.draws if self.defined else np.empty(0), expected),
            **more,
        )


@dataclass(frozen=True)
class Contrast:
    """A weighted sum of one score over several rows of the same images: a difference, a slope.

    Attributes:
        rows: at least one; the first is the base, the last what is compared with it.
        weights: one for each.
        names: of the rows, for the reader.
    """

    rows: tuple[FoldRows, ...]
    weights: tuple[float, ...]
    names: tuple[str, ...] = ("first", "second")

    @classmethod
    def difference(cls, base: FoldRows, other: FoldRows) -> "Contrast":
        """The score of the other minus that of the base."""
        return cls((base, other), (-1.0, 1.0))

    @classmethod
    def slope(cls, at: Mapping[int, FoldRows]) -> "Contrast":
        """The least-squares slope of the score over levels in percent, per 10 points."""
        levels = sorted(at)
        steps = np.array(levels, dtype=float) / 10
        centred = steps - steps.mean()
        weights = centred / (centred**2).sum()
        names = tuple(f"{level} %" for level in levels)
        return cls(tuple(at[level] for level in levels), tuple(weights.tolist()), names)

    def drawn(self, score: str, resamples: int) -> Drawn:
        """The sum on the images themselves and on resamples, by a score of `FoldRows.value`."""
        found = [each.drawn(score, resamples) for each in self.rows]
        draws = sum(weight * draws for weight, (_, draws) in zip(self.weights, found, strict=True))
        return Drawn(
            point=self._sum([point for point, _ in found]),
            draws=np.asarray(draws),
            n=self.n(score),
            base=found[0][0],
            other=found[-1][0],
        )

    def n(self, score: str) -> int:
        """The smallest number of images that the score of one of the rows rests on."""
        return smaller_n(self.rows, score)

    def over_folds(self, score: str) -> Estimate:
        """The sum with its 95 % jackknife interval over the folds, the same for all rows."""
        return jackknife(self.point(score), self.without_each_fold(score))

    def point(self, score: str) -> float:
        """The sum on the images themselves."""
        return self._sum([each.value(score) for each in self.rows])

    def without_each_fold(self, score: str) -> Floats:
        """The sum without each fold, that is without its images and its predictor: `(k,)`."""
        without = np.stack([each.without_fold(score) for each in self.rows], axis=1)
        return np.asarray(without @ np.array(self.weights))

    def _sum(self, values: Sequence[float]) -> float:
        return float(np.dot(self.weights, values))


@dataclass(frozen=True)
class Asked:
    """A contrast of one score, and where the claim expects it.

    Attributes:
        keys: what it is about; `images` is the image set, within which draws are aligned.
        contrast: what is measured.
        score: by which statistic.
        expected: where it should lie.
        extra: reported beside the interval over folds.
        may_hold: as `decides`, of the effect.
        decides: whether the verdict rests on it.
    """

    keys: Mapping[str, str]
    contrast: Contrast
    score: str
    expected: Expected
    extra: Mapping[str, Estimate] = field(default_factory=dict)
    may_hold: bool = True
    decides: bool = True

    def effect(self, resamples: int) -> Effect:
        """The contrast as an effect, decided by its intervals over images and over folds.

        Few folds are few networks: what holds for the images of these five may not for others.
        """
        folds = self.contrast.over_folds(self.score)
        extra = {"over folds": folds, **self.extra}
        drawn = self.contrast.drawn(self.score, resamples)
        conditions = {"may_hold": self.may_hold, "decides": self.decides}
        return drawn.effect(self.keys, self.expected, levels=(folds,), extra=extra, **conditions)


def smaller_n(groups: Iterable[FoldRows], statistic: str) -> int:
    """The smallest number of images that a score of one of them rests on."""
    return min(group.n(statistic) for group in groups)


def beside_reco(contrast: Contrast, other: str | None, resamples: int) -> dict[str, Estimate]:
    """What stands beside a contrast of ReCo: the definition that does not decide, AUROC, all sizes.

    The maximum in ReCo lies above 0 by chance, and the more so the fewer distances there are; the
    AUROC of S≠ against S= is ½ by chance whatever their number. Nothing stands beside another
    score, which has no `other` definition.
    """
    if other is None:
        return {}
    return {
        "other definition": contrast.drawn(other, resamples).estimate,
        "AUROC": contrast.drawn("auroc", resamples).estimate,
        **sizes_of(contrast),
    }


def sizes_of(contrast: Contrast) -> dict[str, Estimate]:
    """|S=| and |S≠| of every row, which stand beside every ReCo."""
    return {
        f"|S{sign}|, {name}": Estimate.exact(size, len(rows.image))
        for rows, name in zip(contrast.rows, contrast.names, strict=True)
        for sign, size in (("=", rows.sets.equal.size), ("≠", rows.sets.different.size))
    }


def reco_statistics(definition: str) -> tuple[str, str]:
    """Names of the statistics of ReCo: in the definition that decides, and in the other one.

    Raises:
        ValueError: unknown definition.
    """
    others = {"balanced": "printed", "printed": "balanced"}
    if definition not in others:
        raise ValueError(f"definition must be 'printed' or 'balanced', got {definition!r}")
    return f"reco_{definition}", f"reco_{others[definition]}"


def statistics_of(score: str, parameters: Mapping[str, Any]) -> tuple[str, str | None]:
    """The statistic of a score that decides and, of ReCo, that of the other definition."""
    return reco_statistics(parameters["definition"]) if score == "reco" else (score, None)


def validate_definition(parameters: Mapping[str, Any]) -> None:
    """Refuse an unknown `definition` of ReCo, or none where ReCo is the `score`.

    Raises:
        ValueError: names those that there are.
    """
    if "definition" in parameters or parameters.get("score") == "reco":
        reco_statistics(parameters.get("definition", ""))


def pooled(asked: Sequence[Asked], resamples: int) -> Drawn:
    """The mean of contrasts within every image set, averaged over the sets.

    Draws of one image set belong together. Those of different sets are independent, so that from
    the second set on they are taken in another order.

    Returns:
        n is the smallest n of every set, summed over the sets. What is undefined is left out; NaN
        where nothing is defined.
    """
    sets: dict[str, list[Drawn]] = {}
    for each in asked:
        drawn = each.contrast.drawn(each.score, resamples)
        sets.setdefault(each.keys["images"] if drawn.defined else "", []).append(drawn)
    undefined = sets.pop("", [])
    if not sets:
        return undefined[0]
    parts = [_mean(found, min(each.n for each in found)) for found in sets.values()]
    random = np.random.default_rng(0)
    shuffled = [replace(part, draws=random.permutation(part.draws)) for part in parts[1:]]
    return _mean([parts[0], *shuffled], sum(part.n for part in parts))


def pooled_over_folds(asked: Sequence[Asked]) -> Estimate:
    """The same mean with its interval over folds, which are other networks in every image set.

    Wider than 95 %: half-widths, each with the few degrees of freedom of its set, are added in
    squares.

    Returns:
        n is the number of folds of all sets. What is undefined is left out, as in `pooled`; NaN
        where nothing is defined.
    """
    sets: dict[str, list[Asked]] = {}
    for each in asked:
        if np.isfinite(each.contrast.point(each.score)):
            sets.setdefault(each.keys["images"], []).append(each)
    if not sets:
        return Estimate.without_interval(float("nan"), 0)
    parts = [_mean_over_folds(found) for found in sets.values()]
    value = float(np.mean([part.value for part in parts]))
    # Independent parts: their errors add in squares.
    reach = float(np.sqrt(np.sum([((part.high - part.low) / 2) ** 2 for part in parts])))
    reach /= len(parts)
    return Estimate(value, value - reach, value + reach, sum(part.n for part in parts))


def _mean_over_folds(asked: Sequence[Asked]) -> Estimate:
    """The mean of contrasts within one image set, whose networks share their folds."""
    without = np.mean([each.contrast.without_each_fold(each.score) for each in asked], axis=0)
    return jackknife(float(np.mean([each.contrast.point(each.score) for each in asked])), without)


def _mean(found: Sequence[Drawn], n: int) -> Drawn:
    """The mean of numbers, draw by draw; it is undefined where one of them is."""
    return Drawn(
        point=float(np.mean([each.point for each in found])),
        draws=np.mean([each.draws for each in found], axis=0),
        n=n,
        base=float(np.mean([each.base for each in found])),
        other=float(np.mean([each.other for each in found])),
    )


def headline(
    asked: Sequence[Asked], what: str, resamples: int, parameters: Mapping[str, Any]
) -> Headline | None:
    """The mean of contrasts of one score, as in `pooled`; None where none of them is defined.

    `what` they are is said in words. Those of fewer images than `images_per_comparison` are left
    out, unless all are.
    """
    fewest = parameters.get("images_per_comparison", 0)
    chosen = [each for each in asked if each.contrast.n(each.score) >= fewest]
    chosen = chosen or list(asked)
    if not chosen or not (found := pooled(chosen, resamples)).defined:
        return None
    sets = {each.keys["images"] for each in chosen}
    over = f" on {len(sets)} image sets" if len(sets) > 1 else ""
    of = f"{len(chosen)} {what} of {SCORE_NAMES[chosen[0].score]}"
    return Headline.of(found.estimate, f"mean of {of}{over}, resampled by image")


def measured(
    asked: Sequence[Callable[[int], Effect]],
    first: Sequence[Asked],
    what: str,
    parameters: Mapping[str, Any],
    family: int | None = None,
) -> tuple[list[Effect], Headline | None, str]:
    """The effects of a test, from as many resamples as are declared, or as Holm needs.

    Args:
        asked: from a number of resamples to an effect each, as `Asked.effect`.
        first: contrasts that the headline averages.
        what: these are, in words.
        parameters: of the test.
        family: comparisons in Holm's largest family, if not all.

    Returns:
        The effects, the headline, and a sentence on how many rest on too few images to be decided.
    """
    alpha, fewest = parameters.get("alpha", ALPHA), parameters.get("images_per_comparison", 0)
    family = len(asked) if family is None else family
    resamples = enough_resamples(parameters["resamples"], family, alpha)
    effects = [effect(resamples) for effect in asked]
    count = sum(item.estimate.n < fewest for item in effects)
    few = f"{count} rest on fewer than {fewest} images and are undecided." if count else ""
    return effects, headline(first, what, resamples, parameters), few
