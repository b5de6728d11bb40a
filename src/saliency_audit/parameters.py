"""What people write for parameters: a profile, and values in the types that are declared."""

import types
import typing
from collections.abc import Sequence
from typing import Any

import yaml

from saliency_audit.errors import AuditError

PROFILES = ("embedded", "reference", "paper")


class ParameterError(AuditError, ValueError):
    """An unknown or ill-typed parameter; the message lists the known ones."""


def coerce(name: str, value: Any, hint: Any) -> Any:
    """A value in the type that a parameter declares; a tuple may be written "a,b" or as a single a.

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
        raise ParameterError(f"parameter {name} takes {type_name(hint)}, got {value!r}")
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
    raise ParameterError(f"parameter {name} takes {type_name(hint)}, got {value!r}")


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
        raise ParameterError(f"{value!r} is not a list of {type_name(item)}") from None


def type_name(hint: Any) -> str:
    """A type as people write it."""
    return hint.__name__ if isinstance(hint, type) else str(hint).replace("typing.", "")
