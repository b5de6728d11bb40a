"""The papers' printed numbers: `data/paper/<paper>/*.csv` as tidy tables."""

from functools import cache
from pathlib import Path

import pandas as pd

from saliency_audit.errors import AuditError
from saliency_audit.locations import project_root

REQUIRED_COLUMNS = ("table", "row", "column", "value", "text")


class PrintedTableError(AuditError, ValueError):
    """A printed table is missing or malformed; the message names the file."""


def table_names(paper: str) -> tuple[str, ...]:
    """Names of the tables of a paper, such as `table_01`."""
    return tuple(sorted(path.stem for path in _folder(paper).glob("*.csv")))


def printed_table(paper: str, name: str) -> pd.DataFrame:
    """One printed table: a row per cell.

    Columns: `table, row, column` (where the cell stands), `value` (number, NaN where the paper
    prints none), `text` (the cell as printed), `note`, and the table's own typed keys.
    """
    return _read(_folder(paper) / f"{name}.csv").copy()


def printed_tables(paper: str, *names: str) -> pd.DataFrame:
    """Several printed tables of one paper under each other; all of them if none is named."""
    return pd.concat(
        [printed_table(paper, name) for name in names or table_names(paper)], ignore_index=True
    )


def _folder(paper: str) -> Path:
    folder = project_root() / "data" / "paper" / paper
    if not folder.is_dir():
        raise PrintedTableError(f"no printed tables for paper {paper!r}: {folder} does not exist")
    return folder


@cache
def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise PrintedTableError(
            f"{path} does not exist; tables here: {', '.join(table_names(path.parent.name))}"
        )
    frame = pd.read_csv(path, dtype={"table": str, "text": str, "note": str}, keep_default_na=True)
    missing = [name for name in REQUIRED_COLUMNS if name not in frame.columns]
    if missing:
        raise PrintedTableError(f"{path}: missing columns {missing}")
    if frame.duplicated(["row", "column"]).any():
        twice = frame.loc[frame.duplicated(["row", "column"]), ["row", "column"]].iloc[0].tolist()
        raise PrintedTableError(f"{path}: cell {twice} appears twice")
    for name in ("text", "note"):
        if name in frame.columns:
            frame[name] = frame[name].fillna("")
    return frame
