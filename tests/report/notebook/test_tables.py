"""One ending for the tables of text cells."""

import pandas as pd

from saliency_audit.report.notebook.tables import narrow, text_table

LINES = {
    ("ResNet", "IG", "recorded"): {"AIC": "0.1"},
    ("VGG", "IG", "recorded"): {"AIC": "0.2", "SIC": "0.3"},
    ("ResNet", "Random", "this machine"): {"AIC": "0.4"},
    ("ResNet", "IG", "this machine"): {"SIC": "0.5"},
}
NAMES = ["network", "method", "source"]


def test_lines_that_differ_in_the_source_stand_under_each_other():
    table = text_table(LINES, NAMES)
    assert table.index.names == NAMES
    assert list(table.index) == [
        ("ResNet", "IG", "recorded"),
        ("ResNet", "IG", "this machine"),
        ("ResNet", "Random", "this machine"),
        ("VGG", "IG", "recorded"),
    ]


def test_a_group_keeps_the_order_of_its_own_lines():
    places = [*("ax1", "ay1"), *("by1", "bx1", "by2")]
    lines = {tuple(place): {"n": ""} for place in places}
    assert [place[:2] for place in text_table(lines, NAMES).index] == [
        *(("a", "x"), ("a", "y")),
        *(("b", "y"), ("b", "y"), ("b", "x")),
    ]


def test_absent_cells_show_what_is_asked_for():
    assert text_table(LINES, NAMES)["SIC"].tolist() == ["", "0.5", "", "0.3"]
    assert text_table(LINES, NAMES, missing="—")["SIC"].tolist() == ["—", "0.5", "—", "0.3"]


def test_columns_keep_the_order_in_which_their_cells_came():
    late = {("b", "x"): {"two": "2"}, ("a", "x"): {"one": "1"}, ("b", "y"): {"three": "3"}}
    assert list(text_table(late, ["letter", "last"]).columns) == ["two", "one", "three"]
    assert list(text_table(LINES, NAMES, columns=["SIC", "n", "AIC"]).columns) == [
        *("SIC", "n", "AIC"),
    ]


def test_columns_may_have_levels():
    columns = pd.MultiIndex.from_tuples([("raw", "n"), ("raw", "mean"), ("", "holds")])
    table = text_table(
        {("IG", "paper"): {("raw", "mean"): "1"}}, ["path", "source"], columns=columns
    )
    assert table.columns.equals(columns)
    assert table.iloc[0].tolist() == ["", "1", ""]


def test_one_level_keeps_its_order():
    table = text_table({("b",): {"n": "1"}, ("a",): {"n": "2"}}, ["name"])
    assert list(table.index) == [("b",), ("a",)]


def test_no_line_is_an_empty_table():
    assert text_table({}, NAMES).empty


def test_long_sentences_are_broken_between_words():
    assert narrow("one two three", 8) == "one two<br>three"
    assert narrow("one two three", 8, end="\n") == "one two\nthree"
    assert narrow("unbreakable", 4) == "unbreakable"
