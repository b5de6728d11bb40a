"""What a user can cause and mend: the base of such errors, and the checks behind most of them."""

from collections.abc import Iterable


class AuditError(Exception):
    """Its message names the cause and the remedy; the command line prints it without traceback."""


def refuse_non_tensor(name: str, value: object) -> None:
    """Refuse an array, a list, or anything else that is no torch tensor.

    Raises:
        ValueError: names it and its type.
    """
    from torch import Tensor  # the command line starts without torch

    if not isinstance(value, Tensor):
        raise ValueError(f"{name} must be a torch tensor, got {type(value).__name__}")


def refuse_unknown(kind: str, name: str, known: Iterable[str]) -> None:
    """Refuse a name that is none of the known ones.

    Raises:
        ValueError: says of what kind it is and lists the known ones.
    """
    names = list(known)
    if name not in names:
        raise ValueError(f"unknown {kind} {name!r}; known: {', '.join(names)}")
