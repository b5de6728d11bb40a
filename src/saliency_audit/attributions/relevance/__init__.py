"""Relevance estimators: networks that generate the masks of a classifier in one pass."""

from saliency_audit.attributions.relevance.background import Background, preserved
from saliency_audit.attributions.relevance.estimator import (
    RelevanceEstimator,
    load_relevance_estimator,
)
from saliency_audit.attributions.relevance.explainers import (
    DRE,
    Combined,
    MGnet,
    RelevanceMask,
    SelfTuned,
    Trained,
)
from saliency_audit.attributions.relevance.generator import Design, MaskGenerator
from saliency_audit.attributions.relevance.layers import find_pyramid
from saliency_audit.attributions.relevance.objective import Objective
from saliency_audit.attributions.relevance.plan import EstimatorPlan
from saliency_audit.attributions.relevance.training import train_relevance_estimator

__all__ = [
    "DRE",
    "Background",
    "Combined",
    "Design",
    "EstimatorPlan",
    "MGnet",
    "MaskGenerator",
    "Objective",
    "RelevanceEstimator",
    "RelevanceMask",
    "SelfTuned",
    "Trained",
    "find_pyramid",
    "load_relevance_estimator",
    "preserved",
    "train_relevance_estimator",
]
