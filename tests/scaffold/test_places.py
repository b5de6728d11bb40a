"""Where a line is put into a source file, and what is refused."""

import pytest

from saliency_audit.scaffold.places import ScaffoldError, add_entry, add_export, add_import

TABLES = """\
from saliency_audit.a2 import One, two
from saliency_audit.a10 import (
    three,
)

LISTED = (
    line("x"),
    line("ℓ₁"),  # a remark
)
BY_NAME: dict[str, int] = {
    **{name: 1 for name in "ab"},
    "x": 2,
}
MADE = {
    each.name: each
    for each in (
        first,
        second,
    )
}
__all__ = [
    "TOP",
    "Apple",
    "Pear",
    "a2",
    "a10",
]
"""


def added(text):
    """The lines that are new, with what stands before each."""
    before, after = TABLES.splitlines(), text.splitlines()
    assert [line for line in after if line in before] == before
    return [(after[place - 1], line) for place, line in enumerate(after) if line not in before]


@pytest.mark.parametrize(
    ("table", "entry", "expected"),
    [
        ("LISTED", 'line("y")', ('    line("ℓ₁"),  # a remark', '    line("y"),')),
        ("BY_NAME", '"y": 3', ('    "x": 2,', '    "y": 3,')),
        ("MADE", "third", ("        second,", "        third,")),
    ],
)
def test_an_entry_comes_last(table, entry, expected):
    assert added(add_entry(TABLES, table, entry)) == [expected]


@pytest.mark.parametrize(
    ("name", "before"),
    [
        ("ALL", "__all__ = ["),
        ("Orange", '    "Apple",'),
        ("a3", '    "a2",'),
        ("b", '    "a10",'),
    ],
)
def test_exports_are_in_order(name, before):
    assert added(add_export(TABLES, name)) == [(before, f'    "{name}",')]


def test_imports_are_in_order():
    text = add_import(TABLES, "saliency_audit.a3", "new")
    assert text.splitlines()[:2] == [
        "from saliency_audit.a2 import One, two",
        "from saliency_audit.a3 import new",
    ]
    text = add_import(TABLES, "saliency_audit.b", "new")
    assert text.splitlines()[4] == "from saliency_audit.b import new"
    text = add_import(TABLES, "saliency_audit.a2", "new")
    assert text.splitlines()[0] == "from saliency_audit.a2 import One, new, two"


def test_an_import_that_grows_too_long_has_a_line_per_name():
    names = [f"a_long_name_of_a_module_{number}" for number in range(4)]
    text = TABLES
    for name in reversed(names):
        text = add_import(text, "saliency_audit.a2", name)
    assert text.startswith(
        "from saliency_audit.a2 import (\n    One,\n    a_long_name_of_a_module_0,"
    )


@pytest.mark.parametrize(
    ("text", "table", "message"),
    [
        ("OTHER = (\n    1,\n)\n", "TABLE", "no table TABLE is written out at the top level"),
        ("TABLE = made()\n", "TABLE", "no table TABLE is written out at the top level"),
        ("TABLE = (1, 2)\n", "TABLE", "TABLE does not close on a line of its own"),
        ("TABLE = ()\n", "TABLE", "TABLE does not close on a line of its own"),
        ("TABLE = [\n    1\n]\n", "TABLE", "no comma stands behind the last entry of TABLE"),
    ],
)
def test_a_table_of_another_form_is_refused(text, table, message):
    with pytest.raises(ScaffoldError, match=message):
        add_entry(text, table, "3")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import os\n", "no import of the package"),
        ("from saliency_audit.a import (\n    b,  # why\n)\n", "a comment stands in the import"),
    ],
)
def test_imports_of_another_form_are_refused(text, message):
    with pytest.raises(ScaffoldError, match=message):
        add_import(text, "saliency_audit.a", "c")
