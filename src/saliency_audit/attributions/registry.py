"""Methods by name."""

import inspect
from collections.abc import Callable
from typing import Any

from torch import Tensor

from saliency_audit.attributions.arguments import Method
from saliency_audit.attributions.blur_path import BlurPath
from saliency_audit.attributions.controls import Edge, RandomMap
from saliency_audit.attributions.deeplift import DeepLift
from saliency_audit.attributions.extremal_perturbation import ExtremalPerturbation
from saliency_audit.attributions.feature_inversion import FeatureInversion
from saliency_audit.attributions.ggig import GGIG
from saliency_audit.attributions.gradcam import GradCam, GradCamPlusPlus
from saliency_audit.attributions.gradients import GradientInput, Saliency
from saliency_audit.attributions.guided_backprop import GuidedBackprop
from saliency_audit.attributions.guided_path import GuidedPath
from saliency_audit.attributions.meaningful_perturbation import MeaningfulPerturbation
from saliency_audit.attributions.path_attribution import PathAttribution
from saliency_audit.attributions.paths import Path
from saliency_audit.attributions.quadrature import weights
from saliency_audit.attributions.relevance.explainers import DRE, Combined, MGnet, SelfTuned
from saliency_audit.attributions.rise import Rise
from saliency_audit.attributions.rules import IDGI, MeanGradient, Riemann, Rule
from saliency_audit.attributions.smoothgrad import SmoothGrad
from saliency_audit.attributions.straight_path import StraightPath

# (model, inputs `(N, C, H, W)`, targets) -> maps; see `create`.
Explainer = Callable[..., Tensor]


PATHS: dict[str, type[Path]] = {"ig": StraightPath, "gig": GuidedPath, "blurig": BlurPath}
RULES: dict[str, Rule] = {"": Riemann(), "+idgi": IDGI()}


def _path_method(path: type[Path], rule: Rule) -> Callable[..., Explainer]:
    own = set(inspect.signature(path).parameters)

    def build(**settings: Any) -> Explainer:
        of_path = {name: settings.pop(name) for name in own & settings.keys()}
        return PathAttribution(path(**of_path), rule, **settings)

    return build


def _without_product(
    steps: int = StraightPath.steps, quadrature: str = StraightPath.quadrature, **settings: Any
) -> Explainer:
    """Integrated Gradients before the product with x − x′."""
    path = StraightPath(steps, quadrature)
    return PathAttribution(path, MeanGradient(weights(quadrature, steps)), **settings)


_METHODS: dict[str, Callable[..., Explainer]] = {
    "saliency": Saliency,
    "gradient_input": GradientInput,
    "smoothgrad": SmoothGrad,
    "guided_backprop": GuidedBackprop,
    "deeplift": DeepLift,
    **{
        f"{name}{suffix}": _path_method(path, rule)
        for name, path in PATHS.items()
        for suffix, rule in RULES.items()
    },
    "ig_without_product": _without_product,
    "ggig": GGIG,
    "gradcam": GradCam,
    "gradcam++": GradCamPlusPlus,
    "rise": Rise,
    "mpert": MeaningfulPerturbation,
    "finv": FeatureInversion,
    "xpert": ExtremalPerturbation,
    "edge": Edge,
    "random": RandomMap,
}

# Masks of an `estimator` that was trained for the model (`train_relevance_estimator`).
TRAINED: dict[str, Callable[..., Explainer]] = {
    "dre": DRE,
    "mgnet": MGnet,
    "dre+self": SelfTuned,
    "dre+mgnet": Combined,
}


def available() -> tuple[str, ...]:
    """Names that `create` takes; those in `TRAINED` need an estimator, all others the model."""
    return tuple(sorted((*_METHODS, *TRAINED)))


# What every method takes beside the settings of its own.
SHARED_SETTINGS = tuple(inspect.signature(Method).parameters)


def settings_of(name: str) -> tuple[str, ...]:
    """Names of the settings of its own that a method takes, beside those that all take.

    Args:
        name: one of `available()`.
    """
    path = name.removesuffix("+idgi").removesuffix("_without_product")
    parts = (PATHS[path], PathAttribution) if path in PATHS else ((_METHODS | TRAINED)[name],)
    found = (setting for part in parts for setting in inspect.signature(part).parameters)
    return tuple(item for item in found if item not in ("path", "rule", *SHARED_SETTINGS))


def create(name: str, **settings: Any) -> Explainer:
    """An explanation method by its name: `create("ig+idgi", steps=64)(model, inputs, targets)`.

    Args:
        name: one of `available()`.
        settings: the method's own fields, such as `steps`, `output`, `batch_size`; and
            `check_range=False` to explain inputs outside [0, 1] too (`Method`).

    Returns:
        A callable (model, inputs `(N, C, H, W)`, targets) -> maps `(N, C, H, W)`; C is 1 for
        methods with one value per location (`gradcam`, `gradcam++`, `rise`, `mpert`, `finv`,
        `xpert`, `mgnet` and all of DRE). The model is a module or any other callable. The targets
        are class indices, one per image or one for all, in any form of `Targets`; without, a map
        explains the class that the model, in evaluation mode, predicts for its image. Methods that
        compare with a baseline take one as a fourth argument, `baselines`, in any form that
        `baselines_for` takes.

    Raises:
        ValueError: unknown name or setting, or an estimator of another method.
    """
    if name not in available():
        raise ValueError(f"unknown method {name!r}; available: {', '.join(available())}")
    known = (*settings_of(name), *SHARED_SETTINGS)
    if unknown := sorted(settings.keys() - known):
        raise ValueError(
            f"method {name!r} has no setting {', '.join(map(repr, unknown))}; it has "
            f"{', '.join(known)}"
        )
    return (_METHODS | TRAINED)[name](**settings)
