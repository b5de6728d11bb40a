"""Which function audits which claim."""

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

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


def internal_tests() -> Mapping[str, Callable[[], InternalAudit]]:
    """Every internal test by the id of its claim, to show where it stands."""
    return MappingProxyType(_TESTS)


@cache
def run_internal_test(claim_id: str) -> InternalAudit:
    """Run the internal audit of a claim, once per process: it rests on files in the repository."""
    if claim_id not in _TESTS:
        raise InternalTestError(f"no internal test for claim {claim_id}")
    return _TESTS[claim_id]()
