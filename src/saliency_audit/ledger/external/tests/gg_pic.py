"""GG-PIC: is one method first and another last by the areas under information curves?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import pandas as pd

from saliency_audit.ledger.external.effect import Effect
from saliency_audit.ledger.external.ending import Evidence, Parameters, external_test
from saliency_audit.ledger.external.evidence.areas import (
    Asked,
    area_difference,
    counts_sentence,
    pooled_difference,
    unmeasured_sentence,
    without_images,
)
from saliency_audit.ledger.external.evidence.curves import (
    COMPLEXITIES,
    PREDICTIONS,
    CurveGroup,
    curves_between,
    measurable,
    validate_curves,
)
from saliency_audit.ledger.external.evidence.rows import identified, models_of, of_method
from saliency_audit.ledger.external.result import Headline
from saliency_audit.ledger.resampling import enough_resamples
from saliency_audit.ledger.statistics import Estimate


def _complexities(parameters: Parameters) -> list[str]:
    return [parameters[key] for key in ("complexity", "also") if key in parameters]


def _columns(parameters: Parameters) -> list[str]:
    curves = [f"ic_{each}" for each in _complexities(parameters)]
    return ["model", "images", "method", "image", *curves, *PREDICTIONS.values()]


def _validate(parameters: Parameters) -> None:
    validate_curves(parameters["curves"], _complexities(parameters))
    if absent := {parameters["first"], parameters["last"]} - set(parameters["methods"]):
        raise ValueError(f"{sorted(absent)} are none of the methods")


@external_test(
    needs={"methods", "first", "last", "curves", "aggregate", "complexity", "resamples", "alpha"},
    may={"also", "reported"},
    columns=_columns,
    validate=_validate,
)
def area_order(rows: pd.DataFrame, parameters: Parameters) -> Evidence:
    """Is the declared first method above all others, and are all others above the declared last?

    Images are resampled, the same draw for both methods of a pair; the curve of all images and its
    area are recomputed each time. The images are those that neither method drops.

    Args:
        rows: of `ggig_information_curves`, one per map.
        parameters: `methods`, the `first` and the `last` of them; `curves` ("sic": softmax
            probability, "aic": whether the prediction is right) with `aggregate` of each, "median"
            or "mean" over the images; `complexity` that decides; `resamples` (more where Holm needs
            them); optional `also`, another complexity, and `reported`, pairs of a method and one
            that it is held against, both in `extra` and without a vote.

    Returns:
        A comparison per model, curve and difference, expected above 0, by bootstrap p and interval.
        `extra` repeats it on the images that every declared curve uses. Networks whose pictures
        have no such complexity are left out and named.
    """
    models, complexity = models_of(rows), parameters["complexity"]
    tables = {model: _by_method(rows, model, parameters["methods"]) for model in models}
    measured = [
        model
        for model, table in tables.items()
        if any(measurable(frame, complexity).any() for frame in table.values())
    ]
    if not measured:
        return Evidence((), nothing=f"no image whose {COMPLEXITIES[complexity]} could be measured")
    asked, groups, missing = _ask(measured, tables, parameters)
    resamples = enough_resamples(parameters["resamples"], len(asked), parameters["alpha"])
    effects = [item.effect(resamples) for item in asked]
    return Evidence(
        [
            replace(item, extra={**item.extra, **_beside(item, tables, parameters)})
            for item in effects
        ],
        _headline(asked, parameters),
        missing=[*missing, *without_images(groups)],
        remarks=(
            counts_sentence(groups, complexity),
            unmeasured_sentence([name for name in models if name not in measured], complexity),
        ),
        nothing="every image is dropped",
    )


def _by_method(rows: pd.DataFrame, model: str, methods: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Rows of every method that a network has, indexed by image."""
    mine = identified(rows[rows["model"] == model])
    present = [name for name in methods if (mine["method"] == name).any()]
    tables = {name: of_method(mine, name, model) for name in present}
    for one, other in pairwise(tables.values()):
        if not one.index.equals(other.index):
            raise ValueError(f"{model}: the methods do not explain the same images")
    return tables


def _differences(parameters: Parameters) -> Iterator[tuple[str, str]]:
    """What is compared: the first with each other method, then each of those with the last."""
    first, last = parameters["first"], parameters["last"]
    between = [name for name in parameters["methods"] if name not in (first, last)]
    yield from ((first, name) for name in between)
    yield first, last
    yield from ((name, last) for name in between)


def _ask(
    models: Sequence[str],
    tables: Mapping[str, Mapping[str, pd.DataFrame]],
    parameters: Parameters,
) -> tuple[list[Asked], list[CurveGroup], list[str]]:
    """The pairs of curves, the groups that they come from, and the differences without rows."""
    groups: list[CurveGroup] = []
    missing: list[str] = []
    for model in models:
        for other, base in _differences(parameters):
            group = _group(tables[model], model, other, base, parameters["complexity"], parameters)
            if group is None:
                missing.append(f"{model}, {other} − {base}")
            else:
                groups.append(group)
    asked = [
        Asked(pair, group.common) for group in groups for pair in group.pairs if pair.used.any()
    ]
    return asked, groups, missing


def _group(
    table: Mapping[str, pd.DataFrame],
    model: str,
    other: str,
    base: str,
    complexity: str,
    parameters: Parameters,
) -> CurveGroup | None:
    """The curves of two methods of one network; None where one has no rows."""
    if other not in table or base not in table:
        return None
    keys = {"model": model, "difference": f"{other} − {base}"}
    return curves_between(
        keys,
        table[base],
        table[other],
        parameters["curves"],
        complexity,
        parameters["aggregate"],
    )


def _beside(
    item: Effect,
    tables: Mapping[str, Mapping[str, pd.DataFrame]],
    parameters: Parameters,
) -> dict[str, Estimate]:
    """The difference by the other complexity, and a reported one beside that it belongs to."""
    model = item.keys["model"]
    other, base = item.keys["difference"].split(" − ")
    wanted: list[tuple[str, str, str, str]] = []
    if "also" in parameters:
        wanted.append((f"by {COMPLEXITIES[parameters['also']]}", other, base, parameters["also"]))
    for method, rival in parameters.get("reported", []):
        if (other, base) == (parameters["first"], rival):
            wanted.append((f"{method} − {rival}", method, rival, parameters["complexity"]))
    found = {}
    for label, more, less, complexity in wanted:
        group = _group(tables[model], model, more, less, complexity, parameters)
        for pair in group.pairs if group is not None else ():
            if pair.keys["curve"] == item.keys["curve"] and pair.used.any():
                found[label] = area_difference(pair, pair.used, parameters["resamples"])
    return found


def _headline(asked: Sequence[Asked], parameters: Parameters) -> Headline | None:
    """Pooled per-image differences of the first method and all others but the last, first curve."""
    lead, control = f"{parameters['first']} − ", parameters["last"]
    rivals = [
        item.pair
        for item in asked
        if item.pair.keys["difference"].startswith(lead)
        and item.pair.keys["difference"] != lead + control
    ]
    if not rivals:
        return None
    first = rivals[0].keys["curve"]
    return Headline.of(
        pooled_difference([pair for pair in rivals if pair.keys["curve"] == first]),
        f"{parameters['first']} minus the methods other than {control}, mean difference of the "
        f"areas under each image's own {first.upper()} curve, resampled by image",
    )
