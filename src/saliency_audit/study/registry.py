"""Experiments by name."""

from saliency_audit.study.experiment import Experiment, ParameterError
from saliency_audit.study.experiments import (
    dre_backgrounds,
    dre_batch_norm,
    dre_cost,
    dre_cutouts,
    dre_density,
    dre_misclassified,
    dre_monotony,
    dre_pictures,
    dre_scores,
    dre_settings,
    dre_sides,
    dre_skewness,
    dre_training,
    ggig_background,
    ggig_climb,
    ggig_climb_checks,
    ggig_cutouts,
    ggig_information_curves,
    ggig_mnist,
    ggig_product,
    ggig_randomization,
    ggig_settings,
    ggig_sigma,
    ggig_sparse,
    ggig_training,
    idgi_beyond,
    idgi_cost,
    idgi_illustration,
    idgi_jpeg,
    idgi_scores,
    idgi_settings,
    idgi_theorem,
    mege_accuracy,
    mege_distances,
    mege_stability,
    method_cost,
    xmgd_correlation,
    xmgd_equivalence,
    xmgd_model_metrics,
    xmgd_noise,
    xmgd_scales,
    xmgd_sensitivity,
    xmgd_sequence,
    xmgd_set_size,
    xmgd_spread,
    xmgd_time,
    xmgd_transport,
)

_EXPERIMENTS: dict[str, Experiment] = {
    module.EXPERIMENT.name: module.EXPERIMENT
    for module in (
        idgi_scores,
        idgi_settings,
        idgi_theorem,
        idgi_jpeg,
        idgi_illustration,
        idgi_cost,
        idgi_beyond,
        dre_density,
        dre_skewness,
        dre_monotony,
        dre_scores,
        dre_settings,
        dre_pictures,
        dre_misclassified,
        dre_cost,
        dre_cutouts,
        dre_backgrounds,
        dre_batch_norm,
        dre_sides,
        dre_training,
        mege_accuracy,
        mege_distances,
        mege_stability,
        xmgd_model_metrics,
        xmgd_equivalence,
        xmgd_transport,
        xmgd_time,
        xmgd_scales,
        xmgd_spread,
        xmgd_correlation,
        xmgd_noise,
        xmgd_set_size,
        xmgd_sensitivity,
        xmgd_sequence,
        ggig_training,
        ggig_mnist,
        ggig_settings,
        method_cost,
        ggig_sigma,
        ggig_randomization,
        ggig_information_curves,
        ggig_product,
        ggig_background,
        ggig_cutouts,
        ggig_sparse,
        ggig_climb,
        ggig_climb_checks,
    )
}


def available() -> tuple[str, ...]:
    """Names that `get_experiment` takes."""
    return tuple(_EXPERIMENTS)


def get_experiment(name: str) -> Experiment:
    """An experiment by its name.

    Raises:
        ParameterError: unknown name.
    """
    if name not in _EXPERIMENTS:
        raise ParameterError(f"unknown experiment {name!r}; known: {', '.join(_EXPERIMENTS)}")
    return _EXPERIMENTS[name]
