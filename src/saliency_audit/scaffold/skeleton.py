"""A skeleton: the files to write and to change, checked as a whole before any is written."""

import ast
import keyword
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template

import saliency_audit.files
from saliency_audit.locations import project_root
from saliency_audit.scaffold.places import ScaffoldError

PACKAGE = "src/saliency_audit"
LONGEST = 24


@dataclass(frozen=True)
class Skeleton:
    """What was written, and what is left to do.

    Attributes:
        created: new files, relative to the checkout.
        changed: files with lines more.
        todo: what is left, in order.
    """

    created: Sequence[str]
    changed: Sequence[str]
    todo: Sequence[str]


class Plan:
    """New files and changes of a checkout, kept in memory until all of them are known to fit."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.new: dict[str, str] = {}
        self.changes: dict[str, str] = {}

    def create(self, path: str, template: str, /, **words: str) -> None:
        """A new file from a template.

        Raises:
            ScaffoldError: the file exists.
        """
        if (self.root / path).exists():
            raise ScaffoldError(f"{path} exists already")
        self.new[path] = filled(template, **words)

    def read(self, path: str) -> str:
        """A file with the changes so far.

        Raises:
            ScaffoldError: it is missing.
        """
        if path not in self.changes and not (self.root / path).is_file():
            raise ScaffoldError(f"{path} is missing; {self.root} is no checkout of the repository")
        return self.changes.get(path) or (self.root / path).read_text(encoding="utf-8")

    def change(self, path: str, edit: Callable[..., str], *arguments: object) -> None:
        """One more change of a file: `edit(text, *arguments)` is the new text.

        Raises:
            ScaffoldError: the file, or the place in it, is missing.
        """
        try:
            self.changes[path] = edit(self.read(path), *arguments)
        except ScaffoldError as error:
            raise ScaffoldError(f"{path}: {error}") from None

    def write(self, todo: Sequence[str]) -> Skeleton:
        """Write everything."""
        for path, text in {**self.new, **self.changes}.items():
            if path.endswith(".py"):
                ast.parse(text, path)
        for path, text in {**self.new, **self.changes}.items():
            place = self.root / path
            place.parent.mkdir(parents=True, exist_ok=True)
            saliency_audit.files.replace(place, text.encode())
        return Skeleton(list(self.new), list(self.changes), todo)


def checkout() -> Path:
    """The repository that skeletons are written into.

    Raises:
        ScaffoldError: there are a ledger and rows, but no sources.
        ProjectNotFoundError: no project folder is near.
    """
    root = project_root()
    if not (root / PACKAGE / "__init__.py").is_file():
        raise ScaffoldError(f"{root} has no {PACKAGE}: run this in a clone of the repository")
    return root


def filled(template: str, /, **words: str) -> str:
    """A template of this package with its words put in."""
    path = files("saliency_audit.scaffold") / "templates" / f"{template}.tmpl"
    return Template(path.read_text(encoding="utf-8")).substitute(words)


def refuse_malformed(kind: str, name: str) -> None:
    """Refuse what cannot be the name of a module and a function.

    Raises:
        ScaffoldError: says what a name must be.
    """
    if (
        not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name)
        or keyword.iskeyword(name)
        or len(name) > LONGEST
    ):
        raise ScaffoldError(
            f"{kind} names are lower case letters, digits and single underscores, at most "
            f"{LONGEST} and no keyword of Python; got {name!r}"
        )
