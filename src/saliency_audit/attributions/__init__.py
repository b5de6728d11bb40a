"""Explanation methods: (model, inputs, targets) -> attribution maps `(N, C, H, W)`."""

from saliency_audit.attributions.path_attribution import PathAttribution, walk
from saliency_audit.attributions.paths import Path, StraightPath
from saliency_audit.attributions.reduction import saliency
from saliency_audit.attributions.registry import Explainer, available, create
from saliency_audit.attributions.rules import IDGI, Riemann, Rule

__all__ = [
    "IDGI",
    "Explainer",
    "Path",
    "PathAttribution",
    "Riemann",
    "Rule",
    "StraightPath",
    "available",
    "create",
    "saliency",
    "walk",
]
