"""The settings under which a claim is tested: choices that text and code leave open.

A choice is between values of a column of the rows, or between parameters of the claim's test. A
setting takes one option of each choice; under every setting the claim's own test is run on the rows
that have its values, with its parameters. The main setting follows from one rule for all claims:
the text decides; where it is silent or says two things, the released code; where both are silent,
this project's choice.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Annotated, Any, Self

import pandas as pd
from pydantic import Field, model_validator

from saliency_audit.ledger.strict import Name, Strict, Text


class Origin(StrEnum):
    """Where an option of a choice comes from, the first that decides coming first."""

    PRINTED = "printed"
    RELEASED = "released"
    OURS = "ours"


class Option(Strict):
    """One option of a choice.

    Attributes:
        value: in the rows, if the choice has a column; else a name for it.
        of: the text, the released code or this project.
        means: in few words, for a reader.
        findings: those on released code that this option follows, if it is `released`, or the one
            of two printed options that the code takes.
        parameters: of the test, in place of those declared.
        where: put into the `where` of every declared question, for tests that ask questions.
    """

    value: Text
    of: Origin
    means: Text
    findings: tuple[Name, ...] = ()
    parameters: dict[str, Any] = Field(default_factory=dict)
    where: dict[str, Any] = Field(default_factory=dict)


class Choice(Strict):
    """What text and code leave open, or decide differently.

    Attributes:
        name: in few words.
        column: of the rows. A row without a value, or with an empty one, is not concerned. None if
            the options are parameters.
        stands_for: the value that rows of the chosen option get; rows of the other options are left
            out, and rows of further values are not concerned. So several readings of one method,
            which have names of their own in the rows, take the method's name in turn.
        options: two or more.
    """

    name: Text
    column: Text | None = None
    stands_for: Text | None = None
    options: Annotated[tuple[Option, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _code_decides_between_two_texts(self) -> Self:
        printed = [option for option in self.options if option.of is Origin.PRINTED]
        following = [option.value for option in printed if option.findings]
        if following and (len(printed) < 2 or following != [printed[0].value]):
            raise ValueError(
                f"choice {self.name!r}: of two or more printed options the first may name the "
                f"finding that it follows, and no other may; got {', '.join(following)}"
            )
        return self

    @property
    def main(self) -> Option:
        """The option of the main setting: of several of one origin, the first listed.

        Where the text says two things, that is the one which the code follows.
        """
        return min(self.options, key=lambda option: list(Origin).index(option.of))


class SettingsSpec(Strict):
    """Where the rows of a claim's settings are, and which choices they have.

    Attributes:
        experiment: whose rows.
        parameters: of the claim's test, in place of those declared for its main rows.
        choices: one or more.
        excluded: combinations of values that make no sense, such as one method's magnitudes beside
            the others' signs; settings that have all values of one are left out.
        left_out: what else is open and has no rows, in words.
    """

    experiment: Text
    parameters: dict[str, Any] = Field(default_factory=dict)
    choices: Annotated[tuple[Choice, ...], Field(min_length=1)]
    excluded: tuple[tuple[Text, ...], ...] = ()
    left_out: Text | None = None


@dataclass(frozen=True)
class Setting:
    """One option of every choice."""

    choices: tuple[Choice, ...]
    options: tuple[Option, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """The value of every choice."""
        return tuple(option.value for option in self.options)

    @property
    def is_main(self) -> bool:
        """Whether every option is the main one."""
        return all(
            option == choice.main for choice, option in zip(self.choices, self.options, strict=True)
        )

    def rows_of(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows that have its values; those that a choice does not concern belong to all.

        Args:
            rows: of the settings' experiment, with the columns of all choices.
        """
        for choice, option in zip(self.choices, self.options, strict=True):
            if choice.column is None:
                continue
            values = rows[choice.column].astype("string").fillna("")
            if choice.stands_for is None:
                rows = rows[values.isin(["", option.value])]
                continue
            others = {other.value for other in choice.options} - {option.value}
            kept = rows[~values.isin(others)]
            named = kept[choice.column].astype("string").replace(option.value, choice.stands_for)
            rows = kept.assign(**{choice.column: named.astype(rows[choice.column].dtype)})
        return rows

    def parameters(self, declared: Mapping[str, Any]) -> dict[str, Any]:
        """The test's parameters under this setting.

        Args:
            declared: with `questions`, if an option has a `where`.

        Raises:
            KeyError: without them.
        """
        found = dict(declared)
        for option in self.options:
            found.update(option.parameters)
            if option.where:
                found["questions"] = [
                    {**question, "where": {**question.get("where", {}), **option.where}}
                    for question in found["questions"]
                ]
        return found

    def but(self, place: int, option: Option) -> "Setting":
        """The same with another option of the choice at this place."""
        options = (*self.options[:place], option, *self.options[place + 1 :])
        return Setting(self.choices, options)


def settings_of(spec: SettingsSpec) -> Iterator[Setting]:
    """Every setting that makes sense, the main options first."""
    ordered = [
        [choice.main, *(option for option in choice.options if option != choice.main)]
        for choice in spec.choices
    ]
    for options in product(*ordered):
        setting = Setting(spec.choices, options)
        if not any(set(values) <= set(setting.key) for values in spec.excluded):
            yield setting
