"""Which pages are written again: those that changed, or all if others can tell the difference.

A page shows of another one only what can be named from there: titles, headings, labels, documented
objects, citations, its place in the table of contents. While none of this changes, a page that was
not read again comes out as it was, and none of its links breaks.
"""

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

SOURCES = "_modules"


def pages_to_write(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Pages to write besides those that were read (event `env-get-updated`, after all others).

    Pages of source code that are out of date are deleted, so that `viewcode` writes them: it goes
    by the time of the source alone, but they also link to the pages that document it.
    """
    names, sources = digest(named_things(env)), source_pages(env)
    kept: tuple[str, dict[str, str]] = getattr(env, "saliency_audit_written", ("", {}))
    before, sources_before = kept
    # Kept with the pages as they were read, so only of a build without a warning.
    env.saliency_audit_written = names, sources  # type: ignore[attr-defined]
    folder = Path(app.outdir) / SOURCES
    if sources.keys() != sources_before.keys():  # they name each other
        shutil.rmtree(folder, ignore_errors=True)
    for name, state in sources.items():
        if sources_before.get(name) != state:
            (folder / f"{name.replace('.', '/')}.html").unlink(missing_ok=True)
    return [] if names == before else sorted(env.found_docs)


def named_things(env: BuildEnvironment) -> Iterator[tuple[Any, ...]]:
    """Everything of the pages that other pages may show or link to."""
    yield from ((page, title.astext()) for page, title in env.titles.items())
    yield from ((page, title.astext()) for page, title in env.longtitles.items())
    # Headings with their anchors; then what a table of contents lists, and numbers.
    yield from ((page, contents.pformat()) for page, contents in env.tocs.items())
    for by_page in (env.toctree_includes, env.toc_secnumbers, env.toc_fignumbers):
        yield from by_page.items()
    for page, about in env.metadata.items():
        yield page, about.get("myst_slugs")
    for name, domain in env.domains.items():
        yield from ((name, *thing) for thing in domain.get_objects())
    # What these domains do not list, or list without its text.
    standard = env.domaindata["std"]
    yield from standard["labels"].items()
    yield from standard["anonlabels"].items()
    yield from env.domaindata["math"]["objects"].items()
    yield from env.domaindata["citation"]["citations"].items()
    for citation in env.domaindata.get("cite", {}).get("citations", ()):  # of papers
        page = citation.bibliography_key.docname
        yield page, citation.citation_id, citation.key, citation.formatted_entry.label


def source_pages(env: BuildEnvironment) -> dict[str, str]:
    """Checksum of what `viewcode` makes the page of a module from, by the module's name."""
    modules: Mapping[str, Any] = getattr(env, "_viewcode_modules", {})
    return {
        name: digest([(entry[0], entry[3]), *entry[2].items()]) if entry else ""
        for name, entry in modules.items()
    }


def digest(things: Iterable[tuple[Any, ...]]) -> str:
    """SHA-256 of plain values in any order."""
    return hashlib.sha256("\n".join(sorted(map(repr, things))).encode()).hexdigest()


def delete_unused(app: Sphinx, exception: Exception | None) -> None:
    """Delete images and downloads that no page has any more (Sphinx event `build-finished`)."""
    if exception is not None or app.builder.format != "html":
        return
    images = {*app.builder.images.values(), *(name for _, name in app.env.images.values())}
    downloads = {str(name) for _, name in app.env.dlfiles.values()}
    for folder, used in (("_images", images), ("_downloads", downloads)):
        top = Path(app.outdir) / folder
        for path in top.rglob("*"):
            if path.is_file() and path.relative_to(top).as_posix() not in used:
                path.unlink()
