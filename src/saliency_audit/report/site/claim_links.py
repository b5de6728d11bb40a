"""A claim's id in running text becomes a link to its page."""

import re
from collections.abc import Iterable

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform

FOLDER = "book/claims/"
# Text inside these stays as it is.
_CLOSED = (
    nodes.literal,
    nodes.FixedTextElement,
    nodes.reference,
    nodes.title,
    nodes.raw,
    nodes.math,
    addnodes.pending_xref,
    addnodes.download_reference,
    addnodes.desc_signature,
)


class ClaimLinks(SphinxTransform):
    """Link every id whose page exists, except on that page and in code, links and headings."""

    default_priority = 700

    def apply(self, **kwargs: object) -> None:
        """Replace the ids in the document."""
        known = claim_pages(self.env.found_docs)
        known = {name: page for name, page in known.items() if page != self.env.docname}
        for node in list(self.document.findall(nodes.Text)):
            if not _is_closed(node) and (parts := split_at_ids(node.astext(), known)):
                node.parent.replace(node, [self._part(*part) for part in parts])

    def _part(self, text: str, page: str | None) -> nodes.Node:
        if page is None:
            return nodes.Text(text)
        return addnodes.pending_xref(
            "",
            nodes.inline(text, text, classes=["claim-id"]),
            refdomain="std",
            reftype="doc",
            reftarget=f"/{page}",
            refdoc=self.env.docname,
            refexplicit=True,
            refwarn=True,
        )


def claim_pages(docnames: Iterable[str]) -> dict[str, str]:
    """Claim id -> page, for the pages that exist."""
    return {name.removeprefix(FOLDER).upper(): name for name in docnames if name.startswith(FOLDER)}


def split_at_ids(text: str, known: dict[str, str]) -> list[tuple[str, str | None]]:
    """The text in pieces, each id with its page; empty if no known id occurs."""
    if not known:
        return []
    longest_first = sorted(known, key=len, reverse=True)
    pattern = rf"(?<![\w-])({'|'.join(map(re.escape, longest_first))})(?![\w-])"
    pieces = re.split(pattern, text)
    if len(pieces) == 1:
        return []
    return [(piece, known.get(piece)) for piece in pieces if piece]


def _is_closed(node: nodes.Node) -> bool:
    parent = node.parent
    while parent is not None:
        if isinstance(parent, _CLOSED):
            return True
        parent = parent.parent
    return False
