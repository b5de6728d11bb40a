"""Errors that a user can cause and fix: their base class, and two common refusals."""

import math
from collections.abc import Iterable, Sequence
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


def refuse_unknown(kind: str, name: str, known: Iterable[str]) -> None:
    """Refuse an unknown name.

    Raises:
        ValueError: lists the known ones.
    """
    names = list(known)
    if not isinstance(name, str) or name not in names:
        raise ValueError(f"unknown {kind} {name!r}; known: {', '.join(names)}")


def refuse_numbers(
    settings: object,
    whole: Sequence[str] = (),
    positive: Sequence[str] = (),
    not_negative: Sequence[str] = (),
) -> None:
    """Refuse settings of these names that are not whole and ≥ 1, > 0, or ≥ 0.

    Args:
        settings: has them as attributes.
        whole: names of whole numbers ≥ 1.
        positive: of finite numbers > 0.
        not_negative: of finite numbers ≥ 0.

    Raises:
        ValueError: names the setting, what it must be and what was given.
    """
    kinds = (
        (whole, "a whole number ≥ 1", lambda value: is_whole(value) and value >= 1),
        (positive, "a finite number > 0", lambda value: is_finite(value) and value > 0),
        (not_negative, "a finite number ≥ 0", lambda value: is_finite(value) and value >= 0),
    )
    for names, kind, holds in kinds:
        for name in names:
            if not holds(value := getattr(settings, name)):
                raise ValueError(f"{name} must be {kind}, got {value!r}")
