"""XM-SPREAD: is one measure's table of distances more spread out, and is one method farthest?"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.effect import HIGHER, SIDES, Effect, Expected, bootstrap_ps
from saliency_audit.ledger.external.ending import Evidence, Parameters, external_test
from saliency_audit.ledger.external.result import Headline
from saliency_audit.ledger.resampling import Floats
from saliency_audit.ledger.statistics import Estimate
from saliency_audit.ledger.summaries.resampled import with_resamples

COLUMNS = ("model", "images", "first", "second", "method", "draw", "set_size", "distance")


def dispersion(tables: Floats) -> Floats:
    """Coefficient of variation of the distances of each draw: `(R, pairs)` -> `(R,)`.

    The standard deviation is that of the distances themselves, which are all there are.
    """
    found: Floats = tables.std(axis=1) / tables.mean(axis=1)
    return found


def isolation(table: pd.DataFrame, method: str) -> Floats:
    """How much farther a method is from the others than the farthest other: `(R,)`.

    Args:
        table: distances by draw; columns are pairs of methods.
        method: whose mean distance to the others is compared with the largest of another's.
    """
    methods = sorted({name for pair in table.columns for name in pair})
    means = {
        name: table[[pair for pair in table.columns if name in pair]].to_numpy().mean(axis=1)
        for name in methods
    }
    rivals = np.stack([values for name, values in means.items() if name != method])
    found: Floats = means[method] - rivals.max(axis=0)
    return found


def _validate(parameters: Parameters) -> None:
    if parameters["statistic"] != "dispersion":
        raise ValueError(f"statistic can only be dispersion, got {parameters['statistic']!r}")
    if parameters["expected"] not in SIDES:
        raise ValueError(f"expected must be higher or lower, got {parameters['expected']!r}")


@external_test(
    needs={"statistic", "pairs", "farthest", "expected"}, columns=COLUMNS, validate=_validate
)
def spread_difference(rows: pd.DataFrame, parameters: Parameters) -> Evidence:
    """Do distances between aggregated maps differ more under one measure, and is a method apart?

    Args:
        rows: of `xmgd_spread`: the distances of every two methods' aggregated maps, of the images
            themselves (draw 0) and of resampled images.
        parameters: `statistic`, only "dispersion"; `pairs` of measures, the one in question and the
            one that it is compared with; `farthest`, a method; `expected` side of the differences.

    Returns:
        Per group of networks a comparison for each pair, the difference of the two coefficients of
        variation, and one for the place of the farthest method under the first measure: its mean
        distance to the others minus the largest of another method, in that measure's unit, expected
        above 0. Intervals and p values are those of the resamples. In `extra` stands the same place
        under the other measures. A measure or method without rows is missing.
    """
    side = SIDES[parameters["expected"]]
    measure, apart = parameters["pairs"][0][0], parameters["farthest"]
    effects: list[Effect] = []
    missing: list[str] = []
    keys = ["model", "images", "method", "draw", "first", "second"]
    if rows.duplicated(keys).any():
        raise ValueError("spread_difference: duplicate rows of a pair in the same draw")
    for (model, images), group in rows.groupby(["model", "images"], sort=True):
        where = {"model": str(model), "images": str(images)}
        size = int(group["set_size"].max())
        tables = {str(name): distance_table(part) for name, part in group.groupby("method")}
        for one, other in parameters["pairs"]:
            named = {**where, "measures": f"{one} against {other}"}
            if one not in tables or other not in tables:
                missing.append(", ".join(named.values()))
                continue
            spreads = [
                pd.Series(dispersion(tables[name].to_numpy()), tables[name].index)
                for name in (one, other)
            ]
            effects.append(_effect(named, spreads[0], spreads[1], side, size))
        named = {**where, "measures": f"{measure}, {apart} apart from the others"}
        places = {
            name: pd.Series(isolation(table, apart), table.index)
            for name, table in tables.items()
            if any(apart in pair for pair in table.columns)
        }
        if measure not in places:
            missing.append(", ".join(named.values()))
            continue
        own = places.pop(measure)
        extra = {name: with_resamples(values, size) for name, values in places.items()}
        effects.append(_effect(named, own, own * 0, HIGHER, size, extra))
    return Evidence(effects, _headline(effects), missing=missing, nothing="no distances")


def distance_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Distances by draw and pair, without draws that lack one."""
    pairs = [tuple(pair) for pair in np.sort(rows[["first", "second"]].to_numpy(str), axis=1)]
    named = rows.assign(pair=pd.Series(pairs, index=rows.index, dtype=object))
    table = named.pivot(index="draw", columns="pair", values="distance")
    return table.dropna().sort_index()


def _effect(
    keys: Mapping[str, str],
    other: pd.Series,
    base: pd.Series,
    expected: Expected,
    size: int,
    extra: Mapping[str, Estimate] | None = None,
) -> Effect:
    difference = (other - base).dropna()
    return Effect(
        keys,
        with_resamples(difference, size),
        expected,
        base=float(base.get(0, np.nan)),
        other=float(other.get(0, np.nan)),
        p=bootstrap_ps(difference[difference.index > 0].to_numpy(dtype=float), expected),
        extra=extra or {},
    )


def _headline(effects: list[Effect]) -> Headline | None:
    """The first comparison of the first group of networks."""
    if not effects:
        return None
    first = effects[0]
    return Headline.of(first.estimate, f"coefficient of variation, {first.keys['measures']}")
