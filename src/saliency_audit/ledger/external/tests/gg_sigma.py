"""GG-SIGMA: do score and maps fall to their limits as noise on the weights grows?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product

import pandas as pd

from saliency_audit.ledger.external.effect import Effect, Expected, within
from saliency_audit.ledger.external.ending import Evidence, Parameters, external_test
from saliency_audit.ledger.external.evidence import draws
from saliency_audit.ledger.external.evidence.rows import identified
from saliency_audit.ledger.external.result import Headline
from saliency_audit.ledger.statistics import Estimate, bootstrap_mean

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
        interval over images and draws, both resampled. It should lie within ±`score_margin`
        (score), or at most `similarity_margin` above 0 (similarity); and the curve must fall: its
        fall from level 0 lies above the margin, and at no level does it lie more than the margin
        above an earlier one, or above the limit where it had arrived there. `extra` has the fall,
        the estimate with images alone resampled, and signed maps; for rank correlation also these
        without the limit; for the score the share of single scores that lie within `score_margin`
        of 1/C: a network that is sure of one class whatever it sees has a mean of 1/C over balanced
        images, and no score near it.
    """
    level, sign = parameters["level"], parameters["sign"]
    missing: list[str] = []
    without: list[str] = []
    said: list[str] = []
    effects: list[Effect] = []
    differences: list[pd.Series] = []
    deciding: dict[str, pd.DataFrame] = {}
    for model, group in identified(rows).groupby("model", sort=True):
        name, group = str(model), group[group["method"].isin(parameters["methods"])]
        noise = group[(group["against"] == "noise") & (group["level"] <= level)]
        unrelated = group[group["against"] == "unrelated"]
        complete = set(noise["method"]) & set(unrelated["method"])
        if not complete or not {0.0, level} <= set(noise["level"]):
            missing.append(name)
            continue
        parts = [part[part["sign"] == sign] for part in (noise, unrelated)]
        deciding[name] = pd.concat(parts)
        said.append(_said(name, noise))
        enough = draws.enough_draws(noise, parameters)
        effects.append(_score(name, noise, parameters["score_margin"], enough))
        measures = draws.measures_of(deciding[name], parameters["measures"])
        for method, measure in product(parameters["methods"], measures):
            curves = {
                each: _similarity(noise, unrelated, method, measure, each)
                for each in [sign, *sorted(set(noise["sign"]) - {sign})]
            }
            curve = curves.pop(sign) if method in complete else None
            if curve is None or curve.differences.empty or curve.falls.empty:
                without.append(f"{name}, {method}, {measure}")
                continue
            margin = parameters["similarity_margin"]
            limit = Expected(f"falls to its limit at {curve.last} σ", below=margin)
            keys = {"model": name, "method": method, "score": measure}
            effects.append(curve.effect(keys, limit, margin, enough, _beside(curves, measure)))
            differences.append(curve.differences)
    return Evidence(
        effects,
        Headline.of(
            draws.mean_over_all(differences),
            "mean similarity above its floor at the last level, over all networks, methods and "
            "measures, resampled by image",
        ),
        missing=[*missing, *draws.lacking(deciding, parameters["measures"]), *without],
        remarks=(
            *said,
            _near_chance(effects),
            *draws.left_out(deciding, parameters["measures"]),
        ),
        nothing=f"no maps at levels 0 and {level} and of unrelated models",
    )


def _said(model: str, noise: pd.DataFrame) -> str:
    """What the curves were computed from."""
    first, levels = noise.iloc[0], noise["level"].nunique()
    return (
        f"{model}: {noise['image'].nunique()} images of {first['images']}, {levels} levels, "
        f"{noise['draw'].nunique()} draws, C = {int(first['classes'])}."
    )


