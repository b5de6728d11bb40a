"""What an experiment is: typed parameters, named profiles, independent tasks, tidy rows."""

import dataclasses
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from saliency_audit.parameters import ParameterError, coerce, type_name
from saliency_audit.study.columns import Column
from saliency_audit.study.inputs import Inputs, named_inputs


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
    """Columns that are added when rows are read, from the parameters of their task.

    Attributes:
        columns: the columns that are added.
        values: maps a task's parameters to the values, the same for all of its rows.
    """

    columns: Sequence[Column] = ()
    values: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda given: {}

    def __call__(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """The values by column."""
        return self.values(given)


@dataclass(frozen=True)
class Experiment:
    """A named function from parameters to tidy rows.

    Parameters are a frozen dataclass. A profile is one setting of them, or several by name where
    networks need different ones, such as those of digits and those of photographs.

    Attributes:
        name: its name everywhere.
        title: one line for people.
        version: increased when the same parameters are to give other rows.
        profiles: the setting or the settings of each profile.
        split: turns the parameters of a setting into independent tasks.
        compute: computes the rows of one task.
        recorded: the columns of its rows on disk.
        labels: further columns, added when rows are read.
        reads: from the parameters of a task to what it reads that may not be here, which is looked
            for before the first task.
    """

    name: str
    title: str
    version: int
    profiles: Mapping[str, Any]
    split: Callable[[Any], Sequence[Task]]
    compute: Callable[[Task], Outcome]
    recorded: Sequence[Column]
    labels: Labels = Labels()
    reads: Callable[[Mapping[str, Any]], Inputs] = named_inputs

    @property
    def parameters(self) -> type:
        """The dataclass of its parameters."""
        (first, *_) = self.settings(next(iter(self.profiles))).values()
        return type(first)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of rows as they are read."""
        return (*self.recorded, *self.labels.columns)

    def settings(self, profile: str) -> Mapping[str, Any]:
        """The settings of a profile by name; a single one may be without a name.

        Raises:
            ParameterError: unknown profile.
        """
        if profile not in self.profiles:
            raise ParameterError(
                f"{self.name} has no profile {profile!r}; known: {', '.join(self.profiles)}"
            )
        found = self.profiles[profile]
        return found if isinstance(found, Mapping) else {"": found}

    def configure(
        self, profile: str, overrides: Mapping[str, Any] | None = None
    ) -> tuple[Any, ...]:
        """The settings of a profile with some fields replaced.

        Every setting gets the same values, with one exception: each of the `models` goes to the
        setting that lists it. A setting that lists none of them is left out.

        Args:
            profile: its name.
            overrides: fields to replace, and `setting`: the names of the settings to take.

        Raises:
            ParameterError: unknown profile, setting or field, a value of the wrong type, or a
                network that none of the settings lists.
        """
        values = dict(overrides or {})
        settings = self._named(profile, values.pop("setting", None))
        hints = typing.get_type_hints(self.parameters)
        if unknown := [name for name in values if name not in hints]:
            raise ParameterError(
                f"{self.name} has no parameter {', '.join(unknown)}; known: {describe(self)}"
            )
        typed = {name: coerce(name, value, hints[name]) for name, value in values.items()}
        if typed.get("models") and len(settings) > 1:
            settings = self._of_models(settings, typed.pop("models"))
        try:
            return tuple(replace(setting, **typed) for setting in settings.values())
        except ValueError as error:
            raise ParameterError(f"{self.name}: {error}") from None

    def tasks(self, settings: Sequence[Any]) -> list[Task]:
        """The tasks of several settings, one setting after the other."""
        return [task for parameters in settings for task in self.split(parameters)]

    def _named(self, profile: str, wanted: Any) -> Mapping[str, Any]:
        settings = self.settings(profile)
        if wanted is None:
            return settings
        names = coerce("setting", wanted, tuple[str, ...])
        if unknown := [name for name in names if name not in settings]:
            known = ", ".join(filter(None, settings)) or "it has a single one, without a name"
            raise ParameterError(
                f"{self.name} has no setting {', '.join(unknown)} at {profile}; known: {known}"
            )
        return {name: setting for name, setting in settings.items() if name in names}

    def _of_models(self, settings: Mapping[str, Any], models: Sequence[str]) -> dict[str, Any]:
        """The settings that list any of the networks, each reduced to those networks."""
        own = {
            name: tuple(model for model in models if model in setting.models)
            for name, setting in settings.items()
        }
        if strangers := [
            model for model in models if not any(model in each for each in own.values())
        ]:
            listed = "; ".join(
                f"{name} ({', '.join(setting.models)})" for name, setting in settings.items()
            )
            raise ParameterError(
                f"{self.name}: no setting has {', '.join(strangers)}; choose one as well "
                f"(-p setting=NAME): {listed}"
            )
        return {
            name: replace(settings[name], models=chosen) for name, chosen in own.items() if chosen
        }


def describe(experiment: Experiment) -> str:
    """The parameters of an experiment with types and defaults, in one line."""
    hints = typing.get_type_hints(experiment.parameters)
    listed = [
        f"{item.name}: {type_name(hints[item.name])} = {item.default!r}"
        for item in dataclasses.fields(experiment.parameters)
    ]
    if any(len(experiment.settings(profile)) > 1 for profile in experiment.profiles):
        listed.append("setting: names of the profile's settings = all")
    return ", ".join(listed)
