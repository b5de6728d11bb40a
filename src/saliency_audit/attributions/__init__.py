"""Explanation methods: (model, inputs, targets) -> attribution maps `(N, C, H, W)`."""

from saliency_audit.attributions.arguments import Method
from saliency_audit.attributions.ascending_path import AscendingPath
from saliency_audit.attributions.blur_path import BlurPath
from saliency_audit.attributions.controller import DistributionController, control, standardise
from saliency_audit.attributions.controls import Edge, RandomMap
from saliency_audit.attributions.deeplift import DeepLift
from saliency_audit.attributions.extremal_perturbation import ExtremalPerturbation
from saliency_audit.attributions.feature_inversion import FeatureInversion
from saliency_audit.attributions.ggig import GGIG
from saliency_audit.attributions.gradcam import GradCam, GradCamPlusPlus
from saliency_audit.attributions.gradients import GradientInput, Saliency
from saliency_audit.attributions.guided_backprop import GuidedBackprop
from saliency_audit.attributions.guided_path import GuidedPath
from saliency_audit.attributions.layers import LAST_CONVOLUTION
from saliency_audit.attributions.meaningful_perturbation import MeaningfulPerturbation
from saliency_audit.attributions.path_attribution import PathAttribution, walk
from saliency_audit.attributions.paths import Path
from saliency_audit.attributions.quantus_adapter import quantus_explain
from saliency_audit.attributions.reduction import saliency
from saliency_audit.attributions.registry import Explainer, available, create
from saliency_audit.attributions.rise import Rise
from saliency_audit.attributions.rules import (
    IDGI,
    Maximum,
    MeanGradient,
    MeanOfMaxima,
    Riemann,
    Rule,
)
from saliency_audit.attributions.smoothgrad import SmoothGrad
from saliency_audit.attributions.smoothing import Smooth, smooth
from saliency_audit.attributions.straight_path import StraightPath

__all__ = [
    "GGIG",
    "IDGI",
    "LAST_CONVOLUTION",
    "AscendingPath",
    "BlurPath",
    "DeepLift",
    "DistributionController",
    "Edge",
    "Explainer",
    "ExtremalPerturbation",
    "FeatureInversion",
    "GradCam",
    "GradCamPlusPlus",
    "GradientInput",
    "GuidedBackprop",
    "GuidedPath",
    "Maximum",
    "MeanGradient",
    "MeanOfMaxima",
    "MeaningfulPerturbation",
    "Method",
    "Path",
    "PathAttribution",
    "RandomMap",
    "Riemann",
    "Rise",
    "Rule",
    "Saliency",
    "Smooth",
    "SmoothGrad",
    "StraightPath",
    "available",
    "control",
    "create",
    "quantus_explain",
    "saliency",
    "smooth",
    "standardise",
    "walk",
]
