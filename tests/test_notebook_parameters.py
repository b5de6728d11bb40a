"""What a notebook lets its reader choose: fields of its experiments, and what its pictures show."""

import ast
import re
import typing
from collections.abc import Iterator

import pytest

from saliency_audit.ledger.sanity_checks import SANITY_CHECKS
from saliency_audit.notebooks import Source, parameters, sources
from saliency_audit.study import Experiment, available, get_experiment

# Which rows are computed and shown, and which of them a picture is of.
VIEW = {"profile", "setting", "path", "shown", "sign"}
NOTEBOOKS = sources()


def experiments(source: Source) -> list[Experiment]:
    """Those that the notebook names, or that a table it goes through does."""
    text = source.text()
    names = re.findall(r'get_experiment\("(\w+)"\)', text)
    if "for check in SANITY_CHECKS" in text:
        names += [check.experiment for check in SANITY_CHECKS]
    return [get_experiment(name) for name in dict.fromkeys(names)]


def parts(hint: object) -> set[object]:
    """The types of a union, None among them."""
    union = typing.get_origin(hint) is typing.Union or isinstance(hint, type(int | None))
    return set(typing.get_args(hint)) if union else {hint}


def one_of_several(hint: object) -> set[object]:
    """The type of one value, of a field that holds several; empty of another field."""
    several = typing.get_origin(hint) is tuple and typing.get_args(hint)[1:] == (...,)
    return {typing.get_args(hint)[0]} if several else set()


def read_names(source: Source) -> Iterator[str]:
    """The names that the notebook's code reads."""
    for node in ast.walk(ast.parse(source.text())):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id


@pytest.fixture(params=NOTEBOOKS, ids=[source.name for source in NOTEBOOKS])
def notebook(request: pytest.FixtureRequest) -> Source:
    source: Source = request.param
    return source


def test_parameters_are_fields_of_the_experiments_or_say_what_is_shown(notebook: Source) -> None:
    named = experiments(notebook)
    assert named, "the notebook names no experiment"
    fields = {name for experiment in named for name in typing.get_type_hints(experiment.parameters)}
    unknown = set(parameters(notebook)) - fields - VIEW
    assert not unknown, (
        f"{', '.join(sorted(unknown))}: no field of {', '.join(e.name for e in named)}, and not in "
        "VIEW of this test"
    )


def test_fields_have_the_types_of_the_experiments_and_no_default_of_their_own(
    notebook: Source,
) -> None:
    hints = [typing.get_type_hints(experiment.parameters) for experiment in experiments(notebook)]
    for name, parameter in parameters(notebook).items():
        if name in VIEW:
            continue
        assert parameter.default is None, f"{name}: the profile has the default"
        declared = parts(eval(parameter.type))
        fields = [known[name] for known in hints if name in known]
        allowed = [
            kind(field) | {type(None)} for field in fields for kind in (parts, one_of_several)
        ]
        assert declared in allowed, f"{name}: {parameter.type} is not the field's type or None"


def test_every_parameter_is_read(notebook: Source) -> None:
    read = set(read_names(notebook))
    for name in parameters(notebook):
        passed_on = name not in VIEW - {"setting"} and "globals" in read
        assert passed_on or name in read, f"nothing reads {name}"


def test_every_experiment_has_a_notebook() -> None:
    named = {experiment.name for source in NOTEBOOKS for experiment in experiments(source)}
    assert named == set(available())
