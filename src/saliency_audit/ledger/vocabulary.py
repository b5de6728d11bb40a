"""The names a ledger entry may use."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from saliency_audit.metrics.registry import METRICS as DECLARED

if TYPE_CHECKING:
    from saliency_audit.ledger.external import ExternalTest

# In the order of the book.
PAPERS = ("idgi", "dre", "mege", "xmgd", "ggig")

# Metrics of claims beside those of `saliency_audit.metrics`. A name may stand in the ledger before
# its code exists; the claim is then marked planned.
_OTHERS = """
    xmgd fit_weighted_gmm frechet_distance completeness_error
    throughput pass_count accuracy background_mass histogram_overlap
    ks_distance
"""
METRICS = frozenset((*DECLARED, *_OTHERS.split()))


def experiments() -> frozenset[str]:
    """Names of the experiments that can be computed."""
    from saliency_audit.study import available

    return frozenset(available())


def columns_of(experiment: str) -> tuple[str, ...]:
    """The columns of an experiment's rows, as they are read."""
    from saliency_audit.study import get_experiment

    return tuple(column.name for column in get_experiment(experiment).columns)


def external_tests() -> Mapping[str, "ExternalTest"]:
    """The external tests by their names."""
    from saliency_audit.ledger.external import TESTS

    return TESTS
