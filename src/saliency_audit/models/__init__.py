"""Classifiers by name, their weights and their training."""

from saliency_audit.digests import state_digest
from saliency_audit.models.catalog import (
    CLASSIFIERS,
    Classifier,
    load_classifier,
    weights_path,
)
from saliency_audit.models.folds import stratified_folds
from saliency_audit.models.training import TrainingPlan, train

__all__ = [
    "CLASSIFIERS",
    "Classifier",
    "TrainingPlan",
    "load_classifier",
    "state_digest",
    "stratified_folds",
    "train",
    "weights_path",
]
