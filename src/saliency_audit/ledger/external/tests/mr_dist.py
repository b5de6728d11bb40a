"""MR-DIST: do the six candidate distances grow with shift and noise; which are unstable or slow?"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.effect import HIGHER, Effect, Expected
from saliency_audit.ledger.external.ending import Evidence, Parameters, external_test
from saliency_audit.ledger.external.evidence.fold_effects import estimate_of
from saliency_audit.ledger.external.result import Headline
from saliency_audit.ledger.resampling import Floats, resample_counts
from saliency_audit.ledger.statistics import rank_correlations
from saliency_audit.metrics.similarity import DISTANCES

RESAMPLES = 2000
NAN = float("nan")
PARTS = ("shift", "noise", "area", "time")
VARYING = ("ssim", "l2")
SLOW = "wasserstein1"
MORE_VARIED = 2


@external_test(
    needs={"shape", "steps", "draws", "slack", "correlation", "areas", "slower"},
    columns=("part", "shape", "distance", "level", "draw", "value"),
)
def distance_sanity(rows: pd.DataFrame, parameters: Parameters) -> Evidence:
    """Appendix F as a test: monotone under shift and noise, variance, small areas, time.

    Args:
        rows: of `mege_distances`.
        parameters: `shape`, the region that decides ("disc" or "blob"); `steps` and `draws` of the
            declared run; `slack`, the largest fall between neighbouring shifts, as a share of the
            distance's range; `correlation` with σ; `areas`, the smaller and the larger; `slower`,
            the factor.

    Returns:
        A comparison per distance under shift (the largest fall) and under noise (Spearman
        correlation with σ); one on the smaller coefficient of variation under noise (mean over σ)
        of SSIM and ℓ2 against the largest of the others; one on Dice's coefficient at the smaller
        area, at least twice that at the larger; one on the time of 1-Wasserstein against the next
        slowest (medians). Bootstrap over draws; the fall and the times have none. A distance, or a
        declared number of steps, draws or areas, that the rows lack is missing.
    """
    shape, order = parameters["shape"], {name: place for place, name in enumerate(DISTANCES)}
    rows = rows.sort_values(
        ["distance", "level", "draw"],
        key=lambda column: column.map(order) if column.name == "distance" else column,
        kind="stable",
    )
    parts = {
        name: rows[(rows["part"] == name) & (rows["shape"] == of)]
        for name, of in zip(PARTS, (shape, shape, "disc", "disc"), strict=True)
    }
    if absent := [name for name, group in parts.items() if group.empty]:
        return Evidence((), nothing=f"no rows of {', '.join(absent)}")
    noisy = list(_noisy(parts["noise"], parameters["correlation"]))
    effects = [
        *_shifted(parts["shift"], parameters["slack"]),
        *noisy,
        _variance(parts["noise"]),
        _small_areas(parts["area"], parameters["areas"]),
        _slowest(parts["time"], parameters["slower"]),
    ]
    weakest = min(noisy, key=lambda effect: effect.estimate.value)
    return Evidence(
        effects,
        Headline.of(
            weakest.estimate,
            f"smallest correlation with noise ({weakest.keys['distance']}), resampled by draw",
            "draws",
        ),
        missing=list(_missing(parts, parameters)),
        remarks=[_biased(noisy)],
    )


def _biased(noisy: Sequence[Effect]) -> str:
    outside = [
        effect.keys["distance"]
        for effect in noisy
        if not effect.estimate.low <= effect.estimate.value <= effect.estimate.high
    ]
    if not outside:
        return ""
    return (
        f"The correlation of {', '.join(outside)} lies outside its own interval: a draw that is "
        "resampled twice ties with itself, which shifts resampled rank correlations."
    )


def _missing(parts: Mapping[str, pd.DataFrame], parameters: Parameters) -> Iterator[str]:
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


def _shifted(rows: pd.DataFrame, slack: float) -> Iterator[Effect]:
    expected = Expected(f"at most {slack:.0%} of the range", below=slack, closed=True)
    for name, group in rows.groupby("distance", sort=False):
        # The picture itself, at distance 0, comes first.
        values = np.concatenate([[0.0], group.sort_values("level")["value"].to_numpy()])
        fall = float(max(0.0, -np.diff(values).min()) / np.ptp(values))
        keys = {"distance": str(name), "question": "largest fall under shift"}
        yield Effect.exact(keys, fall, len(group), expected, other=fall)


def _noisy(rows: pd.DataFrame, least: float) -> Iterator[Effect]:
    for name, group in rows.groupby("distance", sort=False):
        table = group.pivot(index="draw", columns="level", values="value").to_numpy(dtype=float)
        chosen = np.random.default_rng(0).integers(0, len(table), (RESAMPLES, len(table)))
        point = float(_with_level(table[None])[0])
        yield Effect(
            keys={"distance": str(name), "question": "correlation with noise"},
            estimate=estimate_of(point, _with_level(table[chosen]), len(table)),
            expected=Expected(f"above {least}", above=least),
            other=point,
        )


def _with_level(tables: Floats) -> Floats:
    """Spearman correlation of all values with their level, of tables `(R, draws, levels)`."""
    levels = np.broadcast_to(np.arange(tables.shape[2], dtype=float), tables.shape)
    return rank_correlations(*(part.reshape(len(tables), -1) for part in (tables, levels)))


def variation(rows: pd.DataFrame) -> pd.Series:
    """Coefficient of variation over the draws, mean over the levels, by distance."""
    groups = rows.groupby(["distance", "level"], sort=False)["value"]
    return (groups.std() / groups.mean()).groupby("distance", sort=False).mean()


def _resampled_variation(rows: pd.DataFrame, distance: str) -> Floats:
    """`variation` of a distance with the draws resampled: `(R,)`; NaN without rows."""
    mine = rows[rows["distance"] == distance]
    if mine.empty:
        return np.full(RESAMPLES, NAN)
    table = mine.pivot(index="draw", columns="level", values="value").to_numpy(dtype=float)
    n, centre = len(table), table.mean(axis=0)
    counts = resample_counts(n, RESAMPLES).astype(float)
    shift = counts @ (table - centre) / n
    squares = counts @ (table - centre) ** 2 / n
    with np.errstate(invalid="ignore"):  # a single draw does not vary
        deviation = np.sqrt(np.maximum(squares - shift**2, 0) * n / (n - 1))
    found: Floats = (deviation / (centre + shift)).mean(axis=1)
    return found


def _variance(rows: pd.DataFrame) -> Effect:
    """The smaller variation of the two that vary, minus the largest of the others."""
    found = variation(rows)
    others = [str(name) for name in found.index if name not in VARYING]
    least = float(found.reindex(list(VARYING)).min(skipna=False))
    most = float(found[others].max())
    draws = np.min([_resampled_variation(rows, name) for name in VARYING], axis=0) - np.max(
        [_resampled_variation(rows, name) for name in others], axis=0
    )
    return Effect(
        keys={"distance": "SSIM and ℓ2", "question": "coefficients of variation under noise"},
        estimate=estimate_of(least - most, draws, int(rows["draw"].nunique())),
        expected=HIGHER,
        base=most,
        other=least,
    )


def _small_areas(rows: pd.DataFrame, areas: tuple[float, float]) -> Effect:
    """Dice's variation at the smaller area, in units of that at the larger."""
    dice = rows[rows["distance"] == "dice"]
    parts = [dice[dice["level"] == area] for area in areas]
    small, large = (float(variation(part).get("dice", NAN)) for part in parts)
    draws = [_resampled_variation(part, "dice") for part in parts]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = draws[0] / draws[1]
    return Effect(
        keys={
            "distance": "dice",
            "question": f"variation at {areas[0]:.0%} against {areas[1]:.0%}",
        },
        estimate=estimate_of(small / large, ratios, int(dice["draw"].nunique())),
        expected=Expected(f"at least {MORE_VARIED} times", above=MORE_VARIED, closed=True),
        base=large,
        other=small,
    )


def _slowest(rows: pd.DataFrame, factor: float) -> Effect:
    medians = rows.groupby("distance")["value"].median()
    slowest, others = float(medians.get(SLOW, NAN)), medians.drop(SLOW, errors="ignore")
    next_slowest = float(others.max())
    times = slowest / next_slowest
    return Effect.exact(
        {"distance": SLOW, "question": "time against the next slowest"},
        times,
        int(rows["draw"].nunique()),
        Expected(f"at least {factor} times", above=factor, closed=True),
        base=next_slowest,
        other=times,
    )
