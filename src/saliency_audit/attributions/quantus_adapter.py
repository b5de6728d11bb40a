"""Any method as the `explain_func` of Quantus' metrics: numpy in, numpy out."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from saliency_audit.attributions.arguments import Method
from saliency_audit.attributions.called import Model, as_module
from saliency_audit.attributions.reduction import REDUCTIONS
from saliency_audit.attributions.registry import Explainer, create
from saliency_audit.attributions.targets import Targets, class_indices
from saliency_audit.errors import refuse_unknown


def quantus_explain(
    method: str | Explainer, *, reduction: str | None = "sum", **settings: Any
) -> Callable[..., NDArray[np.floating]]:
    """A method as Quantus' metrics call it: `quantus_explain("ig", steps=64, output="logit")`.

    Quantus' metrics perturb images beyond [0, 1], so the range is not checked. Images are explained
    in the floating type and on the device of the model's weights.

    Args:
        method: one of `available()`, or an explainer, such as `smooth(create("ig"))`.
        reduction: over the channels, see `saliency`; "sum", signed, is what Quantus' own `explain`
            does. None keeps the channels.
        settings: of the method, if it is given by its name.

    Returns:
        A function (model, inputs `(N, C, H, W)`, targets `(N,)`) -> maps `(N, 1, H, W)`, or
        `(N, C, H, W)` without reduction, in arrays. It takes and ignores Quantus' `device`.

    Raises:
        ValueError: unknown method, setting or reduction; and, when it is called, whatever the
            method refuses, or other `explain_func_kwargs`.
    """
    if reduction is not None:
        refuse_unknown("reduction", reduction, REDUCTIONS)
    explain = _of_any_range(method, settings)

    def explain_func(
        model: Model, inputs: Any, targets: Targets = None, device: Any = None, **more: Any
    ) -> NDArray[np.floating]:
        if more:
            raise ValueError(
                f"explain_func_kwargs holds {', '.join(map(repr, more))}; give settings of the "
                "method to quantus_explain"
            )
        images = _images(model, inputs)
        # Quantus makes an array of None.
        none = targets is None or (isinstance(targets, np.ndarray) and targets.dtype == object)
        classes = None if none else class_indices(targets, images)
        maps = explain(model, images, classes)
        if reduction is not None:
            maps = REDUCTIONS[reduction](maps)[:, None]
        return maps.cpu().numpy()

    return explain_func


def _of_any_range(method: str | Explainer, settings: dict[str, Any]) -> Explainer:
    if isinstance(method, str):
        return create(method, **{"check_range": False, **settings})
    if settings:
        raise ValueError(
            f"{', '.join(map(repr, settings))}: settings belong to the name of a method; an "
            "explainer has its own"
        )
    return replace(method, check_range=False) if isinstance(method, Method) else method


def _images(model: Model, inputs: Any) -> Tensor:
    """The inputs in the type and on the device of the model's weights."""
    weights = next((w for w in as_module(model).parameters() if w.is_floating_point()), None)
    double = weights is not None and weights.dtype == torch.float64
    given = inputs if isinstance(inputs, Tensor) else torch.from_numpy(np.array(inputs, order="C"))
    if not given.is_floating_point():
        raise ValueError(f"inputs must be floating point numbers, got {given.dtype}; divide by 255")
    # First the type: not every device has double precision.
    images = given.to(torch.float64 if double else torch.float32)
    return images if weights is None else images.to(weights.device)
