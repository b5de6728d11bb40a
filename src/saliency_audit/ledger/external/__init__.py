"""External tests: do our own recorded rows show what a claim says?

`TESTS` names every test. A test measures effects in rows (`evidence` has one module per kind:
paired values, curves, ladders of steps, folds, draws of changed models); `ending` judges them by
the one rule in `effect` and turns them into a verdict, for all tests alike. Claims that compare
methods on the same images need no code: `paired_difference` runs what the ledger declares. The
other modules of `tests` are named after the claims that they serve.
"""

from saliency_audit.ledger.external.ending import ExternalTest
from saliency_audit.ledger.external.result import (
    Comparison,
    ExternalResult,
    Headline,
    Outcome,
    Scope,
    ScopedResult,
    not_tested,
)
from saliency_audit.ledger.external.tests.dre_adhoc import largest_change
from saliency_audit.ledger.external.tests.dre_cost import passes_as_printed
from saliency_audit.ledger.external.tests.dre_pdf import distribution_agrees
from saliency_audit.ledger.external.tests.gg_pic import area_order
from saliency_audit.ledger.external.tests.gg_random import randomization_equivalence
from saliency_audit.ledger.external.tests.gg_sigma import sigma_perturbation
from saliency_audit.ledger.external.tests.gg_train import training_accuracy
from saliency_audit.ledger.external.tests.idgi_cost import cost
from saliency_audit.ledger.external.tests.idgi_illus import illustration_facts
from saliency_audit.ledger.external.tests.idgi_information import paired_area_improvement
from saliency_audit.ledger.external.tests.idgi_steps import step_sensitivity
from saliency_audit.ledger.external.tests.idgi_theorem import completeness, taylor_order
from saliency_audit.ledger.external.tests.mr_acc import accuracy_within
from saliency_audit.ledger.external.tests.mr_def_auc import (
    definitions_agree,
    rank_correlation_at_least,
)
from saliency_audit.ledger.external.tests.mr_dist import distance_sanity
from saliency_audit.ledger.external.tests.mr_fidelity import equivalent_under_degradation
from saliency_audit.ledger.external.tests.mr_hist import better_separation
from saliency_audit.ledger.external.tests.mr_lip import family_difference
from saliency_audit.ledger.external.tests.mr_prod import inflated_by_product
from saliency_audit.ledger.external.tests.mr_sanity import monotone_degradation
from saliency_audit.ledger.external.tests.mr_select import selected_above_others
from saliency_audit.ledger.external.tests.paired_difference import paired_difference
from saliency_audit.ledger.external.tests.within_limits import within_limits
from saliency_audit.ledger.external.tests.xm_corr import permuted_groups
from saliency_audit.ledger.external.tests.xm_scale import scale_difference
from saliency_audit.ledger.external.tests.xm_spread import spread_difference

TESTS: dict[str, ExternalTest] = {
    test.__name__: test
    for test in (
        paired_difference,
        paired_area_improvement,
        step_sensitivity,
        completeness,
        taylor_order,
        illustration_facts,
        cost,
        distribution_agrees,
        largest_change,
        passes_as_printed,
        training_accuracy,
        area_order,
        sigma_perturbation,
        randomization_equivalence,
        monotone_degradation,
        equivalent_under_degradation,
        selected_above_others,
        family_difference,
        better_separation,
        inflated_by_product,
        definitions_agree,
        rank_correlation_at_least,
        distance_sanity,
        accuracy_within,
        within_limits,
        scale_difference,
        spread_difference,
        permuted_groups,
    )
}

__all__ = [
    "TESTS",
    "Comparison",
    "ExternalResult",
    "ExternalTest",
    "Headline",
    "Outcome",
    "Scope",
    "ScopedResult",
    "not_tested",
]
