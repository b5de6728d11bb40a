"""Plain text survives Markdown unchanged, wherever it is put."""

import re
from html import unescape

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it.renderer import RendererHTML
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser

from saliency_audit.locations import project_root
from saliency_audit.report.site.markdown import (
    code,
    detail,
    escape,
    folded,
    page,
    sentence,
    span,
    table,
)

AWKWARD = [
    "f(x_j*) and |S≠|/|S| = 0.05",
    "a *b* _c_ `d` [e](f) {g} <h> & i",
    "costs $5$ or \\$6",
    "# no heading",
    "- no list",
    "1. no list",
    "12) no list",
    "::: no directive",
    "> no quote",
    "2^n and ~x~ __init__",
    "{ref}`x`",
    "idgi_insertion.py at example.org",
    "&amp; is no entity",
    "trailing backslash \\",
]


@pytest.fixture(scope="module")
def renderer():
    config = yaml.safe_load((project_root() / "_config.yml").read_text(encoding="utf-8"))
    extensions = set(config["parse"]["myst_enable_extensions"])
    return create_md_parser(MdParserConfig(enable_extensions=extensions), RendererHTML)


def shown(renderer, markdown):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", renderer.render(markdown))).split())


@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_text_is_shown_as_it_is(renderer, text):
    assert shown(renderer, escape(text)) == text


@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_text_stays_in_its_cell(renderer, text):
    html = renderer.render(table(("head",), [(escape(text),)]))
    cells = re.findall(r"<td[^>]*>(.*?)</td>", html, re.DOTALL)
    assert [unescape(re.sub(r"<[^>]+>", "", cell)) for cell in cells] == [text]


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("ab1 .*_`[]{}<>|$\\#-+:&~^=()!"), min_size=1, max_size=20))
def test_any_text_is_shown_as_it_is(renderer, text):
    assert shown(renderer, escape(text)) == " ".join(text.split())


def test_lines_are_joined():
    assert escape("one\n  two") == "one two"


def test_sentences_are_closed_once():
    assert sentence("done") == "done."
    assert sentence("done.") == "done."
    assert sentence("really?") == "really?"


def test_commands_can_be_copied(renderer):
    html = renderer.render(detail("no *rows*; `run a_b --profile x & y` makes them"))
    assert "no *rows*; <code>run a_b --profile x &amp; y</code> makes them.</p>" in html
    assert renderer.render(detail("a ` and b")) == renderer.render(sentence("a ` and b"))


def test_code_keeps_a_bar_inside_its_cell(renderer):
    html = renderer.render(table(("head",), [(code("a | b"),)]))
    assert "<code>a | b</code>" in html
    assert html.count("<td") == 1


def test_spans_carry_their_classes(renderer):
    assert '<span class="verdict x">partly</span>' in renderer.render(
        span("partly", "verdict", "x")
    )


def test_rows_of_another_length_are_refused():
    with pytest.raises(ValueError, match="2 cells in a table of 1 column"):
        table(("one",), [("a", "b")])


def test_empty_blocks_leave_no_trace():
    assert page("a", "", "b\n") == "a\n\nb\n"


def test_folded_part_holds_its_content():
    assert folded("more", "| a |").splitlines() == ["::::{dropdown} more", "| a |", "::::"]


def test_a_number_stays_with_its_unit_and_lines_are_joined():
    assert escape("of 5\N{NO-BREAK SPACE}%\n  of them ") == "of 5\N{NO-BREAK SPACE}% of them"