@dataclass(frozen=True)
class _Curve:
    """A quantity at all levels, and its limit.

    `at` and `limit` are tables, image × draw: `at` one per level.
    """

    at: Mapping[float, pd.DataFrame]
    limit: pd.DataFrame

    @classmethod
    def of(cls, rows: pd.DataFrame, column: str, limit: pd.DataFrame) -> "_Curve":
        """The curve of a column."""
        at = {
            level: rows[rows["level"] == level].pivot(index="image", columns="draw", values=column)
            for level in sorted(map(float, rows["level"].unique()))
        }
        return cls(at, limit)

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

    def rises(self, margin: float) -> bool:
        """Whether some level lies more than the margin above an earlier one, or above the limit.

        It counts only if its whole interval, over images and draws, exceeds the margin. What lies
        below the limit has arrived there: a rise from it counts from the limit on.
        """
        limit = float(self.limit.mean(axis=1).mean())
        means = {level: float(self.means(level).mean()) for level in sorted(self.at)}
        for earlier, later in combinations(means, 2):
            arrived = means[earlier] < limit
            if means[later] - max(means[earlier], limit) <= margin:
                continue
            rise = draws.mean_with_draws(
                self.at[later], self.limit if arrived else self.at[earlier]
            )
            if rise is not None and rise.low > margin:
                return True
        return False

    def effect(
        self,
        keys: Mapping[str, str],
        expected: Expected,
        margin: float,
        enough: bool,
        extra: Mapping[str, Estimate],
    ) -> Effect:
        """The last level against the limit, and the fall that must come with it.

        Args:
            keys: of the comparison.
            expected: of the difference to the limit.
            margin: that the fall must exceed, and that no rise may.
            enough: whether there are draws enough to resample.
            extra: reported with it.
        """
        ends = draws.mean_with_draws(self.at[self.last], self.limit, enough=enough)
        fall = draws.mean_with_draws(self.at[0.0], self.at[self.last])
        assert ends is not None, "a curve has values"
        assert fall is not None, "a curve has values"
        differences = self.differences
        falls = Effect({}, fall, Expected("falls", above=margin))
        return Effect(
            keys=keys,
            estimate=ends,
            expected=expected,
            base=float(self.limit.mean(axis=1)[differences.index].mean()),
            other=float(self.means(self.last)[differences.index].mean()),
            may_hold=not self.rises(margin),
            also=(falls,) if enough else (),
            extra={
                "fall from level 0": fall,
                "images alone resampled": bootstrap_mean(differences.to_numpy(dtype=float)),
                **extra,
            },
        )


def _score(model: str, noise: pd.DataFrame, margin: float, enough: bool) -> Effect:
    """The score, which is the same in the rows of all methods, against 1/C."""
    once = noise.drop_duplicates(["image", "level", "draw"])
    chance = 1 / once.groupby("image", sort=True)[["classes"]].first()
    curve = _Curve.of(once, SCORE, chance)
    limit = replace(within(margin), text=f"falls to its limit at {curve.last} σ")
    # Share of the single scores, image × draw, that lie within the margin of 1/C.
    scores = curve.at[curve.last]
    near = scores.sub(chance.iloc[:, 0], axis=0).abs() <= margin
    share = draws.mean_over_images(near.where(scores.notna()).astype(float).mean(axis=1))
    extra = {NEAR_CHANCE: share} if share is not None else {}
    return curve.effect({"model": model, "score": SCORE}, limit, margin, enough, extra)


def _near_chance(effects: Sequence[Effect]) -> str:
    shares = [
        f"{item.keys['model']} {item.extra[NEAR_CHANCE].value:.0%}"
        for item in effects
        if NEAR_CHANCE in item.extra
    ]
    return f"Single scores near 1/C at the last level: {', '.join(shares)}." if shares else ""


def _similarity(
    noise: pd.DataFrame, unrelated: pd.DataFrame, method: str, measure: str, sign: str
) -> _Curve | None:
    """A measure of a method's maps against that of unrelated models; None without rows."""
    noise, unrelated = (
        rows[(rows["method"] == method) & (rows["sign"] == sign)] for rows in (noise, unrelated)
    )
    limit = unrelated.pivot(index="image", columns="draw", values=measure)
    return None if noise.empty else _Curve.of(noise, measure, limit)


def _beside(curves: Mapping[str, _Curve | None], measure: str) -> dict[str, Estimate]:
    """The difference to the limit of maps of other signs, by sign."""
    found: dict[str, Estimate | None] = {}
    for sign, curve in curves.items():
        if curve is not None:
            found[f"{sign} maps"] = draws.mean_over_images(curve.differences)
            if measure in draws.CENTRED:
                last = curve.means(curve.last)
                found[f"{sign} maps, from 0"] = draws.mean_over_images(last)
    return {name: estimate for name, estimate in found.items() if estimate is not None}
