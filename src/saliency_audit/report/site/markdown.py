"""Pieces of Markdown: plain text made safe, tables, spans, folded parts."""

import re
from collections.abc import Iterable, Sequence
from html import unescape

_SPECIAL = re.compile(r"([\\`*_\[\]{}<>|$~^])")
# What `escape` makes of `x`.
_CODE = re.compile(r"\\`(.+?)\\`")
_ESCAPED = re.compile(r"\\(.)")
# White space between words, but not the kind that keeps a number and its unit on one line.
_SPACE = re.compile(r"[^\S\u00a0\u202f]+")
_LEADING = re.compile(r"^(\s*)([#+\-:=]|\d+[.)])", re.MULTILINE)


def escape(text: str) -> str:
    """Plain text as Markdown that shows it unchanged, on one line.

    The ledger's texts are plain text: `x_j*` must not become emphasis, `|` must not end a cell.
    """
    line = _SPACE.sub(" ", text).strip()
    escaped = _SPECIAL.sub(r"\\\1", line).replace("&", "&amp;")
    return _LEADING.sub(_escape_leading, escaped)


def _escape_leading(match: re.Match[str]) -> str:
    space, mark = match.groups()
    return f"{space}{mark[:-1]}\\{mark[-1]}"


def sentence(text: str) -> str:
    """Plain text as in `escape`, closed by a full stop if nothing closes it."""
    return escape(text) + ("" if text.rstrip().endswith((".", "!", "?", "…")) else ".")


def detail(text: str) -> str:
    """As `sentence`, but what stands in backticks, a command say, is code that can be copied."""
    return _CODE.sub(lambda found: code(unescape(_ESCAPED.sub(r"\1", found[1]))), sentence(text))


def code(text: str) -> str:
    """Text in a code span; a bar inside it would end a table cell, so it is escaped."""
    fence = "``" if "`" in text else "`"
    return f"{fence}{text.replace('|', chr(92) + '|')}{fence}"


def span(text: str, *classes: str) -> str:
    """Text in a span with CSS classes."""
    return f"[{escape(text)}]{{{' '.join('.' + name for name in classes)}}}"


def document(text: str, target: str) -> str:
    """Link to a page by its name from the book's root, such as `book/audit`."""
    return f"{{doc}}`{text} </{target}>`"


def anchor(text: str, label: str) -> str:
    """Link to a label set by `label(...)` on any page."""
    return f"{{ref}}`{text} <{label}>`"


def label(name: str) -> str:
    """A label that `anchor` can link to; stands before a heading."""
    return f"({name})=\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]], align: str = "") -> str:
    """A pipe table; cells are Markdown.

    Args:
        header: one text per column.
        rows: rows of as many cells.
        align: per column "l" or "r"; left where it is too short.
    """
    marks = {"l": ":--", "r": "--:"}
    rule = [marks[align[i]] if i < len(align) else ":--" for i in range(len(header))]
    lines = [_row(header), _row(rule)]
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"a row of {len(row)} cells in a table of {len(header)} columns")
        lines.append(_row(row))
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell or " " for cell in cells) + " |"


def folded(summary: str, content: str) -> str:
    """A part that opens on request."""
    return f"::::{{dropdown}} {escape(summary)}\n{content}\n::::"


def listed(title: str, texts: Sequence[str]) -> str:
    """Plain texts as a list under its title; nothing if there are none."""
    return page(title, "\n".join(f"- {escape(text)}" for text in texts)) if texts else ""


def page(*blocks: str) -> str:
    """Blocks under each other, empty ones left out."""
    return "\n\n".join(block.strip("\n") for block in blocks if block.strip()) + "\n"
