"""Metrics of maps. A metric that has a value for every image returns one per image."""

from saliency_audit.metrics.deletion import DeletionScore, deletion_score
from saliency_audit.metrics.divergence import frechet_distance, kl_divergence
from saliency_audit.metrics.faithfulness import (
    Faithfulness,
    faithfulness,
    normalised_over_methods,
)
from saliency_audit.metrics.fitted_maps import fit_maps
from saliency_audit.metrics.fold_distances import (
    FoldDistances,
    rank_distances,
    sorted_by_agreement,
)
from saliency_audit.metrics.gaussian_mixtures import WeightedMixture
from saliency_audit.metrics.information_curve import (
    InformationCurves,
    InformationPoints,
    curve_area,
    image_areas,
    information_curve,
    information_curves,
    information_points,
)
from saliency_audit.metrics.insertion import InsertionScore, insertion_score
from saliency_audit.metrics.insertion_correlation import insertion_correlation
from saliency_audit.metrics.jpeg import jpeg_copy, jpeg_stability
from saliency_audit.metrics.localisation import (
    box_iou,
    explainability,
    mass_inside,
    pointing_game,
    region_iou,
    widened,
)
from saliency_audit.metrics.masked_confidence import (
    MaskedConfidence,
    average_drop,
    average_drop_in_deletion,
    increase_in_confidence,
    masked_confidence,
)
from saliency_audit.metrics.masks import map_area, total_variation
from saliency_audit.metrics.mixture import gaussian_wasserstein_squared, mixture_wasserstein
from saliency_audit.metrics.ms_ssim import ms_ssim
from saliency_audit.metrics.mu_fidelity import mu_fidelity
from saliency_audit.metrics.multi_scale import MultiScale, ScaledMixtures
from saliency_audit.metrics.sequences import xmgd_of_sequences
from saliency_audit.metrics.similarity import (
    dice,
    norm_distance,
    normalized_mse,
    spearman,
    ssim,
    wasserstein1,
    weighted_jaccard,
)
from saliency_audit.metrics.skewness import pearson_skewness
from saliency_audit.metrics.stability import mege, reco, reco_auc
from saliency_audit.metrics.taylor import taylor_error
from saliency_audit.metrics.top_pixels import connected_components, share_within, top_pixels
from saliency_audit.metrics.weighted_mixture import fit_weighted_gmm
from saliency_audit.metrics.xmgd import xmgd, xmgd_matrix, xmgd_terms

__all__ = [
    "DeletionScore",
    "Faithfulness",
    "FoldDistances",
    "InformationCurves",
    "InformationPoints",
    "InsertionScore",
    "MaskedConfidence",
    "MultiScale",
    "ScaledMixtures",
    "WeightedMixture",
    "average_drop",
    "average_drop_in_deletion",
    "box_iou",
    "connected_components",
    "curve_area",
    "deletion_score",
    "dice",
    "explainability",
    "faithfulness",
    "fit_maps",
    "fit_weighted_gmm",
    "frechet_distance",
    "gaussian_wasserstein_squared",
    "image_areas",
    "increase_in_confidence",
    "information_curve",
    "information_curves",
    "information_points",
    "insertion_correlation",
    "insertion_score",
    "jpeg_copy",
    "jpeg_stability",
    "kl_divergence",
    "map_area",
    "masked_confidence",
    "mass_inside",
    "mege",
    "mixture_wasserstein",
    "ms_ssim",
    "mu_fidelity",
    "norm_distance",
    "normalised_over_methods",
    "normalized_mse",
    "pearson_skewness",
    "pointing_game",
    "rank_distances",
    "reco",
    "reco_auc",
    "region_iou",
    "share_within",
    "sorted_by_agreement",
    "spearman",
    "ssim",
    "taylor_error",
    "top_pixels",
    "total_variation",
    "wasserstein1",
    "weighted_jaccard",
    "widened",
    "xmgd",
    "xmgd_matrix",
    "xmgd_of_sequences",
    "xmgd_terms",
]
