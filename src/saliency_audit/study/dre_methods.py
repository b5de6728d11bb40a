"""The ten methods that the DRE paper compares, with the settings of its §4.1."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from saliency_audit.attributions import Explainer, create
from saliency_audit.attributions.registry import TRAINED
from saliency_audit.errors import refuse_unknown
from saliency_audit.study.estimators import dre_setting, estimator, mgnet_setting

# In the order of the paper's tables.
METHODS = (
    *("dre", "mgnet", "mpert", "finv", "xpert"),
    *("gradcam", "gradcam++", "saliency", "smoothgrad", "ig"),
)
VARIANTS = ("dre+self", "dre+mgnet")


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


def explainers(
    names: Sequence[str], model: str, training: Mapping[str, Any], effort: Effort, seed: int
) -> dict[str, Explainer]:
    """The methods of these names for a classifier of the catalogue.

    Args:
        names: of `METHODS` and `VARIANTS`.
        model: the classifier, whose estimators are trained if they are not here.
        training: `n_train`, `epochs`, `filter_epochs` and `train_seed`; other entries are ignored.
        effort: of the methods that iterate.
        seed: of noise and backgrounds.
    """
    validate_methods(names)
    found = {}
    for name in names:
        settings = _settings(name, effort, seed)
        if name in TRAINED:
            settings |= _estimators(name, model, training)
        found[name] = create(name, **settings)
    return found


def validate_methods(names: Sequence[str]) -> None:
    """Refuse methods that are not of this study, and an empty list.

    Raises:
        ValueError: names the unknown and the known ones.
    """
    if not names:
        raise ValueError("at least one method is needed")
    for name in names:
        refuse_unknown("method", name, (*METHODS, *VARIANTS))


def _settings(name: str, effort: Effort, seed: int) -> dict[str, Any]:
    settings: dict[str, dict[str, Any]] = {
        "mpert": {"iterations": effort.iterations, "seed": seed},
        "xpert": {"iterations": effort.iterations},
        "finv": {"iterations": effort.inversions},
        "smoothgrad": {"samples": effort.samples, "seed": seed},
        "ig": {"steps": effort.steps},
    }
    return settings.get(name, {})


def _estimators(name: str, model: str, training: Mapping[str, Any]) -> dict[str, Any]:
    setting = dre_setting(
        model,
        training["n_train"],
        training["epochs"],
        training["filter_epochs"],
        training["train_seed"],
    )
    if name == "mgnet":
        return {"estimator": estimator(mgnet_setting(setting))}
    own = {"estimator": estimator(setting)}
    return own if name != "dre+mgnet" else own | {"mgnet": estimator(mgnet_setting(setting))}
