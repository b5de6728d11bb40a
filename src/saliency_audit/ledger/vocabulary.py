"""The names a ledger entry may use."""

from saliency_audit.metrics.registry import METRICS as DECLARED

# In the order of the book.
PAPERS = ("idgi", "dre", "mege", "xmgd", "ggig")

# What claims are about beside the metrics of `saliency_audit.metrics`. A name may stand in the
# ledger before its code exists; the claim is then marked planned.
_OTHERS = """
    faithfulness increase_in_confidence average_drop average_drop_in_deletion insertion_correlation
    xmgd fit_weighted_gmm kl_divergence pearson_skewness frechet_distance completeness_error
    throughput pass_count accuracy map_area total_variation background_mass histogram_overlap
    ks_distance
"""
METRICS = frozenset((*DECLARED, *_OTHERS.split()))


def experiments() -> frozenset[str]:
    """Names of the experiments that can be computed."""
    from saliency_audit.study import available

    return frozenset(available())


def external_tests() -> frozenset[str]:
    """Names of the external tests."""
    from saliency_audit.ledger.external import TESTS

    return frozenset(TESTS)
