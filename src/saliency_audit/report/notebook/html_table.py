"""Tables of the notebooks as HTML: one row of names, groups under their own heading."""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

import pandas as pd

# Index levels that stay columns; those before them become headings inside the table.
KEPT_LEVELS = 2


def as_html(table: pd.DataFrame, kept_levels: int = KEPT_LEVELS) -> str:
    """A table as HTML that is narrow enough for a page.

    Of an index with more levels than are kept the leading ones become headings inside the table,
    and repeated names of the rest span their lines.

    Args:
        table: cells are HTML and are not escaped; labels are plain text and are. An index without
            names is left out. A line break in a label is kept.
        kept_levels: of the index that stay columns.
    """
    levels = [str(name) for name in table.index.names if name is not None]
    headings = max(0, len(levels) - kept_levels)
    shown = levels[headings:]
    width = len(shown) + len(table.columns)
    lines = [_labels(label, len(levels)) for label in table.index]
    cells = [[str(cell) for cell in row] for row in table.itertuples(index=False)]
    body: list[str] = []
    for heading, group in groupby(range(len(lines)), key=lambda i: lines[i][:headings]):
        places = list(group)
        if heading:
            body.append(f"<tr>{_th(', '.join(heading), 'rowgroup', colspan=width)}</tr>")
        names = [lines[i][headings:] for i in places]
        for position, i in enumerate(places):
            row = "".join(f"<td>{cell}</td>" for cell in cells[i])
            body.append(f"<tr>{''.join(_names(names, position))}{row}</tr>")
    head = "".join(_head(table.columns, shown))
    return (
        f'<table class="dataframe">\n<thead>\n{head}</thead>\n<tbody>\n'
        + "\n".join(body)
        + "\n</tbody>\n</table>"
    )


def _labels(label: object, levels: int) -> tuple[str, ...]:
    if not levels:
        return ()
    return tuple(map(str, label)) if isinstance(label, tuple) else (str(label),)


def _head(columns: pd.Index, shown: Sequence[str]) -> Iterator[str]:
    """A row per level of the columns; the names of the index stand in the last."""
    labels = [_labels(label, 1) for label in columns]
    depth = columns.nlevels
    for level in range(depth):
        last = level == depth - 1
        names = "".join(_th(name, "col") for name in shown) if last else "<td></td>" * len(shown)
        spans = groupby(labels, key=lambda label: label[: level + 1])
        cells = [(place[level], len(list(group))) for place, group in spans]
        row = "".join(_th(text, "colgroup" if n > 1 else "col", colspan=n) for text, n in cells)
        yield f"<tr>{names}{row}</tr>\n"


def _names(names: Sequence[tuple[str, ...]], position: int) -> Iterator[str]:
    """The index cells of one line; a name that the line above shares has its cell there."""
    for level, text in enumerate(names[position]):
        place = names[position][: level + 1]
        if position and names[position - 1][: level + 1] == place:
            continue
        span = 1
        while position + span < len(names) and names[position + span][: level + 1] == place:
            span += 1
        yield _th(text, "row" if span == 1 else "rowgroup", rowspan=span)


def _text(label: str) -> str:
    return escape(label).replace("\n", "<br>")


def _th(text: str, scope: str, **spans: int) -> str:
    extra = "".join(f' {name}="{n}"' for name, n in spans.items() if n > 1)
    return f'<th scope="{scope}"{extra}>{_text(text)}</th>'
