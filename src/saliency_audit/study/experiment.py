"""What an experiment is: typed parameters, named profiles, independent tasks, tidy rows."""

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import yaml

from saliency_audit.errors import AuditError
from saliency_audit.study.columns import Column

PROFILES = ("embedded", "reference", "paper")


class ParameterError(AuditError, ValueError):
    """An unknown or ill-typed parameter; the message lists the known ones."""


@dataclass(frozen=True)
class Task:
    """One independent unit of work. `parameters` hold everything its rows depend on."""

    name: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """Rows of a finished task and what a reader of its manifest should know."""

    rows: pd.DataFrame
    notes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Labels:
    """Columns that rows do not hold and get when they are read, from the parameters of their task.

    Attributes:
        columns: which.
        values: from a task's parameters to their values, the same for all of its rows.
    """

    columns: Sequence[Column] = ()
    values: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda given: {}

    def __call__(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """The values by column."""
        return self.values(given)


@dataclass(frozen=True)
class Experiment:
    """A named function from parameters to tidy rows.

    Attributes:
        name: how it is called everywhere.
        title: one line for people.
        version: counted up when the same parameters must give other rows.
        parameters: a frozen dataclass; its defaults are the embedded profile.
        profiles: per profile the fields that differ from the defaults.
        tasks: splits parameters into independent tasks.
        compute: the rows of one task.
        recorded: the columns of its rows on disk.
        labels: more columns, which rows get when they are read.
    """

    name: str
    title: str
    version: int
    parameters: type
    profiles: Mapping[str, Mapping[str, Any]]
    tasks: Callable[[Any], Sequence[Task]]
    compute: Callable[[Task], Outcome]
    recorded: Sequence[Column]
    labels: Labels = Labels()

    @property
    def columns(self) -> tuple[Column, ...]:
        """What rows hold when they are read."""
        return (*self.recorded, *self.labels.columns)

    def configure(self, profile: str, overrides: Mapping[str, Any] | None = None) -> Any:
        """Parameters of a profile with some fields replaced.

        Raises:
            ParameterError: unknown profile or field, or a value of the wrong type.
        """
        if profile not in self.profiles:
            raise ParameterError(
                f"{self.name} has no profile {profile!r}; known: {', '.join(self.profiles)}"
            )
        values = {**self.profiles[profile], **(overrides or {})}
        hints = typing.get_type_hints(self.parameters)
        unknown = [name for name in values if name not in hints]
        if unknown:
            raise ParameterError(
                f"{self.name} has no parameter {', '.join(unknown)}; known: {describe(self)}"
            )
        typed = {name: coerce(name, value, hints[name]) for name, value in values.items()}
        try:
            return self.parameters(**typed)
        except ValueError as error:
            raise ParameterError(f"{self.name}: {error}") from None


def describe(experiment: Experiment) -> str:
    """The parameters of an experiment with types and defaults, in one line."""
    hints = typing.get_type_hints(experiment.parameters)
    return ", ".join(
        f"{item.name}: {_name(hints[item.name])} = {item.default!r}"
        for item in dataclasses.fields(experiment.parameters)
    )


def coerce(name: str, value: Any, hint: Any) -> Any:
    """A value in the type a parameter declares; where that is a tuple, "a,b" and a single a do too.

    Raises:
        ParameterError: the value does not fit.
    """
    if typing.get_origin(hint) is tuple:
        (item, *_) = typing.get_args(hint)
        return tuple(coerce(name, part, item) for part in _parts(value, item))
    if isinstance(hint, types.UnionType):
        for option in typing.get_args(hint):
            try:
                return coerce(name, value, option)
            except ParameterError:
                continue
        raise ParameterError(f"parameter {name} takes {_name(hint)}, got {value!r}")
    if hint is bool and isinstance(value, bool):
        return value
    if hint is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if hint is str and isinstance(value, str):
        return value
    if hint is type(None) and value is None:
        return None
    raise ParameterError(f"parameter {name} takes {_name(hint)}, got {value!r}")


def _parts(value: Any, item: Any) -> Sequence[Any]:
    if isinstance(value, list | tuple):
        return value
    if not isinstance(value, str):
        return [value]
    parts = [part.strip() for part in value.split(",")]
    if item is str:
        return parts
    try:
        return [yaml.safe_load(part) for part in parts]
    except yaml.YAMLError:
        raise ParameterError(f"{value!r} is no list of {_name(item)}") from None


def _name(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) else str(hint).replace("typing.", "")
