"""IDGI-COST: how long the maps of the claim's images take, from timed batches."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.effect import Effect, at_most
from saliency_audit.ledger.external.ending import Evidence, Parameters, external_test
from saliency_audit.ledger.external.evidence.paired import bootstrap_median
from saliency_audit.ledger.external.evidence.rows import at_steps
from saliency_audit.ledger.external.result import Headline
from saliency_audit.ledger.statistics import RESAMPLES, bootstrap_mean

COLUMNS = ("model", "method", "repeat", "images", "steps", "seconds", "raw_seconds", "device")


@external_test(needs={"images", "steps", "hours", "repeats"}, columns=COLUMNS)
def cost(rows: pd.DataFrame, parameters: Parameters) -> Evidence:
    """Do the maps of the claim's images take as long as it says, or less, on a GPU?

    Args:
        rows: of `idgi_cost`, one per timed batch. `raw_seconds` is the time of as many plain
            forward and backward passes at the best batch size.
        parameters: `images` and `hours` of the claim, `steps`, `repeats` (timed batches needed of
            each network and method).

    Returns:
        What decides is the mean over networks and methods of the hours that the median batch leads
        to, n their number: it should be at most the claimed hours. A comparison per network and
        method stands beside, with its interval over the repeats, and in `extra` images per second
        and the share of plain passes. Undecidable on a CPU, at other steps, or with too few timed
        batches.

    Raises:
        ValueError: times that are not positive numbers.
    """
    times = rows[["images", "seconds", "raw_seconds"]].to_numpy(dtype=float)
    if not (np.isfinite(times).all() and (times > 0).all()):
        raise ValueError("cost: images and times must be positive numbers")
    devices = sorted({str(device) for device in rows["device"]})
    rows, steps = at_steps(rows, parameters["steps"])
    timed = [
        _timed(str(model), str(method), group, parameters)
        for (model, method), group in rows.groupby(["model", "method"], sort=True)
    ]
    hours = bootstrap_mean(np.array([item.estimate.value for item in timed]))
    claimed = at_most(parameters["hours"])
    whole = Effect(
        {"model": "all", "method": "mean"}, hours, claimed, parameters["hours"], hours.value
    )
    fewest = min(item.estimate.n for item in timed)
    reasons = [
        "on a CPU the claim cannot be decided" if _on_cpu(devices) else "",
        f"{fewest} timed batches are too few" if fewest < parameters["repeats"] else "",
        "other steps take other times" if steps.differ else "",
    ]
    reason = "; ".join(part for part in reasons if part)
    shares = [item.extra["share of plain passes"].value for item in timed]
    rates = [item.extra["images per second"].value for item in timed]
    return Evidence(
        [whole, *timed],
        Headline.of(
            hours,
            f"hours for {parameters['images']} images, mean over networks and methods "
            f"({parameters['hours']:g} claimed)",
            "networks × methods",
        ),
        remarks=(
            f"{min(rates):.3g} to {max(rates):.3g} images per second on {', '.join(devices)}, "
            f"{min(shares):.0%} to {max(shares):.0%} of plain passes.",
            steps.note,
        ),
        undecidable=f"Undecided: {reason}." if reason else "",
    )


def _on_cpu(devices: Sequence[str]) -> bool:
    """Whether any batch was timed on a processor: "cpu", "cpu (2 threads, x86_64)"."""
    return any(device.lower().startswith("cpu") for device in devices)


def _timed(model: str, method: str, group: pd.DataFrame, parameters: Parameters) -> Effect:
    """Hours of one network and method, which stand beside the mean."""
    per_image = (group["seconds"] / group["images"]).to_numpy(dtype=float)
    share = (group["raw_seconds"] / group["seconds"]).to_numpy(dtype=float)
    hours = bootstrap_median(parameters["images"] * per_image / 3600, RESAMPLES)
    return Effect(
        keys={"model": model, "method": method},
        estimate=hours,
        expected=at_most(parameters["hours"]),
        base=parameters["hours"],
        other=hours.value,
        extra={
            "images per second": bootstrap_median(1 / per_image, RESAMPLES),
            "share of plain passes": bootstrap_median(share, RESAMPLES),
        },
        decides=False,
    )
