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

TESTS: Mapping[str, Callable[[], InternalAudit]] = MappingProxyType(
    {**idgi.TESTS, **dre.TESTS, **mege.TESTS, **xmgd.TESTS, **ggig.TESTS}
)
"""Every internal test by the id of its claim."""


@cache
def run_internal_test(claim_id: str) -> InternalAudit:
    """Run the internal audit of a claim, once per process: it rests on files in the repository."""
    return TESTS[claim_id]()
