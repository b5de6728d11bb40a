"""The notebooks: percent sources in `notebooks/`, their parameters, and their content keys."""

import ast
import hashlib
import io
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saliency_audit.errors import AuditError
from saliency_audit.locations import project_root
from saliency_audit.parameters import ParameterError, coerce
from saliency_audit.reach import result_digest

# Modules that prepare notebooks, besides those that notebooks import themselves.
RUN_BY = ("saliency_audit.runner",)


class NotebookError(AuditError, ValueError):
    """An unknown notebook or a source that cannot be run; the message names it."""


@dataclass(frozen=True)
class Parameter:
    """One line of a notebook's parameters cell: `name: type = default  # help`."""

    name: str
    type: str
    default: Any
    help: str


@dataclass(frozen=True)
class Source:
    """A notebook source: `notebooks/<name>.py` in jupytext's percent format."""

    name: str
    path: Path

    def text(self) -> str:
        """The source as it stands on disk."""
        return self.path.read_text(encoding="utf-8")

    def sha256(self) -> str:
        """Checksum that tells whether a run belongs to this source."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()


def sources(names: list[str] | None = None) -> list[Source]:
    """The notebooks of the project, or those named (with or without folder and suffix).

    Raises:
        NotebookError: a name that is not a notebook's; lists the known ones.
    """
    folder = project_root() / "notebooks"
    known = {path.stem: Source(path.stem, path) for path in sorted(folder.glob("*.py"))}
    chosen = []
    for name in names or list(known):
        stem = Path(name).name.removesuffix(".py").removesuffix(".ipynb")
        if stem not in known:
            raise NotebookError(f"unknown notebook {name!r}; known: {', '.join(known)}")
        chosen.append(known[stem])
    return chosen


def parameters(source: Source) -> dict[str, Parameter]:
    """The typed parameters of a notebook, read from its cell tagged `parameters`.

    Raises:
        NotebookError: no such cell, or a line in it that is not `name: type = literal`.
    """
    cell = _parameters_cell(source)
    comments = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(cell).readline)
        if token.type == tokenize.COMMENT
    }
    found = {}
    for statement in ast.parse(cell).body:
        if not (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and statement.value is not None
        ):
            raise NotebookError(
                f"{source.path}: the parameters cell holds {ast.unparse(statement)!r}; "
                "every line must read `name: type = literal  # help`"
            )
        name = statement.target.id
        default = ast.literal_eval(statement.value)
        annotation = ast.unparse(statement.annotation)
        found[name] = Parameter(name, annotation, default, comments.get(statement.lineno, ""))
    return found


def validate_parameters(source: Source, given: Mapping[str, str]) -> dict[str, Any]:
    """Values of `-p key=value` in the types that the notebook declares.

    Raises:
        ParameterError: an unknown parameter or a value of another type; lists the known ones.
    """
    known = parameters(source)
    listing = "; ".join(
        f"{item.name}: {item.type} = {item.default!r}" + (f" ({item.help})" if item.help else "")
        for item in known.values()
    )
    values = {}
    for name, text in given.items():
        if name not in known:
            raise ParameterError(
                f"notebook {source.name} has no parameter {name!r}; known: {listing}"
            )
        # Annotations use builtins only; the expression can reach nothing else.
        hint = eval(known[name].type, {"__builtins__": {}}, _TYPES)
        try:
            values[name] = coerce(name, text, hint)
        except ParameterError as error:
            raise ParameterError(f"notebook {source.name}: {error}; known: {listing}") from None
    return values


_TYPES = {"int": int, "float": float, "str": str, "bool": bool, "tuple": tuple, "list": list}


def content_key(source: Source, values: Mapping[str, Any]) -> str:
    """Checksum over everything an executed notebook depends on.

    Its source and parameters, the modules that it reaches, the data of its claims and experiments,
    and the pinned packages: a notebook whose key is unchanged need not run again.
    """
    digest = hashlib.sha256(source.sha256().encode())
    digest.update(repr(sorted(values.items())).encode())
    digest.update(result_digest(RUN_BY, script=source.text()).encode())
    lock = project_root() / "requirements.lock"
    digest.update(lock.read_bytes() if lock.is_file() else b"")
    return digest.hexdigest()


def _parameters_cell(source: Source) -> str:
    import jupytext

    notebook = jupytext.reads(source.text(), fmt="py:percent")
    for cell in notebook.cells:
        if cell.cell_type == "code" and "parameters" in cell.metadata.get("tags", []):
            return str(cell.source)
    raise NotebookError(f"{source.path}: no cell tagged `parameters`")
