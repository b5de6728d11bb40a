"""The ten methods that the DRE paper compares, with the settings of its §4.1."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from saliency_audit.attributions import Explainer, create
from saliency_audit.attributions.registry import TRAINED
from saliency_audit.errors import refuse_unknown
from saliency_audit.models.catalog import TRAINED_HERE
from saliency_audit.study.estimators import (
    Setting,
    dre_setting,
    estimator,
    mgnet_setting,
    training_of,
)
from saliency_audit.study.inputs import Inputs, named_inputs
from saliency_audit.study.searched_masks import SearchedMask

# In the order of the paper's tables.
METHODS = (
    *("dre", "mgnet", "mpert", "finv", "xpert"),
    *("gradcam", "gradcam++", "saliency", "smoothgrad", "ig"),
)
VARIANTS = ("dre+self", "dre+mgnet")
# Those of them that take a few passes for a map.
QUICK = ("dre", "mgnet", "gradcam", "gradcam++", "saliency", "dre+mgnet")

# Widths of the methods that search a mask, in pixels of pictures of 224 × 224, for which the papers
# give them; other pictures get them in proportion. MPert then has 28 × 28 cells or nearly (32 × 32
# on pictures of 64, 26 × 26 on 128), so that its sums over cells, and with them λ₁ and λ₂, mean the
# same.
WIDTHS: dict[str, dict[str, float]] = {
    "mpert": {"stride": 8, "mask_blur": 5.0, "jitter": 4, "blur": 10.0},
    "finv": {"blur": 11.0},
    "xpert": {"step": 7, "sigma": 21.0, "blur": 20.0},
}
# The same methods with the backgrounds that DRE is trained with in place of their own.
SHARED = {f"{name}+shared": name for name in WIDTHS}
# The ten methods as the paper compares them: all that perturb have the same backgrounds (§4.1).
POOL = tuple(f"{name}+shared" if name in WIDTHS else name for name in METHODS)


@dataclass(frozen=True)
class Effort:
    """Iterations and points of the methods; the defaults are those of the paper's Table 2.

    Attributes:
        iterations: of MPert and XPert.
        inversions: iterations of FInv.
        samples: of SmoothGrad.
        steps: of IG.
    """

    iterations: int = 300
    inversions: int = 80
    samples: int = 50
    steps: int = 200


def asked_of(name: str, effort: Effort) -> int:
    """Iterations, samples or points that a method is asked for; 1 where it has none of them."""
    asked = {
        "mpert": effort.iterations,
        "xpert": effort.iterations,
        "finv": effort.inversions,
        "smoothgrad": effort.samples,
        "ig": effort.steps,
    }
    return asked.get(SHARED.get(name, name), 1)


def explainers(
    names: Sequence[str], model: str, training: Mapping[str, Any], effort: Effort, seed: int
) -> dict[str, Explainer]:
    """The methods of these names for a classifier of the catalogue.

    Masks are searched image by image, in double precision for the small networks that are trained
    here; for others, where that takes 8 times as long, in single. See `SearchedMask`.

    Args:
        names: of `METHODS`, `VARIANTS` and `SHARED`.
        model: the classifier, whose estimators are trained if they are not here.
        training: `n_train`, `epochs`, `filter_epochs` and `train_seed`; other entries are ignored.
        effort: of the methods that iterate.
        seed: of noise and backgrounds.
    """
    validate_methods(names)
    return {name: _explainer(name, model, training, effort, seed) for name in names}


def _explainer(
    name: str, model: str, training: Mapping[str, Any], effort: Effort, seed: int
) -> Explainer:
    base = SHARED.get(name, name)
    settings = _settings(base, effort, seed)
    if name in SHARED:
        settings |= {"perturbation": "shared"}
    if base in WIDTHS:
        return SearchedMask(base, settings, WIDTHS[base], double=model in TRAINED_HERE)
    if name in TRAINED:
        wanted = _trained(name, model, training)
        settings |= {field: estimator(setting) for field, setting in wanted.items()}
    return create(name, **settings)


def validate_methods(names: Sequence[str]) -> None:
    """Refuse methods that are not of this study, and an empty list.

    Raises:
        ValueError: names the unknown and the known ones.
    """
    if not names:
        raise ValueError("at least one method is needed")
    for name in names:
        refuse_unknown("method", name, (*METHODS, *VARIANTS, *SHARED))


def _settings(name: str, effort: Effort, seed: int) -> dict[str, Any]:
    settings: dict[str, dict[str, Any]] = {
        "mpert": {"iterations": effort.iterations, "seed": seed},
        "xpert": {"iterations": effort.iterations, "seed": seed},
        "finv": {"iterations": effort.inversions, "seed": seed},
        "smoothgrad": {"samples": effort.samples, "seed": seed},
        "ig": {"steps": effort.steps},
    }
    return settings.get(name, {})


def reads(given: Mapping[str, Any], *, objects: bool = False) -> Inputs:
    """What a task reads whose `explained` are names of methods; see `Inputs`.

    Args:
        given: parameters of the task.
        objects: whether it reads masks or boxes.
    """
    trained = [name for name in given["explained"] if name in TRAINED]
    settings = [_trained(name, given["model"], given).values() for name in trained]
    training = training_of(setting for each in settings for setting in each)
    return named_inputs(given, training=training, objects=objects)


reads_objects = partial(reads, objects=True)


def _trained(name: str, model: str, training: Mapping[str, Any]) -> dict[str, Setting]:
    """The settings of a method's estimators, by its fields."""
    setting = dre_setting(
        model,
        training["n_train"],
        training["epochs"],
        training["filter_epochs"],
        training["train_seed"],
    )
    if name == "mgnet":
        return {"estimator": mgnet_setting(setting)}
    own = {"estimator": setting}
    return own if name != "dre+mgnet" else own | {"mgnet": mgnet_setting(setting)}
