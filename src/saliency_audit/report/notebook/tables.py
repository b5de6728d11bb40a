"""Lines of text cells become a table: what names a line is its index."""

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

import pandas as pd

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
    if columns is None:
        columns = list(dict.fromkeys(name for cells in lines.values() for name in cells))
    ordered = _together(list(lines))
    index = pd.MultiIndex.from_tuples(ordered, names=list(names))
    cells = [lines[place] for place in ordered]
    return pd.DataFrame(cells, index=index, columns=list(columns), dtype=object).fillna(missing)


def _together(places: Sequence[Place]) -> list[Place]:
    """Sorted by all labels but the last, each level in the order in which its labels came."""
    levels = list(zip(*places, strict=True))[:-1]
    ranks = [{label: i for i, label in enumerate(dict.fromkeys(level))} for level in levels]
    return sorted(places, key=lambda place: [rank[place[i]] for i, rank in enumerate(ranks)])
