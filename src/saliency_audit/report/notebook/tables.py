"""Lines of text cells become a table: what names a line is its index."""

import textwrap
from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

import pandas as pd

from saliency_audit.ledger.summaries.means import Summary
from saliency_audit.report.words import number

NARROW = 32  # characters that fit into a cell beside two others
Place = TypeVar("Place", bound=tuple[str, ...])
Column = TypeVar("Column", bound=Hashable)


def text_table(
    lines: Mapping[Place, Mapping[Column, str]],
    names: Sequence[str],
    *,
    columns: Sequence[Column] | pd.Index | None = None,
    missing: str = "",
) -> pd.DataFrame:
    """A table of text cells.

    Args:
        lines: cells by column, under the place of their line: one label per level of the index.
        names: of the levels. Lines that differ in the last alone, which is most often the source,
            stand under each other.
        columns: in their order; those of the cells, as they come, if not given.
        missing: what an absent cell shows.

    Returns:
        The table; an empty one without columns if there is no line.
    """
    if not lines:
        return pd.DataFrame()
    ordered = _together(list(lines))
    index = pd.MultiIndex.from_tuples(ordered, names=list(names))
    if columns is None:
        columns = list(dict.fromkeys(name for cells in lines.values() for name in cells))
    shown = columns if isinstance(columns, pd.Index) else list(columns)
    cells = [lines[place] for place in ordered]
    return pd.DataFrame(cells, index=index, columns=shown, dtype=object).fillna(missing)


def _together(places: Sequence[Place]) -> list[Place]:
    """Equal labels under each other, level by level, each in the order in which it came first."""
    first: dict[tuple[str, ...], int] = {}
    for rank, place in enumerate(places):
        for level in range(1, len(place)):
            first.setdefault(place[:level], rank)
    return sorted(places, key=lambda place: [first[place[:i]] for i in range(1, len(place))])


def narrow(text: str, width: int = NARROW, end: str = "<br>") -> str:
    """A sentence on several lines, so that it does not push the other cells off the page.

    Args:
        text: of a cell; anything that is HTML must be escaped before.
        width: characters of a line.
        end: of a line; "\n" for labels, which are plain text.
    """
    return end.join(textwrap.wrap(text, width, break_long_words=False))


def mean_cell(found: Summary, digits: int = 2) -> str:
    """A mean or median, and how many of the values behind it are undefined.

    A constant map has no rank correlation, one that is 0 everywhere no shares; means and medians
    leave such values out. Where no value is defined the cell is a dash.
    """
    return with_undefined(number(found.value, digits), found)


def with_undefined(text: str, found: Summary) -> str:
    """What is said of the defined values, and how many are not: `0.52, 3 of 20 undefined`.

    Returns:
        The text alone where every value is defined, and where none is: then it says so itself.
    """
    if found.undefined in (0, found.n):
        return text
    return f"{text}, {found.undefined} of {found.n} undefined"
