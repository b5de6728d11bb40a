"""Errors that a user can cause and fix: their base class, and common refusals."""

import math
from collections.abc import Callable, Iterable, Sequence
from numbers import Integral, Real
from typing import TypeGuard


class AuditError(Exception):
    """Names the cause and the remedy; the command line prints it without a traceback."""


class NotWrittenError(AuditError, NotImplementedError):
    """A skeleton that `saliency-audit new` wrote was called; the message says what to write."""


def is_whole(value: object) -> TypeGuard[int]:
    """Whether a value is a whole number, of Python or numpy; True and False are none."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def is_finite(value: object) -> TypeGuard[float]:
    """Whether a value is a finite number, of Python or numpy; True and False are none."""
    if not isinstance(value, Real) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number too large for a float
        return False


def is_number(value: object) -> TypeGuard[float]:
    """Whether a value is a real number, of Python or numpy, infinite ones too; NaN is none."""
    return is_finite(value) or (isinstance(value, Real) and value in (math.inf, -math.inf))


def refuse_non_tensor(name: str, value: object) -> None:
    """Refuse an array, a list, or anything else that is not a torch tensor.

    Raises:
        ValueError: names it and its type.
    """
    from torch import Tensor  # the command line starts without torch

    if isinstance(value, Tensor):
        return
    kind = type(value)
    if kind.__module__ == "numpy":
        remedy = "a numpy array; torch.from_numpy turns it into one"
    else:
        remedy = kind.__name__
    raise ValueError(f"{name} must be a torch tensor, got {remedy}")


def refuse_non_numbers(name: str, value: object) -> None:
    """Refuse what is no torch tensor of real numbers: truth values and complex numbers are none.

    Raises:
        ValueError: names it and its type.
    """
    from torch import Tensor, bool  # the command line starts without torch

    refuse_non_tensor(name, value)
    assert isinstance(value, Tensor)
    if value.dtype == bool or value.is_complex():
        remedy = "its real part or its magnitude" if value.is_complex() else "numbers with .float()"
        raise ValueError(f"{name} must hold real numbers, got {value.dtype}; take {remedy}")


def refuse_unknown(kind: str, name: str, known: Iterable[str]) -> None:
    """Refuse an unknown name.

    Raises:
        ValueError: lists the known ones.
    """
    names = list(known)
    if not isinstance(name, str) or name not in names:
        raise ValueError(f"unknown {kind} {name!r}; known: {', '.join(names)}")


# What a number must be, by the name of its kind.
NUMBERS: dict[str, tuple[str, Callable[[object], bool]]] = {
    "whole": ("be a whole number ≥ 1", lambda value: is_whole(value) and value >= 1),
    "from 0": ("be a whole number ≥ 0", lambda value: is_whole(value) and value >= 0),
    "positive": ("be a finite number > 0", lambda value: is_finite(value) and value > 0),
    "not negative": ("be a finite number ≥ 0", lambda value: is_finite(value) and value >= 0),
    "share": ("lie in (0, 1)", lambda value: is_finite(value) and 0 < value < 1),
    "share or all": ("lie in (0, 1]", lambda value: is_finite(value) and 0 < value <= 1),
}


def refuse_number(name: str, value: object, kind: str) -> None:
    """Refuse what is no number of a kind of `NUMBERS`.

    Raises:
        ValueError: names it, what it must be and what was given.
    """
    must, holds = NUMBERS[kind]
    if not holds(value):
        raise ValueError(f"{name} must {must}, got {shown(value)}")


def refuse_numbers(
    settings: object,
    whole: Sequence[str] = (),
    from_0: Sequence[str] = (),
    positive: Sequence[str] = (),
    not_negative: Sequence[str] = (),
) -> None:
    """Refuse settings of these names that are not whole and ≥ 1, whole and ≥ 0, > 0, or ≥ 0.

    Args:
        settings: has them as attributes.
        whole: names of whole numbers ≥ 1.
        from_0: of whole numbers ≥ 0, such as seeds.
        positive: of finite numbers > 0.
        not_negative: of finite numbers ≥ 0.

    Raises:
        ValueError: names the setting, what it must be and what was given.
    """
    kinds = {"whole": whole, "from 0": from_0, "positive": positive, "not negative": not_negative}
    for kind, names in kinds.items():
        for name in names:
            refuse_number(name, getattr(settings, name), kind)


def refuse_other_type(name: str, value: object, wanted: type, remedy: str) -> None:
    """Refuse what is not of a type.

    Raises:
        ValueError: names it, the type, what was given and the remedy.
    """
    if not isinstance(value, wanted):
        raise ValueError(f"{name} must be a {wanted.__name__}, got {shown(value)}; {remedy}")


def refuse_non_bool(name: str, value: object) -> None:
    """Refuse what is not True or False, of Python or numpy.

    Raises:
        ValueError: names it and what was given.
    """
    if type(value).__name__ not in ("bool", "bool_"):
        raise ValueError(f"{name} must be True or False, got {shown(value)}")


# Characters of a value in a message.
LONGEST = 60


def shown(value: object) -> str:
    """A value in a message: itself if it is short, else its type, and its shape if it has one."""
    shape = getattr(value, "shape", None)
    if shape is not None:
        return f"{type(value).__name__} {tuple(shape)}"
    text = repr(value)
    return text if len(text) <= LONGEST else f"a {type(value).__name__}: {text[:LONGEST]}…"


def listed(items: Sequence[object], most: int = 8) -> str:
    """Items in one line: the first few of many, and how many more there are."""
    more = [f"… and {len(items) - most} more"] if len(items) > most else []
    return ", ".join([*map(str, items[:most]), *more])
