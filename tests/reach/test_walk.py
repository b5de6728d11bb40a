"""What is reached: imports, facades and tables, and never too little."""

import pytest

MINE = {"A-ONE": {"mine"}, "A-TWO": {"mine"}, "B-ONE": {"other"}}


def names(found):
    return {name.removeprefix("saliency_audit.") for name in found.texts}


def of_script(package, text, **options):
    return package[1](script=text, **options)


EVERYTHING = {"study.experiments.second", "ledger.internal.other.b_one", "numbers", "study.lazily"}


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("import json", set()),
        ("from saliency_audit.numbers import ONE", {"numbers"}),
        ("import saliency_audit.numbers", {"numbers"}),
        ("import saliency_audit.numbers as n\nn.ONE", {"numbers"}),
        ("def later():\n    from saliency_audit import numbers", {"numbers"}),
        ("if False:\n    from saliency_audit.numbers import ONE", {"numbers"}),
        # A facade leads to where a name is defined, and no further.
        ("from saliency_audit.study import Store", {"study.store", "numbers"}),
        ("from saliency_audit import study\nstudy.read()", {"study.store", "numbers"}),
        ("import saliency_audit.study as s\ns.read()", {"study.store", "numbers"}),
        # A table leads to what its code needs, and to entries whose name is known.
        ("from saliency_audit.study import get", {"study.registry", "study.experiment"}),
        (
            "from saliency_audit import study\nstudy.get('first')",
            {"study.registry", "study.experiment", "study.experiments.first", "study.helper"},
        ),
        (
            "from saliency_audit.study import get\nNAMES = {'x': ['second']}\n",
            {"study.registry", "study.experiment", "study.experiments.second", "study.lazily"},
        ),
        (
            "from saliency_audit.study import get\nget('first one')",
            {"study.registry", "study.experiment"},
        ),
    ],
)
def test_scripts_reach_what_they_import(package, script, expected):
    assert names(of_script(package, script)) == expected


@pytest.mark.parametrize(
    "script",
    [
        "from saliency_audit.study import available",
        "from saliency_audit import study\nstudy.available()",
        "from saliency_audit.study.registry import available",
        "from saliency_audit.ledger.audit import audit_all",
        "from importlib import import_module",
        "import importlib\nimportlib.import_module(name)",
        "from saliency_audit.study import registry, available as all_of_them",
        "this is no Python",
    ],
)
def test_what_looks_through_a_table_or_cannot_be_read_reaches_everything(package, script):
    assert names(of_script(package, script)) >= EVERYTHING


@pytest.mark.parametrize(
    "script",
    [
        "from saliency_audit import study\nprint(study)",  # used for more than its attributes
        "from saliency_audit import study\nstudy.unknown",
        "from saliency_audit.study import *",
    ],
)
def test_a_facade_of_which_anything_may_be_used_counts_as_a_whole(package, script):
    assert names(of_script(package, script)) >= {"study", "study.store", "study.registry"}


def test_a_module_from_elsewhere_reaches_everything(package):
    assert names(package[1]("study.elsewhere")) >= EVERYTHING


def test_everything_counts_where_asked_for(package):
    assert names(package[1]("numbers", everything=True)) >= EVERYTHING


@pytest.mark.parametrize("claim", MINE)
def test_tables_within_tables(package, claim):
    found = names(package[1]("ledger.audit", names=[claim, *MINE[claim]]))
    tests = {name for name in found if name.count(".") == 3}
    (only,) = tests
    assert only.endswith(claim.lower().replace("-", "_"))


def test_a_string_leads_on_by_its_meaning(package):
    script = "from saliency_audit.study import get\nCLAIM = 'A-ONE'"
    assert "study.experiments.first" not in names(of_script(package, script))
    meaning = {"A-ONE": ["see"], "see": ["first"]}
    found = of_script(package, script, meaning=lambda name: meaning.get(name, ()))
    assert "study.experiments.first" in names(found)


