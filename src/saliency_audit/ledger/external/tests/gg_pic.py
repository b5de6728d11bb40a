"""GG-PIC: is one method first and another last by the areas under information curves?"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import pandas as pd

from saliency_audit.ledger.external.ending import Evidence, Parameters, external_test
from saliency_audit.ledger.external.evidence import areas, curves
from saliency_audit.ledger.external.evidence.curves import CurveGroup
from saliency_audit.ledger.external.evidence.rows import identified, models_of, of_method
from saliency_audit.ledger.external.result import Headline

# The rows of every method of a network.
Tables = Mapping[str, pd.DataFrame]


def _complexities(parameters: Parameters) -> list[str]:
    return [parameters[key] for key in ("complexity", "also") if key in parameters]


def _columns(parameters: Parameters) -> list[str]:
    complexities = [f"ic_{each}" for each in _complexities(parameters)]
    predictions = curves.PREDICTIONS.values()
    return ["model", "images", "method", "image", *complexities, *predictions]


def _validate(parameters: Parameters) -> None:
    curves.validate_curves(parameters["curves"], _complexities(parameters))
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
    measured = {
        model: table
        for model, table in tables.items()
        if any(curves.measurable(frame, complexity).any() for frame in table.values())
    }
    if not measured:
        why = f"no image whose {curves.COMPLEXITIES[complexity]} could be measured"
        return Evidence((), nothing=why)
    asked: list[areas.Asked] = []
    groups: list[CurveGroup] = []
    missing: list[str] = []
    for model, table in measured.items():
        for other, base in _differences(parameters):
            group = _group(table, model, other, base, complexity, parameters)
            if group is None:
                missing.append(f"{model}, {other} − {base}")
                continue
            groups.append(group)
            asked += areas.ask(group, _beside(table, model, other, base, parameters))
    return Evidence(
        areas.effects(asked, parameters),
        _headline(asked, parameters),
        missing=[*missing, *areas.without_images(groups)],
        remarks=areas.remarks(
            groups, [name for name in models if name not in measured], complexity
        ),
        nothing="every image is dropped",
    )


def _by_method(rows: pd.DataFrame, model: str, methods: Sequence[str]) -> Tables:
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


def _group(
    table: Tables, model: str, other: str, base: str, complexity: str, parameters: Parameters
) -> CurveGroup | None:
    """The curves of two methods of one network; None where one has no rows."""
    if other not in table or base not in table:
        return None
    return curves.curves_between(
        {"model": model, "difference": f"{other} − {base}"},
        table[base],
        table[other],
        parameters["curves"],
        complexity,
        parameters["aggregate"],
    )


def _beside(
    table: Tables, model: str, other: str, base: str, parameters: Parameters
) -> dict[str, CurveGroup | None]:
    """The difference by the other complexity, and a reported one beside that it belongs to."""
    found = {}
    if "also" in parameters:
        by = parameters["also"]
        label = f"by {curves.COMPLEXITIES[by]}"
        found[label] = _group(table, model, other, base, by, parameters)
    for method, rival in parameters.get("reported", []):
        if (other, base) == (parameters["first"], rival):
            group = _group(table, model, method, rival, parameters["complexity"], parameters)
            found[f"{method} − {rival}"] = group
    return found


def _headline(asked: Sequence[areas.Asked], parameters: Parameters) -> Headline | None:
    """Pooled per-image differences of the first method and all others but the last, first curve."""
    first, control = parameters["first"], parameters["last"]
    wanted = {f"{first} − {name}" for name in parameters["methods"] if name != control}
    rivals = [item.pair for item in asked if item.pair.keys["difference"] in wanted]
    if not rivals:
        return None
    curve = rivals[0].keys["curve"]
    return Headline.of(
        areas.pooled_difference([pair for pair in rivals if pair.keys["curve"] == curve]),
        f"{first} minus the methods other than {control}, mean difference of the "
        f"areas under each image's own {curve.upper()} curve, resampled by image",
    )
