"""Completeness of the IDGI rule, and the order of the step to its projection point."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.result import Comparison, ExternalResult, not_tested
from saliency_audit.ledger.external.rows import (
    check_columns,
    check_parameters,
    identified,
    missing_paths,
    models_of,
)
from saliency_audit.ledger.external.rule import (
    coverage,
    family_verdict,
    judge,
    sentences,
    tally,
    unless_too_few,
)
from saliency_audit.ledger.resampling import (
    Floats,
    estimate_from,
    mean_of_statistics,
    resample_counts,
    resampled_means,
)
from saliency_audit.ledger.statistics import Estimate, bootstrap_mean
from saliency_audit.ledger.verdict import Verdict

STRAIGHT = "ig"
SMALLEST = 1e-12
COLUMNS = ("model", "path", "method", "steps", "image")


def completeness(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> ExternalResult:
    """Do IDGI maps sum to the change of the score, and do plain maps approach it?

    Args:
        rows: columns model, path, method, steps, image, completeness_error: sum of the map minus
            the change of the score; one row per map.
        parameters: `paths`, `steps`, `tolerance` of the IDGI error, `resamples`; optional
            `minimum_images` and `networks`.

    Returns:
        Per model and path a comparison of the IDGI rule: it holds if no image at no number of steps
        has an absolute error above the tolerance, and contradicts otherwise. Per model one of the
        plain rule on the straight path: the log-log slope of its mean absolute error against the
        number of steps, by its bootstrap interval. Not reproduced if at least half of the first
        kind contradict, reproduced if all comparisons hold, otherwise partly; a declared path
        without rows leaves at best partly; fewer than `minimum_images` are inconclusive.

    Raises:
        ValueError: a parameter or column that is missing or unknown, a row that stands twice, or
            errors that are not finite.
    """
    name = "completeness"
    needed = {"paths", "steps", "tolerance", "resamples"}
    check_parameters(name, parameters, needed, {"minimum_images", "networks"})
    if rows.empty:
        return not_tested("no rows for any declared path")
    check_columns(name, rows, [*COLUMNS, "completeness_error"])
    errors = _tables(name, rows, "completeness_error", parameters)
    exact, falling = [], []
    for model, path in _pairs(rows, parameters):
        keys = {"model": model, "path": path}
        idgi, base = errors.get((model, f"{path}+idgi")), errors.get((model, path))
        if idgi is not None:
            plain = float(np.nanmean(base.to_numpy())) if base is not None else math.nan
            exact.append(_exact({**keys, "rule": "IDGI"}, idgi, plain, parameters["tolerance"]))
        if path == STRAIGHT and base is not None and _has_slope(base):
            falling.append(_falling({**keys, "rule": "plain"}, base.dropna(), parameters))
    if not exact:
        return not_tested("no rows of the IDGI rule for any declared path")
    models = models_of(rows)
    compared = {(c.keys["model"], c.keys["path"]) for c in exact}
    missing = missing_paths(compared, models, parameters["paths"])
    sloped = {c.keys["model"] for c in falling}
    missing += [f"{model}, slope of the plain rule" for model in models if model not in sloped]
    comparisons = (*exact, *falling)
    verdict = _completeness_verdict(exact, comparisons, complete=not missing)
    verdict, too_few = unless_too_few(verdict, comparisons, parameters)
    largest = max(c.extra["largest error"].value for c in exact)
    detail = sentences(
        tally(comparisons),
        too_few,
        f"Largest error of the IDGI rule: {largest:.2g} ({parameters['tolerance']:.0e} allowed).",
        _steps_used(rows, parameters),
        coverage(models, parameters, missing),
        "Headline: mean absolute error of the IDGI rule, resampled by image.",
    )
    return ExternalResult(verdict, detail, _pooled_error(errors), comparisons)


def taylor_order(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> ExternalResult:
    """Is the projection point's score only approximately that of the next point, better with steps?

    Args:
        rows: columns model, path, method, steps, image, taylor_error: mean absolute difference of
            the two scores over the steps of a path; rows of IDGI maps count.
        parameters: `paths`, `steps`, `floor` (errors up to it count as none), `resamples`;
            optional `minimum_images` and `networks`.

    Returns:
        Per model and path two comparisons. "approximate": the share of images whose error at the
        most steps is above the floor; it holds above one half and contradicts if its interval lies
        below. "slope": the log-log slope of the mean error against the number of steps, by its
        bootstrap interval. Reproduced if all hold, not reproduced if at least half of the slopes
        contradict, inconclusive if at least half of them are undecided, otherwise partly; a
        declared path without rows leaves at best partly; fewer than `minimum_images` are
        inconclusive. How many intervals of the slope reach −2 is told and not decisive.

    Raises:
        ValueError: as `completeness`.
    """
    name = "taylor_order"
    needed = {"paths", "steps", "floor", "resamples"}
    check_parameters(name, parameters, needed, {"minimum_images", "networks"})
    if rows.empty:
        return not_tested("no rows for any declared path")
    check_columns(name, rows, [*COLUMNS, "taylor_error"])
    idgi = rows[rows["method"].astype(str).str.endswith("+idgi")]
    tables = _tables(name, idgi, "taylor_error", parameters)
    approximate, slopes, shared = [], [], []
    for model, path in _pairs(rows, parameters):
        table = tables.get((model, f"{path}+idgi"))
        if table is None or not _has_slope(table):
            continue
        keys, table = {"model": model, "path": path}, table.dropna()
        approximate.append(_approximate(keys, table, parameters["floor"]))
        slopes.append(_falling({**keys, "question": "slope"}, table, parameters))
        shared.append(table)
    if not slopes:
        return not_tested("no declared path has errors at two numbers of steps")
    compared = {(c.keys["model"], c.keys["path"]) for c in slopes}
    models = models_of(rows)
    missing = missing_paths(compared, models, parameters["paths"])
    comparisons = (*slopes, *approximate)
    verdict = family_verdict(slopes, complete=not missing)
    if verdict is Verdict.REPRODUCED and not all(item.holds for item in approximate):
        verdict = Verdict.PARTLY
    verdict, too_few = unless_too_few(verdict, comparisons, parameters)
    second = sum(item.estimate.low <= -2 for item in slopes)
    detail = sentences(
        tally(comparisons),
        too_few,
        f"The interval of {second} of {len(slopes)} slopes reaches −2, the order of the expansion.",
        _steps_used(rows, parameters),
        coverage(models, parameters, missing),
        "Headline: mean of the slopes, resampled by image.",
    )
    return ExternalResult(verdict, detail, _mean_slope(shared, parameters), comparisons)


def _pairs(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Network and declared path of the rows, sorted."""
    found = {
        (str(model), str(path)) for model, path in zip(rows["model"], rows["path"], strict=True)
    }
    return sorted(item for item in found if item[1] in parameters["paths"])


