"""What a user can cause and mend: the base of such errors, and the check behind most of them."""

from collections.abc import Iterable


class AuditError(Exception):
    """Its message names the cause and the remedy; the command line prints it without traceback."""


def refuse_unknown(kind: str, name: str, known: Iterable[str]) -> None:
    """Refuse a name that is none of the known ones.

    Raises:
        ValueError: says of what kind it is and lists the known ones.
    """
    names = list(known)
    if name not in names:
        raise ValueError(f"unknown {kind} {name!r}; known: {', '.join(names)}")
