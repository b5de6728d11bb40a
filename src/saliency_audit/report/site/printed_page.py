"""The papers' printed numbers as pages: one per paper, every table as printed."""

import pandas as pd

from saliency_audit.ledger import Paper, printed_table
from saliency_audit.ledger.printed import table_names
from saliency_audit.report.site.markdown import code, document, escape, label, page, table
from saliency_audit.report.words import count, table_title


def printed_overview(papers: tuple[Paper, ...]) -> str:
    """Index of the printed tables of every paper."""
    rows = []
    for paper in papers:
        names = table_names(paper.paper)
        cells = sum(len(printed_table(paper.paper, name)) for name in names)
        link = document(escape(paper.short), f"book/generated/printed-{paper.paper}")
        rows.append((link, ", ".join(table_title(name) for name in names), str(cells)))
    return page(
        "# Printed numbers",
        "Every number of every result table of the five papers, exactly as printed, misprints "
        f"included. The internal audit works on these files; {code('data/paper')} holds them as "
        "tidy rows: the printed text beside the number that it means.",
        table(("paper", "tables", "cells"), rows, "llr"),
    )


def printed_page(paper: Paper) -> str:
    """All printed tables of one paper."""
    blocks = [_table(paper, name) for name in table_names(paper.paper)]
    return page(
        f"# Printed numbers: {escape(paper.short)}",
        f"{escape(paper.title)} {{cite}}`{paper.citation_key}`. Cells are as printed; an empty "
        "cell has no printed number.",
        *blocks,
    )


def _table(paper: Paper, name: str) -> str:
    frame = printed_table(paper.paper, name)
    path = f"data/paper/{paper.paper}/{name}.csv"
    notes = _notes(frame)
    texts = list(dict.fromkeys(notes.values()))
    return page(
        label(f"printed-{paper.paper}-{name}".replace("_", "-")) + f"## {table_title(name)}",
        f"{count(len(frame), 'cell')} of {{download}}`{path} <../../{path}>`; used by "
        + (_users(paper, name) or "no claim")
        + ".",
        _grid(frame, {cell: texts.index(note) + 1 for cell, note in notes.items()}),
        "\n".join(f"{i}. {escape(note)}" for i, note in enumerate(texts, start=1)),
    )


def _users(paper: Paper, name: str) -> str:
    return ", ".join(claim.id for claim in paper.claims if name in claim.printed)


def _notes(frame: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Note by cell (row, column)."""
    if "note" not in frame.columns:
        return {}
    noted = frame[frame["note"] != ""]
    return {(str(cell.row), str(cell.column)): str(cell.note) for cell in noted.itertuples()}


def _grid(frame: pd.DataFrame, marks: dict[tuple[str, str], int]) -> str:
    rows = list(dict.fromkeys(frame["row"]))
    columns = list(dict.fromkeys(frame["column"]))
    texts = {(cell.row, cell.column): str(cell.text) for cell in frame.itertuples()}
    cells = [
        (
            escape(str(row)),
            *(_cell(texts.get((row, name), ""), marks.get((row, name))) for name in columns),
        )
        for row in rows
    ]
    header = ("", *(escape(str(name)) for name in columns))
    return table(header, cells, "l" + "r" * len(columns))


def _cell(text: str, mark: int | None) -> str:
    return escape(text) + (f" {{sup}}`({mark})`" if mark else "")
