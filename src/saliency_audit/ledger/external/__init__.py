"""External tests: do our own recorded rows show what a claim says?

A test takes the rows of an experiment and the parameters that the ledger declares, and returns an
`ExternalResult`. Its rule is the one the ledger states; nothing is decided by hand. One module per
kind of question; `rule` holds what they decide alike.
"""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from saliency_audit.ledger.external.areas import paired_area_improvement
from saliency_audit.ledger.external.cost import cost
from saliency_audit.ledger.external.illustration import illustration_facts
from saliency_audit.ledger.external.jpeg import jpeg_stability
from saliency_audit.ledger.external.paired import paired_difference, paired_improvement
from saliency_audit.ledger.external.result import Comparison, ExternalResult, not_tested
from saliency_audit.ledger.external.steps import step_sensitivity
from saliency_audit.ledger.external.theorem import completeness, taylor_order

TESTS: dict[str, Callable[[pd.DataFrame, Mapping[str, Any]], ExternalResult]] = {
    test.__name__: test
    for test in (
        paired_improvement,
        paired_area_improvement,
        step_sensitivity,
        jpeg_stability,
        completeness,
        taylor_order,
        illustration_facts,
        cost,
        paired_difference,
    )
}

__all__ = [
    "TESTS",
    "Comparison",
    "ExternalResult",
    "completeness",
    "cost",
    "illustration_facts",
    "jpeg_stability",
    "not_tested",
    "paired_area_improvement",
    "paired_difference",
    "paired_improvement",
    "step_sensitivity",
    "taylor_order",
]