def test_a_name_that_stands_in_a_reached_module_is_looked_up(package):
    folder, _ = package
    (folder / "study" / "helper.py").write_text("ALSO = 'second'\n")
    found = of_script(package, "from saliency_audit.study import get\nget('first')")
    assert "study.lazily" in names(found)


def test_a_list_of_names_for_checking_them_reaches_no_entry(package):
    found = names(package[1]("ledger.vocabulary", "ledger.audit", names=["A-ONE"]))
    assert "study.registry" in found
    assert not found & {"study.experiments.first", "ledger.internal.other.b_one"}


@pytest.mark.parametrize("first", [True, False])
def test_it_hides_nothing_from_others_that_look_through_a_table(package, first):
    scripts = [
        "from saliency_audit.ledger.vocabulary import names",
        "from saliency_audit.study import available",
    ]
    found = of_script(package, "\n".join(scripts if first else scripts[::-1]))
    assert names(found) >= EVERYTHING


CHANGES = {
    "numbers.py": False,
    "study/store.py": False,
    "study/registry.py": True,
    "study/experiment.py": True,
    "study/experiments/first.py": True,
    "study/helper.py": True,
    "study/experiments/second.py": False,
    "study/__init__.py": True,  # with anything but imports in it, it is no facade
}


@pytest.mark.parametrize("file", CHANGES)
def test_the_digest_follows_what_is_reached(package, file):
    folder, reached = package
    script = "from saliency_audit.study import get\nget('first')"
    before = reached(script=script).digest()
    assert reached(script=script).digest() == before
    path = folder / file
    path.write_text(path.read_text() + "\nANOTHER = 2\n")
    assert (reached(script=script).digest() != before) == CHANGES[file]


def test_another_import_in_a_facade_changes_nothing_but_another_source_of_a_name_does(package):
    folder, reached = package
    script = "from saliency_audit.study import Store"
    before = reached(script=script).digest()
    facade = folder / "study" / "__init__.py"
    facade.write_text(facade.read_text() + "from saliency_audit.study.helper import help_first\n")
    assert reached(script=script).digest() == before
    facade.write_text(
        facade.read_text().replace("study.store import Store", "study.lazily import Store")
    )
    assert reached(script=script).digest() != before


def test_another_entry_of_a_table_changes_nothing_but_another_module_for_a_name_does(package):
    folder, reached = package
    options = {"names": ["A-ONE", "mine"]}
    before = reached("ledger.audit", **options).digest()
    table = folder / "ledger" / "internal" / "mine" / "__init__.py"
    text = table.read_text()
    (folder / "ledger" / "internal" / "mine" / "a_three.py").write_text("def test(): ...\n")
    table.write_text(
        text.replace("a_one, a_two", "a_one, a_three, a_two").replace(
            "TESTS = {", "TESTS = {'A-THREE': a_three.test, "
        )
    )
    assert reached("ledger.audit", **options).digest() == before
    table.write_text(text.replace("'A-ONE': a_one.test", "'A-ONE': a_one.other"))
    assert reached("ledger.audit", **options).digest() != before


def test_an_import_that_a_table_uses_otherwise_is_no_entry(package):
    folder, reached = package
    table = folder / "study" / "registry.py"
    table.write_text(table.read_text() + "def default(): return second.RUN\n")
    found = reached(script="from saliency_audit.study import get")
    assert "study.lazily" in names(found)


def test_relative_imports_lead_where_python_takes_them(package):
    folder, reached = package
    (folder / "study" / "experiments" / "__init__.py").write_text("from . import first\nX = 1\n")
    (folder / "study" / "helper.py").write_text(
        "from .. import numbers\nfrom .lazily import late\n"
    )
    found = names(reached(script="from saliency_audit.study.experiments import X"))
    assert found >= {"study.experiments", "study.experiments.first", "study.helper"}
    assert found >= {"numbers", "study.lazily"}
