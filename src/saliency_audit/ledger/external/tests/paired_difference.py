"""Two methods on the same images: the family of comparisons that the ledger declares.

An entry lists `questions`. Each has up to six keys and no expressions:

- `value`: the columns that hold a value per image; a comparison each.
- `where`: which rows count, column by column: a value or a list of values. Of `steps` the declared
  number counts, or the largest there is.
- `pairs`: the method in question and the one it is compared with, `[ggig, saliency]`. A number in
  the second place is a limit, `[ggig, 0.9]`.
- `expected`: "higher" or "lower", or that by value.
- `each`: columns of which every value that is there is compared apart.
- `statistic`: "mean" (the default) or "median" of the differences.

Beside them stand `name`, `except` (keys of comparisons that the claim expects on the other side)
and `beside` (a name, and keys that replace the question's, as many values and pairs: reported,
never decisive).

A comparison's keys are `model`, `question` if it has a name, the columns of `each`, `score` if the
question has several values, `method` and `against`. The claim's headline averages the comparisons
whose keys are those of `headline`, a parameter of the test: all of the first value if not given.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from saliency_audit.ledger.external.effect import HIGHER, LOWER, SIDES, Expected, due_gains
from saliency_audit.ledger.external.ending import Evidence, Parameters, external_test
from saliency_audit.ledger.external.evidence import paired
from saliency_audit.ledger.external.evidence.derived import DERIVED
from saliency_audit.ledger.external.evidence.paired import PairedValues
from saliency_audit.ledger.external.evidence.rows import Steps, at_steps, identified, models_of
from saliency_audit.ledger.external.result import Headline

KEYS = {"value", "where", "pairs", "expected", "each", "statistic", "name", "except", "beside"}


@dataclass(frozen=True)
class Question:
    """A family of paired comparisons; the module says what its parts mean."""

    value: tuple[str, ...]
    pairs: tuple[tuple[str, str | float], ...]
    expected: Mapping[str, str]
    where: Mapping[str, Any]
    each: tuple[str, ...]
    statistic: str
    name: str
    exceptions: tuple[Mapping[str, str], ...]
    beside: Mapping[str, Mapping[str, Any]]

    @classmethod
    def declared(cls, entry: Mapping[str, Any]) -> "Question":
        """The question of an entry in the ledger.

        Raises:
            ValueError: a key, side or statistic that is missing or unknown.
        """
        if unknown := set(entry) - KEYS:
            raise ValueError(f"unknown keys {sorted(unknown)} of a question")
        if missing := {"value", "pairs", "expected"} - set(entry):
            raise ValueError(f"a question lacks {sorted(missing)}")
        values, side = tuple(entry["value"]), entry["expected"]
        question = cls(
            value=values,
            pairs=tuple((other, base) for other, base in entry["pairs"]),
            expected=dict.fromkeys(values, side) if isinstance(side, str) else dict(side),
            where=dict(entry.get("where", {})),
            each=tuple(entry.get("each", ())),
            statistic=entry.get("statistic", "mean"),
            name=entry.get("name", ""),
            exceptions=tuple(entry.get("except", ())),
            beside=dict(entry.get("beside", {})),
        )
        if sides := set(question.expected.values()) - set(SIDES):
            raise ValueError(f"expected must be higher or lower, got {sorted(sides)}")
        for name, change in question.beside.items():
            for key, own in (("value", values), ("pairs", question.pairs)):
                if len(change.get(key, own)) != len(own):
                    raise ValueError(
                        f"beside {name!r} must have as many {key} as the question, {len(own)}, "
                        f"got {len(change[key])}"
                    )
        if question.statistic not in ("mean", "median"):
            raise ValueError(f"statistic must be mean or median, got {question.statistic!r}")
        return question

    def side(self, value: str, keys: Mapping[str, str]) -> Expected:
        """What the claim expects of one comparison."""
        stated = SIDES[self.expected.get(value, next(iter(self.expected.values())))]
        excepted = any(
            all(keys.get(key) == text for key, text in item.items()) for item in self.exceptions
        )
        opposite = LOWER if stated is HIGHER else HIGHER
        return opposite if excepted else stated

    def besides(self) -> Iterator[tuple[str, "Question"]]:
        """What is reported beside, each as a question of its own."""
        for name, change in self.beside.items():
            yield (
                name,
                replace(
                    self,
                    value=tuple(change.get("value", self.value)),
                    pairs=tuple((other, base) for other, base in change.get("pairs", self.pairs)),
                    where={**self.where, **change.get("where", {})},
                ),
            )


def questions(parameters: Parameters) -> tuple[Question, ...]:
    """The declared questions.

    Raises:
        ValueError: one that is malformed.
    """
    return tuple(Question.declared(entry) for entry in parameters["questions"])


def _columns(parameters: Parameters) -> set[str]:
    found = {"model", "method", parameters.get("unit", "image")}
    derived = DERIVED[parameters["derive"]].columns if "derive" in parameters else {}
    for question in questions(parameters):
        found |= {*question.where, *question.each}
        found |= {source for value in question.value for source in derived.get(value, (value,))}
    return found


def _validate(parameters: Parameters) -> None:
    questions(parameters)
    if parameters.get("unpaired", "left out") != "left out":
        raise ValueError(f"unpaired can only be 'left out', got {parameters['unpaired']!r}")
    if (name := parameters.get("derive")) not in (None, *DERIVED):
        raise ValueError(f"unknown derive {name!r}; known: {', '.join(DERIVED)}")


@external_test(
    needs={"questions"},
    may={"holm", "headline", "derive", "unit", "unpaired"},
    columns=_columns,
    validate=_validate,
)
def paired_difference(rows: pd.DataFrame, parameters: Parameters) -> Evidence:
    """Do methods differ on the same images as the claim says?

    Args:
        rows: columns model, method, image and those that the questions name; a row per map, or per
            map and score.
        parameters: `questions`; `holm`, keys that split the comparisons into families for Holm's
            correction (one family if not given); `headline`, keys of the comparisons that the
            headline averages (those of the first value of the first question if not given);
            `derive`, a name of `evidence.derived`, adds rows or columns; `unit`, the column of what
            is paired ("image" if not given); `unpaired: left out` where one method was computed
            for fewer images than another.

    Returns:
        A comparison per network, value, pair and combination of what stands apart: the mean or
        median of the differences on the same images. It holds if the one-sided signed-rank p
        passes Holm's correction and the 95 % bootstrap interval lies wholly on the stated side,
        contradicts if both speak for the other side. Images without a finite value of both are
        left out and counted. A comparison without any is missing.
    """
    unit = parameters.get("unit", "image")
    if "derive" in parameters:
        rows = DERIVED[parameters["derive"]].apply(rows)
    rows = identified(rows) if unit == "image" else rows
    asked: list[PairedValues] = []
    remarks: list[str] = []
    missing: list[str] = []
    for question in questions(parameters):
        chosen, steps = _where(rows, question.where)
        missing += _absent(rows, chosen, question)
        if steps is not None and steps.note not in remarks:
            remarks.append(steps.note)
        mine = {values.label: values for values in _pairs(chosen, question, unit)}
        for label, values in mine.items() if "unpaired" not in parameters else ():
            if values.unpaired and len(values.base):
                raise ValueError(
                    f"paired_difference: {values.unpaired} {unit}s lack the rows of one of the "
                    f"two methods ({label})"
                )
        for name, other in question.besides():
            for values in _pairs(_beside(rows, question, other), other, unit, question):
                if values.label in mine:
                    mine[values.label] = mine[values.label].beside(name, values)
        asked += mine.values()
    present = [values for values in asked if len(values.differences)]
    left_out = sum(values.left_out for values in present)
    if left_out:
        were = "value was" if left_out == 1 else "values were"
        remarks.append(f"{left_out} paired {were} not finite and left out.")
    return Evidence(
        [each.effect() for each in present],
        _headline(present, parameters, unit),
        missing=[*missing, *(each.label for each in asked if not len(each.differences))],
        remarks=remarks,
        apart=parameters.get("holm", ()),
    )


def _where(rows: pd.DataFrame, where: Mapping[str, Any]) -> tuple[pd.DataFrame, Steps | None]:
    """The rows that a question is about, and the number of steps if it names one."""
    rows = _exactly(rows, {name: wanted for name, wanted in where.items() if name != "steps"})
    return at_steps(rows, where["steps"]) if "steps" in where and len(rows) else (rows, None)


def _beside(rows: pd.DataFrame, question: Question, other: Question) -> pd.DataFrame:
    """The rows of what stands beside; steps that it names itself must be there."""
    if other.where.get("steps") == question.where.get("steps"):
        return _where(rows, other.where)[0]
    return _exactly(rows, other.where)


def _exactly(rows: pd.DataFrame, where: Mapping[str, Any]) -> pd.DataFrame:
    """The rows that have one of the wanted values in every column."""
    for name, wanted in where.items():
        rows = rows[rows[name].isin(wanted if isinstance(wanted, list) else [wanted])]
    return rows


def _absent(rows: pd.DataFrame, chosen: pd.DataFrame, question: Question) -> list[str]:
    """Networks without a row that counts, and declared values that stand apart without any."""
    here = set(chosen["model"].unique())
    return [
        *(
            f"{model}, {question.name or 'any row'}"
            for model in models_of(rows)
            if model not in here
        ),
        *(
            f"{name} {_text(value)}"
            for name in question.each
            if isinstance(declared := question.where.get(name), list)
            for value in declared
            if not (chosen[name] == value).any()
        ),
    ]


def _pairs(
    rows: pd.DataFrame, question: Question, unit: str, spoken: Question | None = None
) -> Iterator[PairedValues]:
    """Every comparison of a question: network by network, apart by apart, value by value.

    Args:
        rows: that count.
        question: what is asked.
        unit: the column of what is paired.
        spoken: the question in whose words the keys are, where this one stands beside it.
    """
    spoken = spoken or question
    names = ["model", *question.each]

    def place(values: tuple[Any, ...]) -> list[Any]:
        """In the declared order, else sorted."""
        declared = [question.where.get(name) for name in names]
        return [
            order.index(value) if isinstance(order, list) else value
            for order, value in zip(declared, values, strict=True)
        ]

    groups = dict(iter(rows.groupby(names)))
    for values in sorted(groups, key=place):
        model, *apart = map(_text, values)
        keys = {"model": model, **({"question": spoken.name} if spoken.name else {})}
        keys |= zip(question.each, apart, strict=True)
        for value, said in zip(question.value, spoken.value, strict=True):
            score = {"score": said} if len(spoken.value) > 1 else {}
            table = paired.by_method(groups[values], value, unit)
            for (other, base), (method, limit) in zip(question.pairs, spoken.pairs, strict=True):
                against = limit if isinstance(limit, str) else f"{limit:g}"
                named = {**keys, **score, "method": method, "against": against}
                less, more, unpaired = paired.both(table, base, other)
                side = question.side(value, named)
                yield PairedValues(named, less, more, side, question.statistic, unpaired)


def _text(value: object) -> str:
    """A value as a key: shares in percent."""
    return f"{value:.0%}" if isinstance(value, float) and value < 1 else str(value)


def _headline(
    present: Sequence[PairedValues], parameters: Parameters, unit: str
) -> Headline | None:
    """The mean of the declared differences, or of the first comparison where medians count."""
    if not present:
        return None
    first = questions(parameters)[0]
    usual = _first(present[0], first)
    wanted = parameters.get("headline", usual)
    if not any(wanted.items() <= each.keys.items() for each in present):
        wanted = usual
    mine = [each for each in present if wanted.items() <= each.keys.items()]
    mine, without = due_gains(mine)
    what = ", ".join(wanted.values()) or "all comparisons"
    if mine[0].statistic == "median":
        quantity = f"median difference, {mine[0].label}"
        return Headline.of(mine[0].estimate, quantity, f"{unit}s")
    pooled = paired.pooled_mean(mine)
    assert pooled is not None, "pairs without values are not present"
    count = sum(len(values.differences) for values in mine)
    quantity = f"mean of {count} paired differences ({what}{without}), resampled by {unit}"
    return Headline.of(pooled, quantity, f"{unit}s")


def _first(values: PairedValues, question: Question) -> dict[str, str]:
    """Keys that comparisons of the first question's first value share."""
    names = ["question", "score", *question.each]
    return {name: values.keys[name] for name in names if name in values.keys}
