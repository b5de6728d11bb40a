"""Do the six candidate distances grow with shift and noise, and which are unstable or slow?"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.result import Comparison, ExternalResult, not_tested
from saliency_audit.ledger.external.rows import check_columns, check_parameters
from saliency_audit.ledger.external.rule import family_verdict, named, sentences, tally
from saliency_audit.ledger.resampling import Floats
from saliency_audit.ledger.statistics import LEVEL, Estimate
from saliency_audit.metrics.similarity import DISTANCES

RESAMPLES = 2000
NAN = float("nan")
VARYING = ("ssim", "l2")
SLOW = "wasserstein1"


def distance_sanity(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> ExternalResult:
    """Appendix F as a test: monotone under shift and noise, variance, small areas, time.

    Args:
        rows: of `mege_distances`.
        parameters: `shape`, the region that decides ("disc" or "blob"); `steps` and `draws` of the
            declared run; `slack`, the largest fall between neighbouring shifts, as a share of the
            distance's range; `correlation` with σ; `areas`, the smaller and the larger; `slower`,
            the factor.

    Returns:
        A comparison per distance under shift (the largest fall) and under noise (Spearman
        correlation with σ, bootstrap over draws); one on whether SSIM and ℓ2 have the two largest
        coefficients of variation under noise (mean over σ); one on Dice's coefficient of variation
        at the smaller against the larger area; one on the time of 1-Wasserstein against the next
        slowest (medians). The verdict is `family_verdict`'s; a distance, or a declared
        number of steps, draws or areas, that the rows lack leaves at best partly.

    Raises:
        ValueError: a parameter or column that is missing or unknown.
    """
    name = "distance_sanity"
    needed = {"shape", "steps", "draws", "slack", "correlation", "areas", "slower"}
    check_parameters(name, parameters, needed)
    if rows.empty:
        return not_tested("no rows of distances")
    check_columns(name, rows, ["part", "shape", "distance", "level", "draw", "value"])
    parts = {
        str(part): group[group["shape"].isin(["disc" if part in ("area", "time") else shape])]
        for part, group in rows.groupby("part")
        for shape in [parameters["shape"]]
    }
    if absent := [part for part in ("shift", "noise", "area", "time") if part not in parts]:
        return not_tested(f"no rows of {', '.join(absent)}")
    comparisons = (
        *_shifted(parts["shift"], parameters["slack"]),
        *_noisy(parts["noise"], parameters["correlation"]),
        _variance(parts["noise"]),
        _small_areas(parts["area"], parameters["areas"]),
        _slowest(parts["time"], parameters["slower"]),
    )
    missing = list(_missing(parts, parameters))
    detail = sentences(tally(comparisons), f"Not as declared: {named(missing)}." if missing else "")
    return ExternalResult(
        family_verdict(comparisons, complete=not missing), detail, None, comparisons
    )


def _missing(parts: Mapping[str, pd.DataFrame], parameters: Mapping[str, Any]) -> Iterator[str]:
    for part in ("shift", "noise", "time"):
        for name in sorted(set(DISTANCES) - set(parts[part]["distance"])):
            yield f"{part}, {name}"
    steps, draws = parts["shift"]["level"].nunique(), parts["noise"]["draw"].nunique()
    if steps < parameters["steps"]:
        yield f"{steps} of {parameters['steps']} shifts"
    if draws < parameters["draws"]:
        yield f"{draws} of {parameters['draws']} draws"
    for area in parameters["areas"]:
        if area not in set(parts["area"]["level"]):
            yield f"area {area:.0%}"


def _fact(
    keys: Mapping[str, str], estimate: Estimate, base: float, expected: str, holds: bool
) -> Comparison:
    """A comparison that holds or contradicts; undecided where the number is undefined."""
    return Comparison(
        keys=keys,
        estimate=estimate,
        base_mean=base,
        other_mean=estimate.value,
        p_value=NAN,
        p_adjusted=NAN,
        expected=expected,
        holds=holds,
        contradicts=not holds and not math.isnan(estimate.value),
    )


def _point(value: float, n: int) -> Estimate:
    return Estimate(value, value, value, n)


def _shifted(rows: pd.DataFrame, slack: float) -> Iterator[Comparison]:
    for name, group in rows.groupby("distance", sort=False):
        # The picture itself, at distance 0, comes first.
        values = np.concatenate([[0.0], group.sort_values("level")["value"].to_numpy()])
        fall = float(max(0.0, -np.diff(values).min()) / np.ptp(values))
        yield _fact(
            {"distance": str(name), "question": "largest fall under shift"},
            _point(fall, len(group)),
            NAN,
            f"at most {slack:.0%} of the range",
            fall <= slack,
        )


def _noisy(rows: pd.DataFrame, least: float) -> Iterator[Comparison]:
    for name, group in rows.groupby("distance", sort=False):
        table = group.pivot(index="draw", columns="level", values="value").to_numpy()
        draws = np.random.default_rng(0).integers(0, len(table), (RESAMPLES, len(table)))
        found = np.array([_with_level(table[chosen]) for chosen in draws])
        tail = (1 - LEVEL) / 2
        low, high = np.quantile(found, [tail, 1 - tail])
        estimate = Estimate(_with_level(table), float(low), float(high), len(table))
        holds = bool(low > least)
        comparison = _fact(
            {"distance": str(name), "question": "correlation with noise"},
            estimate,
            NAN,
            f"above {least}",
            holds,
        )
        if not holds and high > least:
            comparison = Comparison(**{**vars(comparison), "contradicts": False})
        yield comparison


def _with_level(table: Floats) -> float:
    """Spearman correlation of all values `(draws, levels)` with their level."""
    ranks = pd.Series(table.flatten()).rank().to_numpy()
    levels = np.tile(np.arange(table.shape[1], dtype=float), len(table))
    return float(np.corrcoef(ranks, levels)[0, 1])


def variation(rows: pd.DataFrame) -> pd.Series:
    """Coefficient of variation over the draws, mean over the levels, by distance."""
    groups = rows.groupby(["distance", "level"], sort=False)["value"]
    return (groups.std() / groups.mean()).groupby("distance", sort=False).mean()


def _variance(rows: pd.DataFrame) -> Comparison:
    found = variation(rows)
    least = float(found.reindex(list(VARYING)).min(skipna=False))
    others = float(found.drop(list(VARYING), errors="ignore").max())
    return _fact(
        {"distance": "SSIM and ℓ2", "question": "coefficients of variation under noise"},
        _point(least, int(rows["draw"].nunique())),
        others,
        "the two largest",
        least > others,
    )


def _small_areas(rows: pd.DataFrame, areas: tuple[float, float]) -> Comparison:
    dice = rows[rows["distance"] == "dice"]
    small, large = (
        float(variation(dice[dice["level"] == area]).get("dice", NAN)) for area in areas
    )
    return _fact(
        {"distance": "dice", "question": f"variation at {areas[0]:.0%} against {areas[1]:.0%}"},
        _point(small, int(dice["draw"].nunique())),
        large,
        "at least twice as large",
        small >= 2 * large,
    )


def _slowest(rows: pd.DataFrame, factor: float) -> Comparison:
    medians = rows.groupby("distance")["value"].median()
    next_slowest = float(medians.drop(SLOW, errors="ignore").max())
    ratio = float(medians.get(SLOW, NAN)) / next_slowest
    return _fact(
        {"distance": SLOW, "question": "time against the next slowest"},
        _point(ratio, int(rows["draw"].nunique())),
        next_slowest,
        f"at least {factor} times",
        ratio >= factor,
    )
