"""The columns that an experiment declares for its rows, as a table for readers."""

from collections.abc import Iterable, Iterator

from saliency_audit.report.site.markdown import code, escape, page, table
from saliency_audit.study import Column, get_experiment
from saliency_audit.study.columns import LISTS
from saliency_audit.study.former_names import COLUMNS

FORMER = {present: former for former, present in COLUMNS.items()}


def columns_table(experiment: str) -> str:
    """Markdown: name, type, unit and meaning of every column; below, what the file has otherwise.

    Args:
        experiment: its name.
    """
    found = get_experiment(experiment)
    lines = [
        (code(column.name), _type(column), escape(column.unit), escape(column.meaning))
        for column in found.columns
    ]
    return page(
        table(("column", "type", "unit", "what it holds"), lines),
        " ".join(_in_the_file(found.recorded, found.labels.columns)),
    )


def _type(column: Column) -> str:
    return f"list of {column.type}" if column.type in LISTS else column.type


def _in_the_file(recorded: Iterable[Column], labels: Iterable[Column]) -> Iterator[str]:
    yield f"The file itself begins with {code('task')}, the task that computed the row."
    if added := ", ".join(code(column.name) for column in labels):
        yield f"It lacks {added}, which come from the parameters in the manifest."
    former = [column.name for column in recorded if column.name in FORMER]
    if names := ", ".join(f"{code(name)} is {code(FORMER[name])}" for name in former):
        yield f"In rows that were recorded earlier {names}."
