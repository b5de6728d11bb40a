"""Internal audits: does a claim follow from its paper's own printed numbers or algebra?

A folder per paper with a module per claim, named after the claim's id: MR-DEF is
`mege.mr_def.mr_def`. Each test returns an `InternalAudit`; none needs a model, a data set or a
recorded row.
"""

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

from saliency_audit.ledger.internal import dre, ggig, idgi, mege, xmgd
from saliency_audit.ledger.verdict import InternalAudit

TESTS_BY_PAPER: Mapping[str, Mapping[str, Callable[[], InternalAudit]]] = MappingProxyType(
    {
        "idgi": idgi.TESTS,
        "dre": dre.TESTS,
        "mege": mege.TESTS,
        "xmgd": xmgd.TESTS,
        "ggig": ggig.TESTS,
    }
)
"""The internal tests of each paper, by the id of their claim."""

TESTS: Mapping[str, Callable[[], InternalAudit]] = MappingProxyType(
    {claim: test for tests in TESTS_BY_PAPER.values() for claim, test in tests.items()}
)
"""Every internal test by the id of its claim."""


@cache
def run_internal_test(claim_id: str) -> InternalAudit:
    """Run the internal audit of a claim, once per process: it rests on files in the repository."""
    return TESTS[claim_id]()
