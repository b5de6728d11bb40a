"""Docstrings are plain text with `code` in backticks; this turns them into safe RST."""

import re
from typing import Any

_CODE = re.compile(r"(``.+?``|`[^`]+`)")


def process_docstring(
    app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]
) -> None:
    """Rewrite a docstring in place (Sphinx event `autodoc-process-docstring`)."""
    lines[:] = [plain_to_rst(line) for line in lines]
    if what in ("attribute", "data", "property"):
        _untype(lines, 0)
    for number, line in enumerate(lines):
        if line.strip() == "Returns:":
            _untype(lines, number + 1)


def _untype(lines: list[str], number: int) -> None:
    """Keep napoleon from taking what stands before a colon for a type: signatures have those."""
    if number < len(lines) and ":" in lines[number]:
        text = lines[number].lstrip()
        lines[number] = f"{lines[number][: -len(text)]}: {text}"


def plain_to_rst(line: str) -> str:
    """One line with code spans as RST literals and RST's own marks escaped.

    `|S=|` would be a substitution, `x_` a link target and `*` emphasis.
    """
    pieces = _CODE.split(line)
    out = ""
    for number, piece in enumerate(pieces):
        if number % 2 == 0:
            glue = "\\ " if number and piece[:1].isalnum() else ""
            out += glue + re.sub(r"(?<=\w)_(?!\w)", r"\\_", re.sub(r"([\\*|])", r"\\\1", piece))
            continue
        # A literal may not start in the middle of a word.
        out += ("\\ " if out[-1:].isalnum() else "") + f"``{piece.strip('`')}``"
    return out
