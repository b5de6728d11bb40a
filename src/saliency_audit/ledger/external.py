"""External tests: do our own recorded rows show what a claim says?

A test takes the rows of an experiment and the parameters that the ledger declares, and returns an
`ExternalResult`. Its rule is the one the ledger states; nothing is decided by hand.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from saliency_audit.ledger.statistics import Estimate, bootstrap_mean, holm, signed_rank_p
from saliency_audit.ledger.verdict import Verdict


@dataclass(frozen=True)
class Comparison:
    """One paired comparison of a family.

    `keys` say what was compared (model, path, score, …); `expected` is "higher" or "lower".
    """

    keys: Mapping[str, str]
    estimate: Estimate
    base_mean: float
    other_mean: float
    p_value: float
    p_adjusted: float
    expected: str
    holds: bool

    @property
    def label(self) -> str:
        """The keys in one line."""
        return ", ".join(self.keys.values())


@dataclass(frozen=True)
class ExternalResult:
    """Outcome of an external test: verdict, headline estimate and the comparisons behind it."""

    verdict: Verdict
    detail: str
    headline: Estimate | None = None
    comparisons: tuple[Comparison, ...] = ()


def not_tested(reason: str) -> ExternalResult:
    """The result where there is nothing to decide from."""
    return ExternalResult(Verdict.NOT_TESTED, reason)


def paired_improvement(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> ExternalResult:
    """Does the `+idgi` variant score higher than its base on the same images?

    Args:
        rows: columns model, path, method, score, image, value; one row per image and method.
        parameters: `paths` and `scores` declared, `alpha`; optional `exceptions`: model/path pairs
            for which the claim says that the variant scores lower, and `minimum_images`: with
            fewer in any comparison the result is inconclusive.

    Returns:
        A comparison per model, declared path with rows, and score. A comparison holds if its
        Holm-adjusted one-sided signed-rank p is below alpha and its bootstrap interval lies wholly
        on the expected side of zero (above; below for an exception). The rule: reproduced if all
        hold, not reproduced if at least half fail, otherwise partly; a declared path without rows
        of every declared score leaves at best partly.

    Raises:
        ValueError: a parameter that is missing or unknown, or differences that are not finite (an
            image without both methods).
    """
    _check_parameters(parameters)
    exceptions = {(item["model"], item["path"]) for item in parameters.get("exceptions", [])}
    families: list[tuple[dict[str, str], pd.Series, pd.DataFrame]] = []
    for (model, path, score), group in rows.groupby(["model", "path", "score"], sort=True):
        if path in parameters["paths"] and score in parameters["scores"]:
            wide = group.pivot(index="image", columns="method", values="value")
            keys = {"model": str(model), "path": str(path), "score": str(score)}
            families.append((keys, wide[f"{path}+idgi"] - wide[str(path)], wide))
    if not families:
        return not_tested("no rows for any declared path")
    expected = [
        "lower" if (keys["model"], keys["path"]) in exceptions else "higher"
        for keys, _, _ in families
    ]
    p_values = [
        signed_rank_p(differences.to_numpy(), "less" if side == "lower" else "greater")
        for (_, differences, _), side in zip(families, expected, strict=True)
    ]
    comparisons = tuple(
        _compare(keys, differences, wide, side, p_value, adjusted, parameters["alpha"])
        for (keys, differences, wide), side, p_value, adjusted in zip(
            families, expected, p_values, holm(p_values), strict=True
        )
    )
    compared = {(keys["path"], keys["score"]) for keys, _, _ in families}
    missing = [
        path
        for path in parameters["paths"]
        if any((path, score) not in compared for score in parameters["scores"])
    ]
    first = parameters["scores"][0]
    # An image seen by several models gives several differences that are not independent.
    pooled = pd.concat([differences for keys, differences, _ in families if keys["score"] == first])
    holding = sum(comparison.holds for comparison in comparisons)
    detail = f"{holding} of {len(comparisons)} comparisons hold"
    detail += f" ({', '.join(sorted({str(model) for model in rows['model'].unique()}))})"
    if failed := [c.label for c in comparisons if not c.holds]:
        detail += f" (not: {'; '.join(failed)})"
    if missing:
        detail += f"; not computed yet: {', '.join(missing)}"
    detail += (
        f". Headline: mean of the {len(pooled)} differences (images × models) of the {first} "
        "score, resampled by image."
    )
    verdict = _verdict(holding, len(comparisons), complete=not missing)
    fewest = min(comparison.estimate.n for comparison in comparisons)
    if fewest < parameters.get("minimum_images", 0):
        verdict = Verdict.INCONCLUSIVE
        detail += f" Too few images to decide: {fewest}, {parameters['minimum_images']} needed."
    headline = bootstrap_mean(pooled.to_numpy(), pooled.index.tolist())
    return ExternalResult(verdict, detail, headline, comparisons)


def _check_parameters(parameters: Mapping[str, Any]) -> None:
    needed, optional = {"paths", "scores", "alpha"}, {"exceptions", "minimum_images"}
    if missing := needed - set(parameters):
        raise ValueError(f"paired_improvement: missing parameters {sorted(missing)}")
    if unknown := set(parameters) - needed - optional:
        raise ValueError(f"paired_improvement: unknown parameters {sorted(unknown)}")


def _compare(
    keys: dict[str, str],
    differences: pd.Series,
    wide: pd.DataFrame,
    expected: str,
    p_value: float,
    p_adjusted: float,
    alpha: float,
) -> Comparison:
    estimate = bootstrap_mean(differences.to_numpy())
    clear = estimate.low > 0 if expected == "higher" else estimate.high < 0
    path = keys["path"]
    return Comparison(
        keys=keys,
        estimate=estimate,
        base_mean=float(wide[path].mean()),
        other_mean=float(wide[f"{path}+idgi"].mean()),
        p_value=p_value,
        p_adjusted=p_adjusted,
        expected=expected,
        holds=bool(clear and p_adjusted < alpha),
    )


def _verdict(holding: int, total: int, complete: bool) -> Verdict:
    if holding == total:
        return Verdict.REPRODUCED if complete else Verdict.PARTLY
    if 2 * (total - holding) >= total:
        return Verdict.NOT_REPRODUCED
    return Verdict.PARTLY


TESTS: dict[str, Callable[[pd.DataFrame, Mapping[str, Any]], ExternalResult]] = {
    "paired_improvement": paired_improvement,
}
