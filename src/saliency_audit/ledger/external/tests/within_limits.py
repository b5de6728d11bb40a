"""XM-EQUIV, XM-MW, XM-TIME: does a statistic of what was measured keep within stated limits?"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from saliency_audit.ledger.external.effect import Effect, Expected
from saliency_audit.ledger.external.ending import Evidence, Parameters, external_test
from saliency_audit.ledger.external.result import Headline
from saliency_audit.ledger.resampling import Floats, estimate_from, resample_counts
from saliency_audit.ledger.statistics import Estimate, bootstrap_mean

RESAMPLES = 2000
_PERCENTILE = re.compile(r"percentile (\d{1,2})")


def limits(parameters: Parameters) -> Mapping[str, Expected]:
    """By column, where the claim says that its statistic lies."""
    low, high = parameters.get("at_least", -np.inf), parameters.get("at_most", np.inf)
    if isinstance(high, Mapping):
        return {column: _between(low, limit) for column, limit in high.items()}
    return {parameters["value"]: _between(low, high)}


def _between(low: float, high: float) -> Expected:
    if np.isinf(low):
        text = f"at most {high:g}"
    else:
        text = f"at least {low:g}" if np.isinf(high) else f"{low:g} to {high:g}"
    return Expected(text, low, high, closed=True)


def _validate(parameters: Parameters) -> None:
    if not {"at_least", "at_most"} & set(parameters):
        raise ValueError("give at_least, at_most or both")
    several = isinstance(parameters.get("at_most"), Mapping)
    if several == ("value" in parameters):
        raise ValueError("name the column by value, or by the keys of at_most")
    statistic = str(parameters["statistic"])
    if statistic not in ("mean", "largest") and not _PERCENTILE.fullmatch(statistic):
        raise ValueError(
            f"statistic must be mean, largest or percentile with a number, got {statistic!r}"
        )


def _columns(parameters: Parameters) -> list[str]:
    by = [*parameters.get("each", ()), *parameters.get("where", {})]
    return list(dict.fromkeys([*limits(parameters), *by, unit_of(parameters), "model", "images"]))


def unit_of(parameters: Parameters) -> str:
    """The column of what n counts, and what is resampled."""
    return str(parameters.get("unit", "image"))


@external_test(
    needs={"statistic"},
    may={"value", "where", "each", "unit", "at_least", "at_most", "resamples"},
    columns=_columns,
    validate=_validate,
)
def within_limits(rows: pd.DataFrame, parameters: Parameters) -> Evidence:
    """Does a mean, a percentile or the largest value keep within the limits?

    Args:
        rows: with the columns model and images; values that are undefined are left out and counted.
        parameters: `statistic`, "mean", "largest" or, for example, "percentile 95"; `value`, the
            column, with `at_least`, `at_most` or both, or `at_most` alone with a limit per column;
            `where`, the value or values that other columns must have; `each`, columns whose values
            are compared one by one; `unit`, the column that n counts, images if not given;
            `resamples` of a percentile.

    Returns:
        A comparison per network, image set, value of `each` and column, whose interval must lie
        within the limits: by bootstrap over the units, whose values are drawn together. The largest
        value is computed over all and not sampled, its interval is a point. Values that `where`
        lists for a column of `each` and that no row has are missing.
    """
    where: Mapping[str, Any] = parameters.get("where", {})
    used = rows
    for column, wanted in where.items():
        used = used[used[column].isin(wanted if isinstance(wanted, list) else [wanted])]
    by = ["model", "images", *parameters.get("each", ())]
    expected = limits(parameters)
    effects = []
    for keys, group in _groups(used, by):
        for column, limit in expected.items():
            values = _Values(group, column, parameters)
            named = {**keys, "value": column} if len(expected) > 1 else keys
            if values.count:
                effects.append(_effect(named, values, limit))
    columns = list(expected)
    undefined = int(used[columns].isna().any(axis=1).sum())
    said = f"{undefined} of {len(used)} rows have no value and are left out."
    return Evidence(
        effects,
        _headline(effects, parameters),
        missing=_missing(used, where, parameters),
        remarks=[said if undefined else ""],
        nothing=f"no row with {_described(where)}" if where else "no row with a value",
    )


class _Values:
    """The values of a column, sorted, and the unit that each belongs to."""

    def __init__(self, rows: pd.DataFrame, column: str, parameters: Parameters) -> None:
        known = rows[rows[column].notna()].sort_values([column, unit_of(parameters)])
        self.values: Floats = known[column].to_numpy(dtype=float)
        names = known[unit_of(parameters)].to_numpy()
        labels, self.units = np.unique(names, return_inverse=True)
        self.count = len(labels)
        self.statistic = str(parameters["statistic"])
        self.resamples = int(parameters.get("resamples", RESAMPLES))

    def estimate(self) -> Estimate:
        if self.statistic == "mean":
            order = np.argsort(self.units, kind="stable")
            return bootstrap_mean(self.values[order], self.units[order].tolist())
        if self.statistic == "largest":
            return Estimate.exact(float(self.values[-1]), self.count)
        found = _PERCENTILE.fullmatch(self.statistic)
        assert found is not None
        share = int(found[1]) / 100
        counts = resample_counts(self.count, self.resamples)
        draws = _percentiles(self.values, counts[:, self.units], share)
        (point,) = _percentiles(self.values, np.ones((1, len(self.values)), dtype=int), share)
        return estimate_from(float(point), draws, self.count)


def _percentiles(values: Floats, counts: NDArray[np.integer], share: float) -> Floats:
    """The smallest of sorted values with at least this share at or below it: `(R,)`.

    Args:
        values: `(m,)`, sorted.
        counts: `(R, m)` how often each is drawn.
        share: between 0 and 1.
    """
    reached = counts.cumsum(axis=1, dtype=np.int64)
    found: Floats = values[(reached >= share * reached[:, -1:] - 1e-9).argmax(axis=1)]
    return found


def _groups(rows: pd.DataFrame, by: Sequence[str]) -> Iterator[tuple[dict[str, str], pd.DataFrame]]:
    for values, group in rows.groupby(list(by), sort=True):
        yield dict(zip(by, map(str, values), strict=True)), group


def _effect(keys: Mapping[str, str], values: _Values, limit: Expected) -> Effect:
    estimate = values.estimate()
    return Effect(keys, estimate, limit, other=estimate.value)


def _headline(effects: Sequence[Effect], parameters: Parameters) -> Headline | None:
    """The estimate that is nearest to its upper limit, or farthest beyond it."""
    if not effects:
        return None

    def used_up(effect: Effect) -> float:
        limit = effect.expected
        return effect.estimate.value / (limit.below if np.isfinite(limit.below) else 1.0)

    most = max(effects, key=used_up)
    column = most.keys.get("value", parameters.get("value", ""))
    quantity = f"{parameters['statistic']} of {column}, which should be {most.expected.text}"
    where = ", ".join(value for key, value in most.keys.items() if key != "value")
    return Headline.of(most.estimate, f"{quantity} ({where})", f"{unit_of(parameters)}s")


def _missing(rows: pd.DataFrame, where: Mapping[str, Any], parameters: Parameters) -> list[str]:
    if rows.empty:
        return []
    return [
        f"{column} {value}"
        for column in parameters.get("each", ())
        for value in (where.get(column) or ())
        if value not in set(rows[column])
    ]


def _described(where: Mapping[str, Any]) -> str:
    parts = []
    for column, wanted in where.items():
        values = wanted if isinstance(wanted, list) else [wanted]
        parts.append(f"{column} {' or '.join(map(str, values))}")
    return ", ".join(parts)
