"""The declared columns of an experiment's rows, and a check of written rows against them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from saliency_audit.errors import refuse_unknown

#: Types of a column, each with a test of whether a parquet type matches it.
TYPES: Mapping[str, Callable[[pa.DataType], bool]] = {
    "text": lambda kind: pa.types.is_string(kind) or pa.types.is_large_string(kind),
    "integer": pa.types.is_int64,
    "number": pa.types.is_float64,
    "boolean": pa.types.is_boolean,
    "numbers": lambda kind: pa.types.is_list(kind) and pa.types.is_floating(kind.value_type),
    "booleans": lambda kind: pa.types.is_list(kind) and pa.types.is_boolean(kind.value_type),
}
# A row may lack its list; if all rows of a file do, the file has no type for the column.
LISTS = ("numbers", "booleans")


@dataclass(frozen=True)
class Column:
    """A column that rows must have.

    Attributes:
        name: its name in the rows.
        type: of `TYPES`; "numbers" and "booleans" are lists.
        unit: of the values; "" if they have none.
        meaning: one line for readers.
    """

    name: str
    type: str
    unit: str
    meaning: str

    def __post_init__(self) -> None:
        refuse_unknown("type of a column", self.type, TYPES)


def names(columns: Sequence[Column]) -> list[str]:
    """The names of the columns, in order."""
    return [column.name for column in columns]


def column_faults(schema: pa.Schema, rows: int, columns: Sequence[Column]) -> Iterator[str]:
    """Where a parquet file departs from the declared columns.

    Args:
        schema: of the file.
        rows: how many it has; columns of a file without rows have no type.
        columns: those declared.
    """
    found = dict(zip(schema.names, schema.types, strict=True))
    declared = {column.name: column.type for column in columns}
    for name, kind in declared.items():
        if name not in found:
            yield f"the column {name!r} is missing"
        elif not _fits(found[name], kind, rows):
            yield f"the column {name!r} holds {found[name]}, not the declared {kind}"
    for name in found:
        if name not in declared:
            yield f"the column {name!r} is not declared"


def _fits(found: pa.DataType, kind: str, rows: int) -> bool:
    if pa.types.is_null(found):
        return rows == 0 or kind in LISTS
    return TYPES[kind](found)
