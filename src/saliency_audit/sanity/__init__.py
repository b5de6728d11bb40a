"""Sanity checks of any explanation method on any model: what a map must depend on, and must not."""

from saliency_audit.sanity.backgrounds import BACKGROUNDS, mass_outside, replace_background
from saliency_audit.sanity.baselines import DIFFERENCE, baseline_similarity
from saliency_audit.sanity.comparison import (
    MEASURES,
    SCALINGS,
    SIGNS,
    similarities,
    similarity_rows,
)
from saliency_audit.sanity.controls import RandomPerModel
from saliency_audit.sanity.parameters import (
    perturbed_weights,
    randomised_layers,
    unrelated_models,
)

__all__ = [
    "BACKGROUNDS",
    "DIFFERENCE",
    "MEASURES",
    "SCALINGS",
    "SIGNS",
    "RandomPerModel",
    "baseline_similarity",
    "mass_outside",
    "perturbed_weights",
    "randomised_layers",
    "replace_background",
    "similarities",
    "similarity_rows",
    "unrelated_models",
]
