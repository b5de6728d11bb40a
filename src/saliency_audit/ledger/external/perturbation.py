"""σ-perturbation: do score and maps fall to their limits as noise on the weights grows?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.checked_maps import (
    CENTRED,
    lacking,
    mean_over_images,
    mean_with_draws,
    measures_of,
    shifted,
    too_small,
    undefined,
    undefined_sentence,
    unless_few_draws,
)
from saliency_audit.ledger.external.result import Comparison, ExternalResult, not_tested
from saliency_audit.ledger.external.rows import (
    check_columns,
    check_parameters,
    identified,
    models_of,
)
from saliency_audit.ledger.external.rule import family_result, judge
from saliency_audit.ledger.statistics import Estimate, bootstrap_mean

NAN = float("nan")
SCORE = "probability"
NEAR_CHANCE = "share of scores near 1/C"


def sigma_perturbation(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> ExternalResult:
    """Do the score and the maps of each method pass the σ-perturbation check?

    Args:
        rows: of `ggig_sigma`.
        parameters: `methods`, `measures`, `sign` of the maps that decides, the other one stands in
            `extra`; `level` of the noise, in σ, at which the limits are asked for; `score_margin`,
            `similarity_margin`; optional `minimum_images`, `minimum_draws`, fewer of which are
            inconclusive, and `networks`, the claim's own.

    Returns:
        Per network a comparison for the score, its limit being 1/C, and one per method and measure,
        its limit being the mean similarity of the method's maps to those of unrelated models, on
        the same image. An estimate is the mean at `level` minus the limit, with its 95 % bootstrap
        interval over images and draws, both resampled. A comparison holds if the interval lies
        within ±`score_margin` (score) or at most `similarity_margin` above 0 (similarity), and if
        the curve falls: the interval of its fall from level 0 lies wholly above the margin, and at
        no level is its mean more than the margin above an earlier one. It contradicts if the first
        interval lies wholly outside the margin, or that of the fall wholly below it. The verdict is
        `family_verdict`'s; a method or measure that no network has leaves at best partly. `extra`
        has the fall, the estimate with images alone resampled, and signed maps; for rank
        correlation also these without the limit; for the score the share of single scores that lie
        within `score_margin` of 1/C: a network that is sure of one class whatever it sees has a
        mean of 1/C over balanced images, and no score near it.

    Raises:
        ValueError: a parameter or column that is missing or unknown.
    """
    name = "sigma_perturbation"
    needed = {"methods", "measures", "sign", "level", "score_margin", "similarity_margin"}
    check_parameters(name, parameters, needed, {"minimum_images", "minimum_draws", "networks"})
    if rows.empty:
        return not_tested("no rows of perturbed models")
    columns = ["model", "images", "method", "sign", "image", "against", "level", "draw", "classes"]
    check_columns(name, rows, [*columns, SCORE, *parameters["measures"]])
    models = [
        _Model(str(model), group[group["method"].isin(parameters["methods"])], parameters)
        for model, group in identified(rows).groupby("model", sort=True)
    ]
    missing = [each.name for each in models if not each.complete]
    models = [each for each in models if each.complete]
    if not models:
        return not_tested(f"no maps at levels 0 and {parameters['level']} and of unrelated models")
    family = [curve for each in models for curve in each.curves()]
    comparisons = [_comparison(curve, parameters["level"]) for curve in family]
    measures = {each.name: each.measures for each in models}
    missing += lacking(measures, parameters["measures"])
    missing += _without_values(models, family)
    lost = [each.undefined for each in models]
    differences = pd.concat(
        [pd.Series(dtype=float), *(curve.differences for curve in family if curve.method)]
    )
    result = family_result(
        comparisons,
        parameters,
        mean_over_images(differences),
        models=models_of(rows),
        missing=missing,
        remarks=(
            " ".join(each.said for each in models),
            _near_chance(comparisons),
            too_small(measures, parameters["measures"]),
            undefined_sentence(sum(n for n, _ in lost), sum(total for _, total in lost)),
            "Headline: mean similarity above its floor at the last level, over all networks, "
            "methods and measures, resampled by image.",
        ),
    )
    return unless_few_draws(result, rows, parameters)


@dataclass(frozen=True)
class _Curve:
    """A quantity at all levels, and its limit.

    `at` and `limit` are tables, image × draw: `at` one per level. `two_sided` tells whether to end
    below the limit is as bad as above. `extra` is reported with the comparison.
    """

    model: str
    method: str
    measure: str
    at: Mapping[float, pd.DataFrame]
    limit: pd.DataFrame
    margin: float
    two_sided: bool
    extra: Mapping[str, Estimate]

    def means(self, level: float) -> pd.Series:
        """Mean over the draws, by image."""
        return self.at[level].mean(axis=1)

    @property
    def last(self) -> float:
        return max(self.at)

    @property
    def differences(self) -> pd.Series:
        """The last level minus the limit, by image."""
        return (self.means(self.last) - self.limit.mean(axis=1)).dropna()

    @property
    def falls(self) -> pd.Series:
        """From level 0 to the last, by image."""
        return (self.means(0.0) - self.means(self.last)).dropna()

    @property
    def largest_rise(self) -> float:
        """How far the mean over images ends above an earlier level at most."""
        means = np.array([self.means(level).mean() for level in sorted(self.at)])
        return float((means - np.minimum.accumulate(means)).max())


class _Model:
    """The rows of one network under the declared methods."""

    def __init__(self, name: str, rows: pd.DataFrame, parameters: Mapping[str, Any]) -> None:
        self.name = name
        self.parameters = parameters
        noisy = rows["against"] == "noise"
        self.noise = rows[noisy & (rows["level"] <= parameters["level"])]
        self.unrelated = rows[rows["against"] == "unrelated"]
        self.measures = measures_of(rows, parameters["measures"])
        present = set(self.noise["method"]) & set(self.unrelated["method"])
        self.methods = [method for method in parameters["methods"] if method in present]

    @property
    def complete(self) -> bool:
        """Whether both ends of the curves and the unrelated models are there."""
        return {0.0, self.parameters["level"]} <= set(self.noise["level"]) and bool(self.methods)

    @property
    def undefined(self) -> tuple[int, int]:
        """How many similarities that decide are undefined, and how many there are."""
        sign = self.parameters["sign"]
        parts = [rows[rows["sign"] == sign] for rows in (self.noise, self.unrelated)]
        counts = [undefined(part, self.measures) for part in parts]
        return sum(n for n, _ in counts), sum(total for _, total in counts)

    @property
    def said(self) -> str:
        """What the curves were computed from."""
        first = self.noise.iloc[0]
        images, draws = self.noise["image"].nunique(), self.noise["draw"].nunique()
        levels = self.noise["level"].nunique()
        return (
            f"{self.name}: {images} images of {first['images']}, {levels} levels, "
            f"{draws} draws, C = {int(first['classes'])}."
        )

    def curves(self) -> list[_Curve]:
        """The score, then every method and measure that has values."""
        margin = self.parameters["similarity_margin"]
        found = [self._score()]
        for method in self.methods:
            for measure in self.measures:
                sign, *others = self._signs()
                at, limit = self._similarity(method, measure, sign)
                curve = _Curve(self.name, method, measure, at, limit, margin, False, {})
                if curve.differences.empty or curve.falls.empty:
                    continue
                beside = self._signed(method, measure, others)
                found.append(_Curve(self.name, method, measure, at, limit, margin, False, beside))
        return found

    def _signs(self) -> Sequence[str]:
        deciding = self.parameters["sign"]
        return [deciding, *sorted(set(self.noise["sign"]) - {deciding})]

    def _score(self) -> _Curve:
        """The score, which is the same in the rows of all methods."""
        once = self.noise.drop_duplicates(["image", "level", "draw"])
        at = _by_level(once, SCORE)
        chance = 1 / once.groupby("image", sort=True)[["classes"]].first()
        margin = self.parameters["score_margin"]
        near = _share_near(at[max(at)], chance.iloc[:, 0], margin)
        return _Curve(self.name, "", SCORE, at, chance, margin, True, near)

    def _similarity(
        self, method: str, measure: str, sign: str
    ) -> tuple[dict[float, pd.DataFrame], pd.DataFrame]:
        noise, unrelated = (
            rows[(rows["method"] == method) & (rows["sign"] == sign)]
            for rows in (self.noise, self.unrelated)
        )
        limit = unrelated.pivot(index="image", columns="draw", values=measure)
        return _by_level(noise, measure), limit

    def _signed(self, method: str, measure: str, signs: Sequence[str]) -> dict[str, Estimate]:
        found: dict[str, Estimate | None] = {}
        for sign in signs:
            at, limit = self._similarity(method, measure, sign)
            if not at:
                continue
            curve = _Curve(self.name, method, measure, at, limit, NAN, False, {})
            found[f"{sign} maps"] = mean_over_images(curve.differences)
            if measure in CENTRED:
                found[f"{sign} maps, from 0"] = mean_over_images(curve.means(curve.last))
        return {name: estimate for name, estimate in found.items() if estimate is not None}


def _without_values(models: Sequence[_Model], family: Sequence[_Curve]) -> list[str]:
    """Declared methods and measures that a network should have values of and has not."""
    there = {(curve.model, curve.method, curve.measure) for curve in family}
    return [
        f"{each.name}, {method}, {measure}"
        for each in models
        for method in each.parameters["methods"]
        for measure in each.measures
        if (each.name, method, measure) not in there
    ]


def _share_near(scores: pd.DataFrame, chance: pd.Series, margin: float) -> dict[str, Estimate]:
    """Share of the single scores, image × draw, that lie within the margin of 1/C."""
    near = scores.sub(chance, axis=0).abs() <= margin
    share = near.where(scores.notna()).astype(float).mean(axis=1)
    found = mean_over_images(share)
    return {NEAR_CHANCE: found} if found is not None else {}


def _near_chance(comparisons: Sequence[Comparison]) -> str:
    shares = [
        f"{item.keys['model']} {item.extra[NEAR_CHANCE].value:.0%}"
        for item in comparisons
        if NEAR_CHANCE in item.extra
    ]
    return f"Single scores near 1/C at the last level: {', '.join(shares)}." if shares else ""


def _by_level(rows: pd.DataFrame, column: str) -> dict[float, pd.DataFrame]:
    """A table, image × draw, per level."""
    return {
        level: rows[rows["level"] == level].pivot(index="image", columns="draw", values=column)
        for level in sorted(map(float, rows["level"].unique()))
    }


def _comparison(curve: _Curve, level: float) -> Comparison:
    differences = curve.differences
    estimate = mean_with_draws(curve.at[curve.last], curve.limit)
    fall = mean_with_draws(curve.at[0.0], curve.at[curve.last])
    assert estimate is not None, "a curve has values"
    assert fall is not None, "a curve has values"
    if curve.two_sided:
        ends, misses = judge(estimate, "equal", margin=curve.margin)
    else:
        ends, misses = judge(shifted(estimate, -curve.margin), "lower")
    falling, staying = judge(shifted(fall, -curve.margin), "higher")
    keys = {"model": curve.model, "method": curve.method, "score": curve.measure}
    return Comparison(
        keys={key: value for key, value in keys.items() if value},
        estimate=estimate,
        base_mean=float(curve.limit.mean(axis=1)[differences.index].mean()),
        other_mean=float(curve.means(curve.last)[differences.index].mean()),
        p_value=NAN,
        p_adjusted=NAN,
        expected=f"falls to its limit at {level} σ",
        holds=ends and falling and curve.largest_rise <= curve.margin,
        contradicts=misses or staying,
        extra={
            "fall from level 0": fall,
            "images alone resampled": bootstrap_mean(differences.to_numpy(dtype=float)),
            **curve.extra,
        },
    )
