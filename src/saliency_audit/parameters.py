"""What people write for parameters: a profile, and values in the types that are declared."""

import re
import types
import typing
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from saliency_audit.errors import AuditError

PROFILES = ("embedded", "reference", "paper")


class ParameterError(AuditError, ValueError):
    """An unknown or ill-typed parameter; the message lists the known ones."""


def coerce(name: str, value: Any, hint: Any) -> Any:
    """A value in the type that a parameter declares.

    Text is read as people mean it, not as a configuration language would: `1e-4` is a number, `010`
    is ten, `no` and `a #b` are text, `None` and `null` stand for no value where one is allowed. A
    tuple may be written `a,b`, `[a, b]` or, with one item, `a`.

    Raises:
        ParameterError: the value does not fit.
    """
    if typing.get_origin(hint) is tuple:
        (item, *_) = typing.get_args(hint)
        return tuple(coerce(name, part, item) for part in _parts(value))
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) else ()
    # None first: any text would pass for text.
    for option in sorted(options, key=lambda option: option is not type(None)):
        with suppress(ParameterError):
            return coerce(name, value, option)
    try:
        return _single(value, hint)
    except ValueError:
        raise ParameterError(f"parameter {name} takes {type_name(hint)}, got {value!r}") from None


def _single(value: Any, hint: Any) -> Any:
    """A value of a plain type, or a ValueError."""
    if isinstance(value, str) and hint in _READ:
        return _READ[hint](value)
    whole = isinstance(value, int) and not isinstance(value, bool)
    if hint is float and (whole or isinstance(value, float)):
        return float(value)
    if (hint is int and whole) or (hint is bool and isinstance(value, bool)):
        return value
    if hint is type(None) and value is None:
        return None
    raise ValueError


def _parts(value: Any) -> Sequence[Any]:
    if isinstance(value, list | tuple):
        return value
    if not isinstance(value, str):
        return [value]
    text = value.strip()
    if text[:1] + text[-1:] in ("[]", "()"):
        text = text[1:-1]
        if not text.strip():
            return []
    return [part.strip().strip("'\"") for part in text.rstrip(" ,").split(",")]


def _whole(text: str) -> int:
    if not re.fullmatch(r"[+-]?\d+", text.strip(), re.ASCII):
        raise ValueError
    return int(text)


def _number(text: str) -> float:
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?inf|nan", text.strip().lower()):
        raise ValueError
    return float(text)


def _choice(**known: Any) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        if text.strip().lower() not in known:
            raise ValueError
        return known[text.strip().lower()]

    return read


_READ: dict[Any, Callable[[str], Any]] = {
    str: str,
    int: _whole,
    float: _number,
    bool: _choice(true=True, false=False),
    type(None): _choice(none=None, null=None),
}


def type_name(hint: Any) -> str:
    """A type as people write it."""
    return hint.__name__ if isinstance(hint, type) else str(hint).replace("typing.", "")
