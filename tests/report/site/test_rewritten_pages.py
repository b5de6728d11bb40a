"""Which pages are written again when one of them changed."""

import io
from pathlib import Path
from types import SimpleNamespace

import pytest
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from saliency_audit.report.site.rewritten_pages import delete_unused, pages_to_write

IMAGE = b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"
TARGET = """\
Target
======

.. _place:

Place
-----

Text.

.. py:function:: described(x)

.. math:: a = b
   :label: equal

.. [Paper] Somebody.

.. image:: dot.gif
"""
PAGES = {
    "index": "Index\n=====\n\n.. toctree::\n\n   target\n   reader\n",
    "target": TARGET,
    "reader": (
        "Reader\n======\n\n"
        ":ref:`place`, :py:func:`described`, :eq:`equal`, [Paper]_ and :doc:`target`.\n"
    ),
}


class Site:
    """A small site; `build` says which pages it wrote and what it warned of."""

    def __init__(self, folder: Path) -> None:
        self.source, self.output = folder / "source", folder / "html"
        self.source.mkdir()
        (self.source / "dot.gif").write_bytes(IMAGE)
        for name, text in PAGES.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> None:
        (self.source / f"{name}.rst").write_text(text, encoding="utf-8")

    def build(self) -> tuple[set[str], str]:
        warnings, written = io.StringIO(), set()
        with patch_docutils(), docutils_namespace():
            app = Sphinx(
                self.source,
                None,
                self.output,
                self.output.parent / "doctrees",
                "html",
                confoverrides={"nitpicky": True},
                status=None,
                warning=warnings,
            )
            app.connect("env-get-updated", pages_to_write, priority=900)
            app.connect("build-finished", delete_unused)
            app.connect("html-page-context", lambda app, page, *rest: written.add(page))
            app.build()
        return written & PAGES.keys(), warnings.getvalue()


@pytest.fixture
def site(tmp_path):
    site = Site(tmp_path)
    assert site.build() == (set(PAGES), "")
    return site


def test_only_the_changed_page_and_the_first_one_are_written(site):
    for text in ("Other text.", "Text, once more."):
        site.write("target", TARGET.replace("Text.", text))
        assert site.build() == ({"index", "target"}, "")
        assert text in (site.output / "target.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Target\n======", "Title!\n======"),
        ("Place\n-----", "Where\n-----"),
        ("Text.\n", "Text.\n\nOne more\n--------\n\nWords.\n"),
        ("Text.\n", ".. _here:\n\nText.\n"),
        ("described(x)", "described(x)\n\n.. py:function:: another(x)"),
        ("   :label: equal", "   :label: equal\n\n.. math:: c\n   :label: more"),
    ],
)
def test_all_are_written_when_others_can_tell_the_difference(site, old, new):
    site.write("target", TARGET.replace(old, new))
    assert site.build() == (set(PAGES), "")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (".. _place:\n", "", "place"),
        ("described", "renamed", "described"),
        (":label: equal", ":label: other", "equal"),
        ("[Paper]", "[Book]", "Paper"),
    ],
)
def test_a_link_that_breaks_in_an_unchanged_page_is_reported(site, old, new, complaint):
    site.write("target", TARGET.replace(old, new))
    written, warnings = site.build()
    assert written == set(PAGES)
    assert [line for line in warnings.splitlines() if "reader.rst:4" in line and complaint in line]


def test_an_image_goes_with_the_last_page_that_shows_it(site):
    image = site.output / "_images" / "dot.gif"
    site.write("target", TARGET.replace("Text.", "Other text."))
    site.build()
    assert image.is_file()
    site.write("target", TARGET.replace(".. image:: dot.gif", ""))
    site.build()
    assert not image.exists()


def test_pages_of_source_code_are_written_when_code_or_who_documents_it_changed(tmp_path):
    code = {name: (f"code of {name}", {}, {"f": "api"}, name) for name in ("p", "p.a", "p.b")}
    env = SimpleNamespace(
        titles={},
        longtitles={},
        tocs={},
        toctree_includes={},
        toc_secnumbers={},
        toc_fignumbers={},
        metadata={},
        domains={},
        domaindata={
            "std": {"labels": {}, "anonlabels": {}},
            "math": {"objects": {}},
            "citation": {"citations": {}},
        },
        found_docs=set(),
    )

    def left(**changes):
        env._viewcode_modules = {**code, **changes}
        for name in ("p", "p/a", "p/b"):
            page = tmp_path / "_modules" / f"{name}.html"
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text("page", encoding="utf-8")
        pages_to_write(SimpleNamespace(outdir=tmp_path), env)
        return {path.stem for path in tmp_path.rglob("*.html")}

    assert left() == set()
    assert left() == {"p", "a", "b"}
    assert left(**{"p.a": ("other code", {}, {"f": "api"}, "p.a")}) == {"p", "b"}
    assert left(**{"p.b": ("code of p.b", {}, {"f": "elsewhere"}, "p.b")}) == {"p"}
    assert left(**{"p.c": ("code of p.c", {}, {"f": "api"}, "p.c")}) == set()
