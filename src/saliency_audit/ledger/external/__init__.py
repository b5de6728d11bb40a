"""External tests: do our own recorded rows show what a claim says?

A test takes the rows of an experiment and the parameters that the ledger declares, and returns an
`ExternalResult`. Its rule is the one the ledger states; nothing is decided by hand. One module per
kind of question; `rule` holds what they decide alike.
"""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from saliency_audit.ledger.external.accuracy import accuracy_within
from saliency_audit.ledger.external.area_order import area_order
from saliency_audit.ledger.external.areas import paired_area_improvement
from saliency_audit.ledger.external.background import background_share
from saliency_audit.ledger.external.baselines import baseline_dependence
from saliency_audit.ledger.external.cost import cost
from saliency_audit.ledger.external.definitions import (
    definitions_agree,
    rank_correlation_at_least,
)
from saliency_audit.ledger.external.degradation import (
    equivalent_under_degradation,
    monotone_degradation,
)
from saliency_audit.ledger.external.distances import distance_sanity
from saliency_audit.ledger.external.families import (
    better_separation,
    family_difference,
    family_difference_and_ranking,
)
from saliency_audit.ledger.external.illustration import illustration_facts
from saliency_audit.ledger.external.jpeg import jpeg_stability
from saliency_audit.ledger.external.paired import paired_difference, paired_improvement
from saliency_audit.ledger.external.perturbation import sigma_perturbation
from saliency_audit.ledger.external.product import inflated_by_product
from saliency_audit.ledger.external.randomization import randomization_equivalence
from saliency_audit.ledger.external.result import Comparison, ExternalResult, not_tested
from saliency_audit.ledger.external.selection import among_the_first
from saliency_audit.ledger.external.similarity import paired_similarity
from saliency_audit.ledger.external.steps import step_sensitivity
from saliency_audit.ledger.external.theorem import completeness, taylor_order
from saliency_audit.ledger.external.top_pixels import top_pixels
from saliency_audit.ledger.external.training import training_accuracy

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
        monotone_degradation,
        equivalent_under_degradation,
        among_the_first,
        family_difference,
        family_difference_and_ranking,
        better_separation,
        inflated_by_product,
        definitions_agree,
        rank_correlation_at_least,
        distance_sanity,
        training_accuracy,
        paired_similarity,
        sigma_perturbation,
        randomization_equivalence,
        accuracy_within,
        area_order,
        baseline_dependence,
        background_share,
        top_pixels,
    )
}

__all__ = [
    "TESTS",
    "Comparison",
    "ExternalResult",
    "accuracy_within",
    "among_the_first",
    "area_order",
    "background_share",
    "baseline_dependence",
    "better_separation",
    "completeness",
    "cost",
    "definitions_agree",
    "distance_sanity",
    "equivalent_under_degradation",
    "family_difference",
    "family_difference_and_ranking",
    "illustration_facts",
    "inflated_by_product",
    "jpeg_stability",
    "monotone_degradation",
    "not_tested",
    "paired_area_improvement",
    "paired_difference",
    "paired_improvement",
    "randomization_equivalence",
    "rank_correlation_at_least",
    "sigma_perturbation",
    "step_sensitivity",
    "taylor_order",
    "top_pixels",
]
