"""Where the code behind a verdict stands: module, function, file and lines."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from saliency_audit.ledger.external import TESTS
from saliency_audit.ledger.internal import TESTS as INTERNAL_TESTS
from saliency_audit.study import available, get_experiment


@dataclass(frozen=True)
class CodePlace:
    """A function in the repository.

    `path` starts at the project folder (`src/…`); `first` and `last` are its lines.
    """

    module: str
    name: str
    path: str
    first: int
    last: int

    @property
    def qualified(self) -> str:
        """Dotted name."""
        return f"{self.module}.{self.name}"

    @property
    def lines(self) -> str:
        """`src/…/idgi.py, lines 10–42`."""
        return f"{self.path}, lines {self.first}–{self.last}"

    @property
    def source_page(self) -> str:
        """Address of the highlighted source below the site's root."""
        return f"_modules/{self.module.replace('.', '/')}.html#{self.name}"


def locate(function: Callable[..., Any]) -> CodePlace:
    """The place of a function of this package."""
    lines, first = inspect.getsourcelines(function)
    module = function.__module__
    return CodePlace(
        module=module,
        name=function.__qualname__,
        path=f"src/{module.replace('.', '/')}.py",
        first=first,
        last=first + len(lines) - 1,
    )


def internal_test_place(claim_id: str) -> CodePlace | None:
    """The internal test of a claim; None if it has none."""
    function = INTERNAL_TESTS.get(claim_id)
    return locate(function) if function else None


def external_test_place(name: str | None) -> CodePlace | None:
    """An external test by its name in the ledger; None while it is not written."""
    return locate(TESTS[name]) if name in TESTS else None


def experiment_place(name: str | None) -> CodePlace | None:
    """What computes the rows of an experiment; None while it is not written."""
    return locate(get_experiment(name).compute) if name in available() else None
