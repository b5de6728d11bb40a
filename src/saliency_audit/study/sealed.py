"""Sealed rows: the slices of a finished experiment in one parquet file, with one manifest.

The file holds the rows of all tasks, one task after the other; its first column, `task`, names the
task of each row. The manifest, a JSON file of the same name, keeps the manifests of all slices.
Every slice can be restored exactly: its values, their order, names and types. Columns that were
renamed since the rows were computed have their present names in the file.
"""

import hashlib
import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from saliency_audit.errors import AuditError
from saliency_audit.files import replace
from saliency_audit.study.former_names import COLUMNS
from saliency_audit.study.manifest_table import OWN, as_text, merged, split

REMEDY = "restore both files from version control, or delete them and compute again"
FORMER_NAMES = "former_names_of_columns"
UNTYPED = "columns_without_values"
HEAD = {"rows", "file_sha256", "shared", "tasks"}
_WRITERS = {"pandas": pd.__version__, "pyarrow": pa.__version__}


class StoreError(AuditError, ValueError):
    """Recorded rows are missing or half-written, or do not match their manifest."""


@dataclass(frozen=True)
class Slice:
    """The rows of one task and their manifest."""

    manifest: Mapping[str, Any]
    table: pa.Table

    @property
    def task(self) -> str:
        """The name of the task."""
        return str(self.manifest["task"])

    def rows(self) -> pd.DataFrame:
        """The rows as they were computed."""
        return self.table.to_pandas()

    def is_as_computed(self) -> bool | None:
        """Whether the rows, written to their own file, have the checksum noted when computed.

        None if pandas or pyarrow had other versions then, which write other files.
        """
        written_with = self.manifest["packages"]
        if any(written_with.get(name) != version for name, version in _WRITERS.items()):
            return None
        return digest(as_file(self.rows())) == self.manifest["rows_sha256"]


def as_file(rows: pd.DataFrame) -> bytes:
    """Contents of a slice's own parquet file."""
    buffer = io.BytesIO()
    rows.to_parquet(buffer, index=False)
    return buffer.getvalue()


def digest(content: bytes) -> str:
    """SHA-256 of a file's contents."""
    return hashlib.sha256(content).hexdigest()


def read_sealed(path: Path) -> Mapping[str, Slice]:
    """The sealed slices by task, in the order of the file; empty if there is no manifest.

    Files are read again only if they have changed.

    Args:
        path: of the rows; the manifest lies beside it.

    Raises:
        StoreError: a manifest that cannot be read, or rows that do not match it.
    """
    files = (path, _replaced(path), path.with_suffix(".json"))
    return _slices(path, tuple(_state(file) for file in files))


def read_manifests(path: Path) -> list[dict[str, Any]]:
    """The manifest of every slice of sealed rows; empty if there is no manifest file.

    Args:
        path: of the rows, which are not read; the manifest lies beside it.

    Raises:
        StoreError: it cannot be read.
    """
    manifest = _read_manifest(path) or {"tasks": []}
    return [_without_form(merged(manifest["shared"], line)) for line in manifest["tasks"]]


def write_sealed(path: Path, slices: Sequence[Slice]) -> None:
    """Seal slices in one file, in this order, in place of what was sealed there before.

    Nothing is replaced before every slice has been read back and found equal. A process killed
    halfway leaves the old rows with the old manifest, or the new rows with the new one.

    Args:
        path: of the rows; the manifest goes beside it.
        slices: of different tasks.

    Raises:
        StoreError: one file cannot hold these slices without changing them.
    """
    content, manifest = pack(slices)
    unpacked = unpack(content, manifest)
    for given in slices:
        _require_equal(given, unpacked[given.task])
    path.parent.mkdir(parents=True, exist_ok=True)
    old = _read_manifest(path)
    if old and path.is_file() and digest(path.read_bytes()) == old["file_sha256"]:
        os.replace(path, _replaced(path))
    replace(path, content)
    replace(path.with_suffix(".json"), as_text(manifest).encode())
    _replaced(path).unlink(missing_ok=True)


def pack(slices: Sequence[Slice]) -> tuple[bytes, dict[str, Any]]:
    """The contents of the parquet file and of the manifest.

    Raises:
        StoreError: a column has incompatible types in two tasks.
    """
    tables = [_by_present_names(given.table) for given in slices]
    try:
        table = pa.concat_tables(tables, promote_options="default").combine_chunks()
    except (pa.ArrowTypeError, pa.ArrowInvalid) as error:
        raise StoreError(f"the rows of these tasks do not go into one file: {error}") from None
    if "task" in table.column_names:
        raise StoreError("the rows have a column `task`; sealed rows name their task there")
    tasks = np.repeat(np.array([given.task for given in slices], object), list(map(len, tables)))
    buffer = io.BytesIO()
    named = table.add_column(0, "task", pa.array(tasks, pa.large_string()))
    pq.write_table(named, buffer, compression="zstd")
    content = buffer.getvalue()
    shared, lines = split([{**given.manifest, **_own_form(given.table)} for given in slices])
    head = {"rows": len(table), "file_sha256": digest(content), "shared": shared}
    return content, {**head, "tasks": lines}


