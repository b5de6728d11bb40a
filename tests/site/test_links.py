"""Every local address and anchor on every page of the built site leads somewhere."""

from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name in ("href", "src") and value:
                self.targets.append(value)
            if name == "id" or (tag == "a" and name == "name"):
                self.anchors.add(value or "")


@cache
def parsed(path: Path) -> _Page:
    page = _Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def pages(site: Path) -> list[Path]:
    # Theme templates in _static are no pages.
    return [path for path in sorted(site.rglob("*.html")) if "_static" not in path.parts]


def broken(site: Path, page: Path) -> list[str]:
    found = []
    for target in parsed(page).targets:
        parts = urlsplit(target)
        if parts.scheme or parts.netloc or target == "#":
            continue
        path = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        if path.is_dir():
            path = path / "index.html"
        if not path.is_file():
            found.append(f"{page.relative_to(site)}: {target}: no such file")
        elif parts.fragment and path.suffix == ".html":
            if unquote(parts.fragment) not in parsed(path).anchors:
                found.append(f"{page.relative_to(site)}: {target}: no such anchor")
        elif not path.is_relative_to(site):
            found.append(f"{page.relative_to(site)}: {target}: outside the site")
    return found


@pytest.mark.browser
def test_every_local_link_resolves(site):
    faults = [fault for page in pages(site) for fault in broken(site, page)]
    assert not faults, "\n".join(faults[:40])


@pytest.mark.browser
def test_every_claim_has_a_page_that_others_link_to(site):
    claims = {path.resolve() for path in (site / "book" / "claims").glob("*.html")}
    assert len(claims) > 40
    table = site / "book" / "generated" / "claims.html"
    linked = {(table.parent / urlsplit(t).path).resolve() for t in parsed(table).targets}
    assert claims <= linked


@pytest.mark.browser
def test_pages_load_nothing_from_elsewhere(site):
    found = []

    class Loads(HTMLParser):
        def handle_starttag(self, tag, attributes):
            given = dict(attributes)
            address = given.get("src") or (given.get("href") if tag == "link" else None) or ""
            if urlsplit(address).netloc:
                found.append(address)

    for page in pages(site):
        Loads().feed(page.read_text(encoding="utf-8"))
    assert not found
