"""Which function audits which claim."""

from collections.abc import Callable
from functools import cache

from saliency_audit.ledger.verdict import InternalAudit

_TESTS: dict[str, Callable[[], InternalAudit]] = {}


class InternalTestError(KeyError):
    """A claim names an internal test that nobody wrote."""


def internal_test(
    claim_id: str,
) -> Callable[[Callable[[], InternalAudit]], Callable[[], InternalAudit]]:
    """Register the decorated function as the internal audit of `claim_id`."""

    def register(function: Callable[[], InternalAudit]) -> Callable[[], InternalAudit]:
        if claim_id in _TESTS:
            raise ValueError(f"claim {claim_id} has two internal tests")
        _TESTS[claim_id] = function
        return function

    return register


def has_internal_test(claim_id: str) -> bool:
    """Whether an internal audit is registered for the claim."""
    return claim_id in _TESTS


@cache
def run_internal_test(claim_id: str) -> InternalAudit:
    """Run the internal audit of a claim, once per process: it rests on files in the repository."""
    return internal_function(claim_id)()


def internal_function(claim_id: str) -> Callable[[], InternalAudit]:
    """The function behind the internal audit of a claim, to show where it stands."""
    if claim_id not in _TESTS:
        raise InternalTestError(f"no internal test for claim {claim_id}")
    return _TESTS[claim_id]
