"""GG-SIGMA: do score and maps fall to their limits as noise on the weights grows?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.effect import Effect, Expected, within
from saliency_audit.ledger.external.ending import Evidence, Parameters, external_test
from saliency_audit.ledger.external.evidence.draws import (
    CENTRED,
    enough_draws,
    lacking,
    mean_over_images,
    mean_with_draws,
    measures_of,
    too_small,
    undecidable,
    undefined,
    undefined_sentence,
)
from saliency_audit.ledger.external.evidence.rows import identified
from saliency_audit.ledger.external.result import Headline
from saliency_audit.ledger.statistics import Estimate, bootstrap_mean

NAN = float("nan")
SCORE = "probability"
NEAR_CHANCE = "share of scores near 1/C"


def _columns(parameters: Parameters) -> list[str]:
    fixed = ["model", "images", "method", "sign", "image", "against", "level", "draw", "classes"]
    return [*fixed, SCORE, *parameters["measures"]]


@external_test(
    needs={"methods", "measures", "sign", "level", "score_margin", "similarity_margin"},
    may={"draws_per_comparison"},
    columns=_columns,
)
def sigma_perturbation(rows: pd.DataFrame, parameters: Parameters) -> Evidence:
    """Do the score and the maps of each method pass the σ-perturbation check?

    Args:
        rows: of `ggig_sigma`.
        parameters: `methods`, `measures`, `sign` of the maps that decides, the other one stands in
            `extra`; `level` of the noise, in σ, at which the limits are asked for; `score_margin`,
            `similarity_margin`; optional `draws_per_comparison`, fewer of which leave a comparison
            undecided.

    Returns:
        Per network a comparison for the score, its limit being 1/C, and one per method and measure,
        its limit being the mean similarity of the method's maps to those of unrelated models, on
        the same image. An estimate is the mean at `level` minus the limit, with its 95 % bootstrap
        interval over images and draws, both resampled. It shall lie within ±`score_margin` (score),
        or at most `similarity_margin` above 0 (similarity); and the curve must fall: its fall from
        level 0 lies above the margin, and at no level is its mean more than the margin above an
        earlier one. `extra` has the fall, the estimate with images alone resampled, and signed
        maps; for rank correlation also these without the limit; for the score the share of single
        scores that lie within `score_margin` of 1/C: a network that is sure of one class whatever
        it sees has a mean of 1/C over balanced images, and no score near it.
    """
    models = [
        _Model(str(model), group[group["method"].isin(parameters["methods"])], parameters)
        for model, group in identified(rows).groupby("model", sort=True)
    ]
    missing = [each.name for each in models if not each.complete]
    models = [each for each in models if each.complete]
    if not models:
        why = f"no maps at levels 0 and {parameters['level']} and of unrelated models"
        return Evidence((), nothing=why)
    family = [(each, curve) for each in models for curve in each.curves()]
    curves = [curve for _, curve in family]
    effects = [curve.effect(enough=enough_draws(each.noise, parameters)) for each, curve in family]
    measures = {each.name: each.measures for each in models}
    lost = [each.undefined for each in models]
    differences = [curve.differences for curve in curves if curve.method]
    mean = mean_over_images(pd.concat(differences)) if differences else None
    return Evidence(
        effects,
        Headline.of(
            mean,
            "mean similarity above its floor at the last level, over all networks, methods and "
            "measures, resampled by image",
        )
        if mean
        else None,
        missing=[
            *missing,
            *lacking(measures, parameters["measures"]),
            *_without_values(models, curves),
        ],
        remarks=(
            " ".join(each.said for each in models),
            _near_chance(effects),
            too_small(measures, parameters["measures"]),
            undefined_sentence(sum(n for n, _ in lost), sum(total for _, total in lost)),
        ),
    )


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

    def effect(self, *, enough: bool) -> Effect:
        """The last level against the limit, and the fall that must come with it.

        Args:
            enough: whether there are draws enough to resample.
        """
        ends = mean_with_draws(self.at[self.last], self.limit)
        fall = mean_with_draws(self.at[0.0], self.at[self.last])
        assert ends is not None, "a curve has values"
        assert fall is not None, "a curve has values"
        keys = {"model": self.model, "method": self.method, "score": self.measure}
        differences = self.differences
        limit = within(self.margin) if self.two_sided else Expected("", below=self.margin)
        falls = Effect({}, fall, Expected("falls", above=self.margin))
        return Effect(
            keys={key: value for key, value in keys.items() if value},
            estimate=ends if enough else undecidable(ends),
            expected=replace(limit, text=f"falls to its limit at {self.last} σ"),
            base=float(self.limit.mean(axis=1)[differences.index].mean()),
            other=float(self.means(self.last)[differences.index].mean()),
            may_hold=self.largest_rise <= self.margin,
            also=(falls,) if enough else (),
            extra={
                "fall from level 0": fall,
                "images alone resampled": bootstrap_mean(differences.to_numpy(dtype=float)),
                **self.extra,
            },
        )

    @property
    def largest_rise(self) -> float:
        """How far the mean over images ends above an earlier level at most."""
        means = np.array([self.means(level).mean() for level in sorted(self.at)])
        return float((means - np.minimum.accumulate(means)).max())


class _Model:
    """The rows of one network under the declared methods."""

    def __init__(self, name: str, rows: pd.DataFrame, parameters: Parameters) -> None:
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


def _near_chance(effects: Sequence[Effect]) -> str:
    shares = [
        f"{item.keys['model']} {item.extra[NEAR_CHANCE].value:.0%}"
        for item in effects
        if NEAR_CHANCE in item.extra
    ]
    return f"Single scores near 1/C at the last level: {', '.join(shares)}." if shares else ""


def _by_level(rows: pd.DataFrame, column: str) -> dict[float, pd.DataFrame]:
    """A table, image × draw, per level."""
    return {
        level: rows[rows["level"] == level].pivot(index="image", columns="draw", values=column)
        for level in sorted(map(float, rows["level"].unique()))
    }
