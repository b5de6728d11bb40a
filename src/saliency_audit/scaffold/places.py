"""Where a line belongs in a source file: tables of names, `__all__` and imports.

Each function takes the text of a module and returns it with one more entry. A place that is not
found is refused by name; nothing is guessed.
"""

import ast
import re
from collections.abc import Sequence

from saliency_audit.errors import AuditError

WIDTH = 100

Table = ast.Dict | ast.List | ast.Tuple


class ScaffoldError(AuditError, ValueError):
    """A skeleton cannot be written; the message says why, and nothing was."""


def add_entry(text: str, table: str, entry: str) -> str:
    """One more entry at the end of a table.

    Args:
        text: of a module.
        table: a name at its top level: a dictionary, list or tuple, or a dictionary that is made by
            going through a tuple.
        entry: without comma.

    Raises:
        ScaffoldError: no such table, or one whose bracket does not close on a line of its own.
    """
    return _inserted(text, _table(text, table), f"{entry},", table, before=None)


def add_export(text: str, name: str) -> str:
    """One more name in `__all__`, in the order that ruff asks for.

    Raises:
        ScaffoldError: no `__all__`, or one whose bracket does not close on a line of its own.
    """
    exports = _table(text, "__all__")
    listed = exports.elts if isinstance(exports, ast.List) else []
    later = (
        item.lineno
        for item in listed
        if isinstance(item, ast.Constant) and _by_kind(str(item.value)) > _by_kind(name)
    )
    return _inserted(text, exports, f'"{name}",', "__all__", before=next(later, None))


def add_import(text: str, module: str, name: str) -> str:
    """One more `from module import name`, among the imports of the package, in order.

    Raises:
        ScaffoldError: the module imports nothing from the package, or has a comment in the way.
    """
    ours = [
        node
        for node in ast.parse(text).body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("saliency_audit")
    ]
    if not ours:
        raise ScaffoldError("no import of the package to put another beside")
    lines = text.splitlines(keepends=True)
    for node in ours:
        first, last = node.lineno - 1, node.end_lineno or node.lineno
        if node.module == module:
            if "#" in "".join(lines[first:last]):
                raise ScaffoldError(f"a comment stands in the import from {module}")
            names = sorted({*(ast.unparse(alias) for alias in node.names), name}, key=_by_kind)
            return "".join([*lines[:first], _import(module, names), *lines[last:]])
        if _natural(str(node.module)) > _natural(module):
            return "".join([*lines[:first], _import(module, [name]), *lines[first:]])
    return "".join([*lines[:last], _import(module, [name]), *lines[last:]])


def strings(text: str) -> set[str]:
    """Every string that stands in a module."""
    nodes = ast.walk(ast.parse(text))
    return {str(n.value) for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def names_in(text: str, table: str) -> set[str]:
    """Every name in a table, such as those of functions or modules.

    Raises:
        ScaffoldError: no such table.
    """
    return {node.id for node in ast.walk(_table(text, table)) if isinstance(node, ast.Name)}


def _table(text: str, name: str) -> Table:
    for node in ast.parse(text).body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign):
            targets = [node.target]
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            assert isinstance(node, ast.Assign | ast.AnnAssign)
            value = node.value
            if isinstance(value, ast.DictComp):
                value = value.generators[0].iter
            if isinstance(value, Table):
                return value
    raise ScaffoldError(f"no table {name} is written out at the top level")


def _inserted(text: str, table: Table, line: str, name: str, before: int | None) -> str:
    """The text with a line more in a table: before a line of it, else before its last bracket."""
    lines = text.splitlines(keepends=True)
    last = (table.end_lineno or 0) - 1
    entries = table.values if isinstance(table, ast.Dict) else table.elts
    if not entries or lines[last].strip()[:1] not in (")", "]", "}"):
        raise ScaffoldError(f"the table {name} does not close on a line of its own")
    end = entries[-1]
    # Columns count bytes.
    rest = lines[(end.end_lineno or 0) - 1].encode()[end.end_col_offset or 0 :]
    if not rest.lstrip().startswith(b","):
        raise ScaffoldError(f"no comma stands behind the last entry of {name}")
    place = last if before is None else before - 1
    beside = lines[entries[0].lineno - 1]
    indent = beside[: len(beside) - len(beside.lstrip())]
    return "".join([*lines[:place], f"{indent}{line}\n", *lines[place:]])


def _import(module: str, names: Sequence[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= WIDTH:
        return line + "\n"
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in names) + ")\n"


def _natural(name: str) -> list[str | int]:
    """Numbers in a name count as numbers: `x2` comes before `x10`."""
    parts = re.split(r"(\d+)", name)
    return [int(part) if place % 2 else part for place, part in enumerate(parts)]


def _by_kind(name: str) -> tuple[int, list[str | int]]:
    """Constants, then classes, then the rest."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return kind, _natural(name)
