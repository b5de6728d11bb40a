"""Numbers about maps. A metric with a value per image returns it per image."""

from saliency_audit.metrics.insertion import InsertionScore, insertion_score
from saliency_audit.metrics.mixture import gaussian_wasserstein_squared, mixture_wasserstein
from saliency_audit.metrics.stability import mege, reco, reco_auc

__all__ = [
    "InsertionScore",
    "gaussian_wasserstein_squared",
    "insertion_score",
    "mege",
    "mixture_wasserstein",
    "reco",
    "reco_auc",
]
