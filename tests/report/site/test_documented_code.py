"""Which pages Sphinx reads again when code changed."""

from collections import defaultdict
from types import SimpleNamespace

import pytest

from saliency_audit.reach.sources import LOADED, Sources
from saliency_audit.report.site import documented_code

PAGES = {"book/api": {"src/a.py"}, "book/index": {"book/more.md"}, "notebooks/a": {"runs/a.ipynb"}}


@pytest.mark.parametrize(
    ("module", "again"),
    [
        ("saliency_audit.errors", ["book/api"]),
        ("saliency_audit.report.figures.maps", []),
    ],
)
def test_pages_that_document_code_are_read_again_when_any_of_it_changed(monkeypatch, module, again):
    env = SimpleNamespace(dependencies=defaultdict(set, PAGES))
    assert documented_code.pages_of_code(None, env, set(), set(), set()) == ["book/api"]
    assert documented_code.pages_of_code(None, env, set(), set(), set()) == []
    changed = Sources({**LOADED.texts, module: b"other"}, LOADED.packages)
    monkeypatch.setattr(documented_code, "LOADED", changed)
    assert documented_code.pages_of_code(None, env, set(), set(), set()) == again
