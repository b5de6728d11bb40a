"""IDGI-THM, IDGI-TAYLOR: completeness of the IDGI rule, and the order of its projection step."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from saliency_audit.ledger import resampling
from saliency_audit.ledger.external.effect import LOWER, Effect, Expected, at_most
from saliency_audit.ledger.external.ending import Evidence, Parameters, external_test
from saliency_audit.ledger.external.evidence.rows import identified, missing_paths, models_of
from saliency_audit.ledger.external.result import Headline
from saliency_audit.ledger.resampling import Floats
from saliency_audit.ledger.statistics import Estimate, bootstrap_mean

STRAIGHT = "ig"
SMALLEST = 1e-12
COLUMNS = ("model", "path", "method", "steps", "image")


@external_test(
    needs={"paths", "steps", "tolerance", "resamples"}, columns=(*COLUMNS, "completeness_error")
)
def completeness(rows: pd.DataFrame, parameters: Parameters) -> Evidence:
    """Do IDGI maps sum to the change of the score, and do plain maps approach it?

    Args:
        rows: of `idgi_theorem`, one per map; its error is its sum minus the change of the score.
        parameters: `paths`, `steps`, `tolerance` of the IDGI error, `resamples`.

    Returns:
        Per model and path a comparison of the IDGI rule: the largest absolute error of any image at
        any number of steps is at most the tolerance. Per model one of the plain rule on the
        straight path: the log-log slope of its mean absolute error against the number of steps is
        below 0, by its bootstrap interval.

    Raises:
        ValueError: errors that are not finite.
    """
    errors = _tables("completeness", rows, "completeness_error", parameters)
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
        return Evidence((), nothing="no rows of the IDGI rule for any declared path")
    models = models_of(rows)
    compared = {(each.keys["model"], each.keys["path"]) for each in exact}
    sloped = {each.keys["model"] for each in falling}
    largest = max(each.estimate.value for each in exact)
    return Evidence(
        [*exact, *falling],
        Headline.of(
            _pooled_error(errors), "mean absolute error of the IDGI rule, resampled by image"
        ),
        missing=[
            *missing_paths(compared, models, parameters["paths"]),
            *(f"{model}, slope of the plain rule" for model in models if model not in sloped),
        ],
        remarks=(
            f"Largest error of the IDGI rule: {largest:.2g} "
            f"({parameters['tolerance']:.0e} allowed).",
            _steps_used(rows, parameters),
        ),
    )


@external_test(needs={"paths", "steps", "floor", "resamples"}, columns=(*COLUMNS, "taylor_error"))
def taylor_order(rows: pd.DataFrame, parameters: Parameters) -> Evidence:
    """Is the projection point's score only approximately that of the next point, better with steps?

    Args:
        rows: of `idgi_theorem`; those of IDGI maps count. `taylor_error` is the mean absolute
            difference of the two scores over the steps of a path.
        parameters: `paths`, `steps`, `floor` (errors up to it count as none), `resamples`.

    Returns:
        Per model and path two comparisons. "slope": the log-log slope of the mean error against the
        number of steps is below 0, by its bootstrap interval. "approximate": the share of images
        whose error at the most steps is above the floor, minus one half, is above 0. How many
        intervals of the slope reach −2 is reported but does not decide.

    Raises:
        ValueError: as `completeness`.
    """
    idgi = rows[rows["method"].astype(str).str.endswith("+idgi")]
    tables = _tables("taylor_order", idgi, "taylor_error", parameters)
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
        return Evidence((), nothing="no declared path has errors at two numbers of steps")
    compared = {(each.keys["model"], each.keys["path"]) for each in slopes}
    second = sum(each.estimate.low <= -2 for each in slopes)
    return Evidence(
        [*slopes, *approximate],
        Headline.of(_mean_slope(shared, parameters), "mean of the slopes, resampled by image"),
        missing=missing_paths(compared, models_of(rows), parameters["paths"]),
        remarks=(
            f"The interval of {second} of {len(slopes)} slopes reaches −2, the order of the "
            "expansion.",
            _steps_used(rows, parameters),
        ),
    )


def _pairs(rows: pd.DataFrame, parameters: Parameters) -> list[tuple[str, str]]:
    """Network and declared path of the rows, sorted."""
    found = [(str(model), str(path)) for (model, path), _ in rows.groupby(["model", "path"])]
    return [(model, path) for model, path in found if path in parameters["paths"]]


def _tables(
    name: str, rows: pd.DataFrame, column: str, parameters: Parameters
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


def _exact(keys: Mapping[str, str], errors: pd.DataFrame, plain: float, tolerance: float) -> Effect:
    """The IDGI rule is complete to rounding for every image and number of steps."""
    mean = bootstrap_mean(errors.mean(axis=1).to_numpy(dtype=float))
    largest = float(errors.max().max())
    return Effect(
        keys=keys,
        estimate=Estimate.exact(largest, mean.n),
        expected=at_most(tolerance),
        base=plain,
        other=mean.value,
        extra={"mean error": mean},
    )


def _falling(keys: Mapping[str, str], errors: pd.DataFrame, parameters: Parameters) -> Effect:
    """The error falls with the number of steps: interval of its log-log slope below 0."""
    values, steps = errors.to_numpy(), errors.columns.to_numpy(dtype=float)
    counts = resampling.resample_counts(len(values), parameters["resamples"])
    means = values.mean(axis=0)
    draws = _slope(resampling.resampled_means(values, counts), steps)
    return Effect(
        keys=keys,
        estimate=resampling.estimate_from(float(_slope(means, steps)), draws, len(values)),
        expected=LOWER,
        base=float(means[0]),
        other=float(means[-1]),
    )


def _slope(means: Floats, steps: Floats) -> Floats:
    """Slope of log error against log steps; errors below 1e-12 count as 1e-12."""
    centred = np.log(steps) - np.log(steps).mean()
    slope: Floats = np.log(np.maximum(means, SMALLEST)) @ (centred / (centred**2).sum())
    return slope


def _approximate(keys: Mapping[str, str], errors: pd.DataFrame, floor: float) -> Effect:
    """More than half of the images have an error at the most steps."""
    above = np.asarray(errors.iloc[:, -1] > floor, dtype=np.float64)
    return Effect(
        keys={**keys, "question": "approximate"},
        estimate=bootstrap_mean(above - 0.5),
        expected=Expected(f"more than half above {floor:.0e}", above=0.0),
        base=0.5,
        other=float(above.mean()),
    )


def _pooled_error(errors: Mapping[tuple[str, str], pd.DataFrame]) -> Estimate:
    tables = [table for (_, method), table in errors.items() if method.endswith("+idgi")]
    pooled: pd.Series = pd.concat([table.mean(axis=1) for table in tables])
    return bootstrap_mean(pooled.to_numpy(dtype=np.float64), pooled.index.tolist())


def _mean_slope(tables: Sequence[pd.DataFrame], parameters: Parameters) -> Estimate:
    first = tables[0].columns
    steps = first.to_numpy(dtype=float)
    same = [table for table in tables if table.columns.equals(first)]
    return resampling.mean_of_statistics(
        same, lambda means: _slope(means, steps), parameters["resamples"]
    )


def _steps_used(rows: pd.DataFrame, parameters: Parameters) -> str:
    present = {int(n) for n in rows["steps"].unique()}
    used = [str(n) for n in parameters["steps"] if n in present]
    absent = [str(n) for n in parameters["steps"] if n not in present]
    text = f"At {', '.join(used)} steps"
    return text + (f"; {', '.join(absent)} are declared and not computed." if absent else ".")
