"""The names a ledger entry may use."""

# Every metric of the five papers, by its name in `saliency_audit.metrics`. A name may stand in the
# ledger before its code exists (the claim is then marked planned).
METRICS = frozenset(
    """
    insertion_score information_curve faithfulness explainability mu_fidelity
    increase_in_confidence average_drop average_drop_in_deletion insertion_correlation
    mege reco reco_auc xmgd fit_weighted_gmm mixture_wasserstein
    jpeg_stability spearman ssim kl_divergence weighted_jaccard normalized_mse dice wasserstein1
    pearson_skewness frechet_distance completeness_error taylor_error box_iou throughput
    pass_count accuracy map_area total_variation background_mass pointing_game edge_overlap
    connected_components object_precision histogram_overlap ks_distance l1_distance l2_distance
    """.split()
)


def experiments() -> frozenset[str]:
    """Names of the experiments that can be computed."""
    from saliency_audit.study import available

    return frozenset(available())


def external_tests() -> frozenset[str]:
    """Names of the external tests."""
    from saliency_audit.ledger.external import TESTS

    return frozenset(TESTS)