def _tables(
    name: str, rows: pd.DataFrame, column: str, parameters: Mapping[str, Any]
) -> dict[tuple[str, str], pd.DataFrame]:
    """Absolute errors, image × number of steps, by network and method; NaN without a row."""
    chosen = identified(rows[rows["steps"].isin(parameters["steps"])])
    if not np.isfinite(chosen[column].to_numpy(dtype=float)).all():
        raise ValueError(f"{name}: {column} must be finite")
    return {
        (str(model), str(method)): group.pivot(index="image", columns="steps", values=column)
        .astype(float)
        .abs()
        for (model, method), group in chosen.groupby(["model", "method"], sort=True)
    }


def _has_slope(errors: pd.DataFrame) -> bool:
    """Whether some image has an error at each of two numbers of steps or more."""
    return errors.shape[1] > 1 and len(errors.dropna()) > 0


def _exact(
    keys: Mapping[str, str], errors: pd.DataFrame, plain: float, tolerance: float
) -> Comparison:
    """The IDGI rule is complete to rounding for every image and number of steps."""
    per_image = errors.mean(axis=1)
    mean, largest = bootstrap_mean(per_image.to_numpy(dtype=float)), float(errors.max().max())
    holds = largest <= tolerance
    return Comparison(
        keys=keys,
        estimate=mean,
        base_mean=plain,
        other_mean=mean.value,
        p_value=math.nan,
        p_adjusted=math.nan,
        expected=f"errors up to {tolerance:.0e}",
        holds=holds,
        contradicts=not holds,
        extra={"largest error": Estimate(largest, largest, largest, mean.n)},
    )


