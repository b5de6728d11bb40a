"""The methods that the experiments on GGIG run: the paper's three, its controls, others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from saliency_audit.attributions import (
    GGIG,
    LAST_CONVOLUTION,
    Explainer,
    create,
)
from saliency_audit.attributions.registry import PATHS
from saliency_audit.errors import refuse_unknown
from saliency_audit.study.experiment import Labels
from saliency_audit.study.paths import GUIDED_TOGETHER
from saliency_audit.study.shared_columns import shared

# What the paper calls GRAD, IG and GGIG.
PAPER = ("saliency", "ig_without_product", "ggig")
CONTROLS = ("edge", "random")
WITH_PRODUCT = "ig"
VARIANTS: dict[str, dict[str, Any]] = {
    "ggig_absolute": {"absolute": True},
    "ggig_trapezoid": {"trapezoid": True},
}
# By name, since recorded rows are of these: methods that are new to the library are not among them.
METHODS = (
    *PAPER,
    *VARIANTS,
    WITH_PRODUCT,
    *("blurig", "blurig+idgi", "deeplift", "gig", "gig+idgi", "gradcam", "gradcam++"),
    *("gradient_input", "guided_backprop", "ig+idgi", "rise", "smoothgrad"),
    *CONTROLS,
)
# These take at most as many gradients as IG, so they also run on photographs. Guided
# backpropagation is left out: it is not defined for the ReLU6 of MobileNetV2.
CHEAP = (WITH_PRODUCT, "ig+idgi", "gradient_input", "deeplift", "gradcam", "gradcam++")
SAMPLERS = ("smoothgrad", "rise", "random")


@dataclass(frozen=True)
class Effort:
    """How many points the methods take, and GGIG's climb.

    Attributes:
        steps: points on the line of IG and on the other paths, both ends included.
        ascents: steps of GGIG's climb from each point.
        learning_rate: of GGIG's climb.
        samples: of SmoothGrad.
        masks: of RISE.
        climb_points: points on GGIG's line, each of which costs `ascents` gradients; None: `steps`.
    """

    steps: int = 51
    ascents: int = 200
    learning_rate: float = 1e-4
    samples: int = 50
    masks: int = 1000
    climb_points: int | None = None


def effort_in(given: Mapping[str, Any]) -> Effort:
    """The effort that parameters of an experiment or a task ask for.

    Args:
        given: parameters by name; missing ones take their defaults.
    """
    return Effort(
        **{field.name: given[field.name] for field in fields(Effort) if field.name in given}
    )


def climb_of(given: Mapping[str, Any]) -> dict[str, int]:
    """GGIG's climb as columns: points on its line, and steps at each.

    Args:
        given: parameters of a task.
    """
    effort = effort_in(given)
    return {
        "climb_points": effort.climb_points or effort.steps,
        "climb_ascents": effort.ascents,
    }


#: GGIG's climb on every row, read from the parameters of its task.
CLIMB = Labels(shared("climb_points", "climb_ascents"), climb_of)


def explainers(names: Sequence[str], effort: Effort, seed: int) -> dict[str, Explainer]:
    """Methods by name, each explaining the logit.

    Args:
        names: of `METHODS`.
        effort: how many points each takes.
        seed: of noise, masks and random maps.

    Raises:
        ValueError: an unknown name.
    """
    validate_methods(names)
    return {name: _create(name, effort, seed) for name in names}


def explainers_in(given: Mapping[str, Any]) -> dict[str, Explainer]:
    """The methods that a task's parameters name, with their effort and seed."""
    return explainers(given["methods"], effort_in(given), given["seed"])


def validate_methods(names: Sequence[str]) -> None:
    """Refuse unknown methods, and an empty list.

    Raises:
        ValueError: names the first unknown one and the known ones.
    """
    if not names:
        raise ValueError("at least one method is needed")
    for name in names:
        refuse_unknown("method", name, METHODS)


def _create(name: str, effort: Effort, seed: int) -> Explainer:
    if name in ("ig_without_product", WITH_PRODUCT):
        return create(name, steps=effort.steps, quadrature="trapezoid", output="logit")
    if name == "ggig" or name in VARIANTS:
        climb = GGIG(effort.climb_points or effort.steps, effort.ascents, effort.learning_rate)
        return replace(climb, **VARIANTS.get(name, {}))
    return create(name, **_settings(name, effort, seed))


def _settings(name: str, effort: Effort, seed: int) -> dict[str, Any]:
    settings: dict[str, Any] = {} if name in CONTROLS else {"output": "logit"}
    if name in ("gradcam", "gradcam++"):
        settings["layer"] = LAST_CONVOLUTION  # as in the recorded rows
    if name in SAMPLERS:
        settings["seed"] = seed
    if name == "smoothgrad":
        settings["samples"] = effort.samples
    if name == "rise":
        settings["masks"] = effort.masks
    if name.removesuffix("+idgi") in PATHS:
        settings["steps"] = effort.steps
    if name.removesuffix("+idgi") == "gig":
        settings["together"] = GUIDED_TOGETHER
    return settings
