"""Internal audits: does a claim follow from its paper's own printed numbers or algebra?

One module per paper, one function per claim, registered under the claim's id. Each returns an
`InternalAudit`; none needs a model, a data set or a recorded row.
"""

from importlib import import_module

from saliency_audit.ledger.internal.registry import (
    InternalTestError,
    has_internal_test,
    internal_test,
    internal_tests,
    run_internal_test,
)

for _paper in ("idgi", "dre", "mege", "xmgd", "ggig"):
    import_module(f"{__name__}.{_paper}")

__all__ = [
    "InternalTestError",
    "has_internal_test",
    "internal_test",
    "internal_tests",
    "run_internal_test",
]