def _falling(
    keys: Mapping[str, str], errors: pd.DataFrame, parameters: Mapping[str, Any]
) -> Comparison:
    """The error falls with the number of steps: interval of its log-log slope below 0."""
    values, steps = errors.to_numpy(), errors.columns.to_numpy(dtype=float)
    counts = resample_counts(len(values), parameters["resamples"])
    means = values.mean(axis=0)
    draws = _slope(resampled_means(values, counts), steps)
    estimate = estimate_from(float(_slope(means, steps)), draws, len(values))
    holds, contradicts = judge(estimate, "lower")
    return Comparison(
        keys=keys,
        estimate=estimate,
        base_mean=float(means[0]),
        other_mean=float(means[-1]),
        p_value=math.nan,
        p_adjusted=math.nan,
        expected="slope below 0",
        holds=holds,
        contradicts=contradicts,
    )


def _slope(means: Floats, steps: Floats) -> Floats:
    """Slope of log error against log steps; errors below 1e-12 count as 1e-12."""
    centred = np.log(steps) - np.log(steps).mean()
    slope: Floats = np.log(np.maximum(means, SMALLEST)) @ (centred / (centred**2).sum())
    return slope


def _approximate(keys: Mapping[str, str], errors: pd.DataFrame, floor: float) -> Comparison:
    """More than half of the images have an error at the most steps."""
    above = np.asarray(errors.iloc[:, -1] > floor, dtype=np.float64)
    estimate = bootstrap_mean(above - 0.5)
    return Comparison(
        keys={**keys, "question": "approximate"},
        estimate=estimate,
        base_mean=0.5,
        other_mean=float(above.mean()),
        p_value=math.nan,
        p_adjusted=math.nan,
        expected=f"more than half above {floor:.0e}",
        holds=estimate.value > 0,
        contradicts=estimate.high < 0,
    )


def _completeness_verdict(
    exact: Sequence[Comparison], comparisons: Sequence[Comparison], *, complete: bool
) -> Verdict:
    if 2 * sum(item.contradicts for item in exact) >= len(exact):
        return Verdict.NOT_REPRODUCED
    if complete and all(item.holds for item in comparisons):
        return Verdict.REPRODUCED
    return Verdict.PARTLY


def _pooled_error(errors: Mapping[tuple[str, str], pd.DataFrame]) -> Estimate:
    tables = [table for (_, method), table in errors.items() if method.endswith("+idgi")]
    pooled: pd.Series = pd.concat([table.mean(axis=1) for table in tables])
    return bootstrap_mean(pooled.to_numpy(dtype=np.float64), pooled.index.tolist())


def _mean_slope(tables: Sequence[pd.DataFrame], parameters: Mapping[str, Any]) -> Estimate:
    first = tables[0].columns
    steps = first.to_numpy(dtype=float)
    same = [table for table in tables if table.columns.equals(first)]
    return mean_of_statistics(same, lambda means: _slope(means, steps), parameters["resamples"])


def _steps_used(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> str:
    present = {int(n) for n in rows["steps"].unique()}
    used = [str(n) for n in parameters["steps"] if n in present]
    absent = [str(n) for n in parameters["steps"] if n not in present]
    text = f"At {', '.join(used)} steps"
    return text + (f"; {', '.join(absent)} are declared and not computed." if absent else ".")
