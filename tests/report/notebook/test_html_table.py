"""Tables as HTML: their cells, headings and spans as a reader of HTML sees them."""

import pandas as pd
from bs4 import BeautifulSoup

from saliency_audit.report.notebook.html_table import as_html

LINES = [
    ("net A", "IG", "score", "paper"),
    ("net A", "IG", "score", "here"),
    ("net A", "IG", "ratio", "here"),
    ("net <B>", "IG", "score", "over\nthere"),
]
NAMES = ["network", "path", "score", "source"]


def read(html):
    """The texts of head and body, a list per row; a cell that spans stands in its first place."""
    soup = BeautifulSoup(html, "html.parser")
    return [
        [[cell.get_text() for cell in row.find_all(["td", "th"])] for row in part.find_all("tr")]
        for part in (soup.thead, soup.tbody)
    ]


def test_leading_levels_become_headings_and_names_span_their_lines():
    index = pd.MultiIndex.from_tuples(LINES, names=NAMES)
    table = pd.DataFrame({"base": list("abcd"), "holds": ["<b>yes</b>"] * 4}, index=index)
    html = as_html(table)
    assert read(html) == [
        [["score", "source", "base", "holds"]],
        [
            ["net A, IG"],
            ["score", "paper", "a", "yes"],
            ["here", "b", "yes"],
            ["ratio", "here", "c", "yes"],
            ["net <B>, IG"],
            ["score", "overthere", "d", "yes"],
        ],
    ]
    assert "over<br>there" in html
    assert html.count('<th scope="rowgroup" colspan="4">') == 2
    assert html.count('<th scope="rowgroup" rowspan="2">score</th>') == 1
    assert html.count("rowspan") == 1


def test_a_short_index_and_none_at_all():
    table = pd.DataFrame({"n": [1, 2]}, index=pd.Index(["x", "y"], name="map"))
    expected = [[["map", "n"]], [["x", "1"], ["y", "2"]]]
    assert read(as_html(table)) == expected
    bare = as_html(table.reset_index())
    assert read(bare) == expected
    assert "<td>x</td>" in bare


def test_two_levels_of_columns_share_their_heading():
    columns = pd.MultiIndex.from_tuples([("", "n"), ("raw", "from"), ("raw", "gain")])
    table = pd.DataFrame([[1, 2, 3]], columns=columns, index=pd.Index(["x"], name="map"))
    html = as_html(table)
    assert read(html)[0] == [["", "", "raw"], ["map", "n", "from", "gain"]]
    assert '<th scope="colgroup" colspan="2">raw</th>' in html
