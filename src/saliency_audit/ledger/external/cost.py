"""How long the maps of the claim's images take, from timed batches."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.result import Comparison, ExternalResult, not_tested
from saliency_audit.ledger.external.rows import (
    at_steps,
    check_columns,
    check_parameters,
    models_of,
)
from saliency_audit.ledger.external.rule import coverage, sentences
from saliency_audit.ledger.resampling import (
    Floats,
    estimate_from,
    resample_counts,
    resampled_medians,
)
from saliency_audit.ledger.statistics import RESAMPLES, Estimate, bootstrap_mean
from saliency_audit.ledger.verdict import Verdict

COLUMNS = ("model", "method", "repeat", "images", "steps", "seconds", "raw_seconds", "device")


def cost(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> ExternalResult:
    """Do the maps of the claim's images take as long as it says, or less, on a GPU?

    Args:
        rows: columns model, method, repeat, images, steps, seconds, raw_seconds, device; one row
            per timed batch. `raw_seconds` is the time of as many plain forward and backward passes
            at the best batch size.
        parameters: `images` and `hours` of the claim, `steps`, `repeats` (timed batches needed of
            each network and method); optional `networks`.

    Returns:
        A comparison per model and method with the hours that the median batch leads to, its
        interval over the repeats, and in `extra` images per second and the share of plain passes.
        The headline is their mean, n the number of networks and methods. Reproduced if the
        headline's interval includes the claimed hours or lies below, not reproduced if it lies
        above; inconclusive, and every comparison undecided, on a CPU, at other steps, or with too
        few timed batches.

    Raises:
        ValueError: a parameter or column that is missing or unknown, or times that are not
            positive numbers.
    """
    needed = {"images", "steps", "hours", "repeats"}
    check_parameters("cost", parameters, needed, {"networks"})
    if rows.empty:
        return not_tested("nothing was timed")
    check_columns("cost", rows, COLUMNS)
    times = rows[["images", "seconds", "raw_seconds"]].to_numpy(dtype=float)
    if not (np.isfinite(times).all() and (times > 0).all()):
        raise ValueError("cost: images and times must be positive numbers")
    devices, models = sorted({str(device) for device in rows["device"]}), models_of(rows)
    rows, steps = at_steps(rows, parameters["steps"])
    comparisons = tuple(
        _timed(str(model), str(method), group, parameters)
        for (model, method), group in rows.groupby(["model", "method"], sort=True)
    )
    hours = bootstrap_mean(np.array([item.other_mean for item in comparisons]))
    fewest = min(item.estimate.n for item in comparisons)
    reasons = [
        "on a CPU the claim cannot be decided" if _on_cpu(devices) else "",
        f"{fewest} timed batches are too few" if fewest < parameters["repeats"] else "",
        "other steps take other times" if steps.differ else "",
    ]
    reason = "; ".join(part for part in reasons if part)
    if reason:
        comparisons = tuple(replace(item, holds=False, contradicts=False) for item in comparisons)
    verdict = Verdict.REPRODUCED if hours.low <= parameters["hours"] else Verdict.NOT_REPRODUCED
    shares = [item.extra["share of plain passes"].value for item in comparisons]
    rates = [item.extra["images per second"].value for item in comparisons]
    detail = sentences(
        f"{min(rates):.3g} to {max(rates):.3g} images per second on {', '.join(devices)}, "
        f"{min(shares):.0%} to {max(shares):.0%} of plain passes.",
        f"Undecided: {reason}." if reason else "",
        steps.note,
        coverage(models, parameters, []),
        f"Headline: hours for {parameters['images']} images, mean over networks and methods "
        f"({parameters['hours']:g} claimed).",
    )
    return ExternalResult(Verdict.INCONCLUSIVE if reason else verdict, detail, hours, comparisons)


def _on_cpu(devices: Sequence[str]) -> bool:
    """Whether any batch was timed on a processor: "cpu", "cpu (2 threads, x86_64)"."""
    return any(device.lower().startswith("cpu") for device in devices)


def _timed(
    model: str, method: str, group: pd.DataFrame, parameters: Mapping[str, Any]
) -> Comparison:
    """Hours of one network and method against the claimed ones."""
    per_image = (group["seconds"] / group["images"]).to_numpy(dtype=float)
    share = (group["raw_seconds"] / group["seconds"]).to_numpy(dtype=float)
    hours = _median(parameters["images"] * per_image / 3600)
    claimed = parameters["hours"]
    return Comparison(
        keys={"model": model, "method": method},
        estimate=Estimate(
            hours.value - claimed, hours.low - claimed, hours.high - claimed, hours.n
        ),
        base_mean=claimed,
        other_mean=hours.value,
        p_value=float("nan"),
        p_adjusted=float("nan"),
        expected=f"up to {claimed:g} hours",
        holds=hours.low <= claimed,
        contradicts=hours.low > claimed,
        extra={
            "images per second": _median(1 / per_image),
            "share of plain passes": _median(share),
        },
    )


def _median(values: Floats) -> Estimate:
    """Median of the repeats with its bootstrap interval."""
    counts = resample_counts(len(values), RESAMPLES)
    draws = resampled_medians(values[:, None], counts)[:, 0]
    return estimate_from(float(np.median(values)), draws, len(values))
