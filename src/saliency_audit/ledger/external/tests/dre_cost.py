"""DRE-COST: do methods take as many passes as the paper's table prints?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from saliency_audit.ledger.external.effect import Effect, Expected, at_most
from saliency_audit.ledger.external.ending import Evidence, Parameters, external_test
from saliency_audit.ledger.external.evidence.paired import bootstrap_median
from saliency_audit.ledger.external.evidence.rows import identified
from saliency_audit.ledger.external.result import Headline
from saliency_audit.ledger.statistics import RESAMPLES, Estimate

COUNTS = ("forward_passes", "backward_passes", "generator_passes", "optimizer_steps")
COLUMNS = ("model", "images", "method", "image", "repeat", "asked", *COUNTS, "seconds", "device")


@dataclass(frozen=True)
class MapCost:
    """What a map of one network by one method costs.

    Counts are means over images and repeats, with the least and the largest as ends: they were
    counted and not sampled, and differ only if images differ.

    Attributes:
        model: the network.
        method: the explanation method.
        asked: iterations, samples or points that it was asked for.
        forward: passes through the network.
        backward: passes back through it.
        generator: passes through mask generators.
        iterations: steps of its optimiser; the passes forward of a method without one.
        milliseconds: for an image: median over the repeats, each the mean over the images, with
            its 95 % bootstrap interval over the repeats.
    """

    model: str
    method: str
    asked: int
    forward: Estimate
    backward: Estimate
    generator: Estimate
    iterations: Estimate
    milliseconds: Estimate


def map_costs(rows: pd.DataFrame) -> Iterator[MapCost]:
    """The cost of every network and method, in the order of the rows.

    Args:
        rows: of `dre_cost`.

    Raises:
        ValueError: rows of one method that were asked for different numbers of iterations.
    """
    for (model, method), group in identified(rows).groupby(["model", "method"], sort=False):
        if group["asked"].nunique() > 1:
            raise ValueError(f"{model}, {method}: rows with different numbers of iterations")
        forward, backward, generator, steps = (_counted(group, name) for name in COUNTS)
        times = 1000 * group.groupby("repeat")["seconds"].mean()
        yield MapCost(
            model=str(model),
            method=str(method),
            asked=int(group["asked"].iloc[0]),
            forward=forward,
            backward=backward,
            generator=generator,
            iterations=steps if steps.value else forward,
            milliseconds=bootstrap_median(times.sort_index().to_numpy(dtype=float), RESAMPLES),
        )


def _counted(rows: pd.DataFrame, column: str) -> Estimate:
    values = rows[column]
    n = rows["image"].nunique()
    return Estimate(float(values.mean()), float(values.min()), float(values.max()), n)


def _validate(parameters: Parameters) -> None:
    if absent := sorted(set(parameters["no_backward"]) - set(parameters["equal"])):
        raise ValueError(f"no_backward names {', '.join(absent)}, which equal lacks")


@external_test(needs={"equal", "no_backward", "repeats"}, columns=COLUMNS, validate=_validate)
def passes_as_printed(rows: pd.DataFrame, parameters: Parameters) -> Evidence:
    """Does a map take as many forward passes as printed, and none back where none is claimed?

    Args:
        rows: of `dre_cost`.
        parameters: `equal`, from methods to their printed numbers; `no_backward`, those of them
            that must take no pass back; `repeats`, timed runs that there should be.

    Returns:
        A comparison per network and declared method: the forward passes counted, equal to the
        printed number. In `extra` stand the same number read as iterations (steps of the optimiser;
        passes of a method without one), passes back and through generators, and milliseconds. A
        method without rows, or asked for other numbers of iterations than printed, is missing.
        Methods that the claim does not name are left out.

    Raises:
        ValueError: times that are not positive numbers, or what `map_costs` refuses.
    """
    if not (rows["seconds"] > 0).all():
        raise ValueError("passes_as_printed: seconds must be positive numbers")
    printed: Mapping[str, int] = parameters["equal"]
    found = {(each.model, each.method): each for each in map_costs(rows)}
    compared: list[tuple[MapCost, Effect]] = []
    missing: list[str] = []
    for model in sorted({model for model, _ in found}):
        for method, number in printed.items():
            each = found.get((model, method))
            if each is None:
                missing.append(f"{model}, {method}")
            elif each.asked != number:
                missing.append(f"{model}, {method} with {number} iterations")
            else:
                none_back = method in parameters["no_backward"]
                compared.append((each, _effect(each, number, none_back=none_back)))
    return Evidence(
        [effect for _, effect in compared],
        _headline([effect for _, effect in compared]),
        missing=missing,
        remarks=(*_remarks([each for each, _ in compared], printed), _timed(rows, parameters)),
        nothing="no declared method has rows with the printed number of iterations",
    )


def _effect(found: MapCost, printed: int, *, none_back: bool) -> Effect:
    back = Effect({}, found.backward, at_most(0), sampled=False)
    return Effect(
        {"model": found.model, "method": found.method},
        found.forward,
        Expected(f"equal to {printed}", printed, printed, closed=True),
        base=printed,
        other=found.forward.value,
        sampled=False,
        also=(back,) if none_back else (),
        extra={
            "iterations": found.iterations,
            "passes back": found.backward,
            "passes through generators": found.generator,
            "milliseconds": found.milliseconds,
        },
    )


def _headline(effects: Sequence[Effect]) -> Headline | None:
    """The largest share of the printed number."""
    if not effects:
        return None
    most = max(effects, key=lambda effect: effect.other / effect.base)
    quantity = f"counted passes as a multiple of the printed, the largest ({most.label})"
    return Headline.of(Estimate.exact(most.other / most.base, most.estimate.n), quantity)


def _remarks(found: Sequence[MapCost], printed: Mapping[str, int]) -> Iterator[str]:
    """What is counted otherwise, and how many agree if the printed numbers are iterations."""
    other = [
        f"{each.model}, {each.method}: {each.forward.value:g} for {printed[each.method]}"
        for each in found
        if each.forward.value != printed[each.method]
    ]
    if other:
        yield f"Counted otherwise than printed: {'; '.join(other)}."
    agree = sum(each.iterations.value == printed[each.method] for each in found)
    yield (
        f"Read as iterations, as the table's heading has it, {agree} of {len(found)} agree: those "
        "above 1 are settings, which we took from it."
    )


def _timed(rows: pd.DataFrame, parameters: Parameters) -> str:
    devices = ", ".join(sorted({str(device) for device in rows["device"]}))
    repeats = int(rows.groupby(["model", "method"])["repeat"].nunique().min())
    few = f" ({parameters['repeats']} are declared)" if repeats < parameters["repeats"] else ""
    return f"Timed {repeats} times{few} on {devices}."