def unpack(content: bytes, manifest: Mapping[str, Any]) -> dict[str, Slice]:
    """The slices by task, from the contents of the parquet file and of the manifest.

    Raises:
        StoreError: the two do not belong together.
    """
    table = pq.read_table(io.BytesIO(content))
    entries = [merged(manifest["shared"], line) for line in manifest["tasks"]]
    counts = [int(entry["rows"]) for entry in entries]
    if not len(table) == sum(counts) == manifest["rows"]:
        raise StoreError(f"the manifest counts {sum(counts)} rows, there are {len(table)}")
    tasks = np.repeat(np.array([entry["task"] for entry in entries], object), counts)
    if not np.array_equal(table["task"].to_numpy(), tasks):
        raise StoreError("the manifest has the tasks of the rows in another order")
    table = table.drop_columns("task")
    slices = {}
    first = 0
    for entry, count in zip(entries, counts, strict=True):
        part = _in_own_form(table.slice(first, count), entry)
        slices[entry["task"]] = Slice(_without_form(entry), part)
        first += count
    return slices


@lru_cache(maxsize=4)
def _slices(path: Path, state: object) -> Mapping[str, Slice]:
    """The sealed slices as long as the files are in this state."""
    manifest = _read_manifest(path)
    if manifest is None:
        return {}
    try:
        return unpack(_content(path, manifest["file_sha256"]), manifest)
    except StoreError as error:
        raise StoreError(f"{_short(path)}: {error}; {REMEDY}") from None


def _state(file: Path) -> object:
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _short(file: Path) -> str:
    """The file's name with its profile: messages name no folder of a particular machine."""
    return f"{file.parent.name}/{file.name}"


def _replaced(path: Path) -> Path:
    """Where the old rows lie until the manifest of the new ones is written."""
    return path.with_name(f".{path.name}.replaced.tmp")


def _content(path: Path, file_sha256: str) -> bytes:
    """The rows that the manifest describes."""
    found = [file.read_bytes() for file in (path, _replaced(path)) if file.is_file()]
    for content in found:
        if digest(content) == file_sha256:
            return content
    raise StoreError(
        "the rows are half-written or changed (checksum)" if found else "the rows are missing"
    )


def _read_manifest(path: Path) -> dict[str, Any] | None:
    file = path.with_suffix(".json")
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        raise StoreError(f"{_short(file)}: half-written or not JSON; {REMEDY}") from None
    if not _is_complete(manifest):
        raise StoreError(f"{_short(file)}: the manifest is incomplete; {REMEDY}")
    return manifest


def _is_complete(manifest: object) -> bool:
    return (
        isinstance(manifest, dict)
        and manifest.keys() >= HEAD
        and all(isinstance(line, dict) and line.keys() >= set(OWN) for line in manifest["tasks"])
    )


def _by_present_names(table: pa.Table) -> pa.Table:
    names = [COLUMNS.get(name, name) for name in table.column_names]
    return table.rename_columns(names).replace_schema_metadata(None)


def _own_form(table: pa.Table) -> dict[str, Any]:
    """How the slice differs from the file: former names, and columns without a value or type."""
    former = {COLUMNS[name]: name for name in table.column_names if name in COLUMNS}
    untyped = [field.name for field in table.schema if pa.types.is_null(field.type)]
    found = {FORMER_NAMES: former, UNTYPED: untyped}
    return {key: value for key, value in found.items() if value}


def _in_own_form(table: pa.Table, entry: Mapping[str, Any]) -> pa.Table:
    """The slice's part of the file, in the form that the slice had."""
    former = entry.get(FORMER_NAMES, {})
    table = table.rename_columns([former.get(name, name) for name in table.column_names])
    for name in entry.get(UNTYPED, []):
        table = table.set_column(table.column_names.index(name), name, pa.nulls(len(table)))
    return table


def _without_form(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name not in (FORMER_NAMES, UNTYPED)}


def _require_equal(given: Slice, unpacked: Slice) -> None:
    if as_file(unpacked.rows()) != as_file(given.rows()):
        raise StoreError(f"the rows of {given.task} would change in one file")
    as_json = [json.dumps(each.manifest, sort_keys=True) for each in (given, unpacked)]
    if as_json[0] != as_json[1]:
        raise StoreError(f"the manifest of {given.task} would change in one table")
