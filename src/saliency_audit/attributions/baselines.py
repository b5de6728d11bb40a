"""Baselines: the pictures that an explanation compares an image with."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from saliency_audit.attributions.gaussian import GaussianBlur
from saliency_audit.errors import refuse_non_tensor, refuse_unknown

# Standard deviation of the blur as a share of the shorter side: 22 pixels at 224.
BLUR_SHARE = 0.1


def blurred(images: Tensor) -> Tensor:
    """The images under a Gaussian blur so wide that no outline is left.

    σ is a tenth of the shorter side. Near the border, where part of the kernel lies outside, the
    rest is scaled up to sum to 1, so a picture of one colour does not change.

    Args:
        images: `(N, C, H, W)`.

    Returns:
        `(N, C, H, W)`, detached.

    Source: one of the baselines of Sturmfels et al. 2020, who vary its width.
    """
    pictures = images.detach()
    sigmas = np.array([BLUR_SHARE * min(pictures.shape[2:])])
    inside = GaussianBlur(torch.ones_like(pictures[:1, :1]), sigmas, step=1.0).images()[:, 0]
    return GaussianBlur(pictures, sigmas, step=1.0).images()[:, 0] / inside


BASELINES: dict[str, Callable[[Tensor], Tensor]] = {
    "black": torch.zeros_like,
    "white": torch.ones_like,
    "blur": blurred,
}


def validate_baseline(name: str) -> None:
    """Refuse an unknown name.

    Raises:
        ValueError: names the known ones.
    """
    if not isinstance(name, str):
        raise ValueError(
            f"baseline must be one of {', '.join(BASELINES)}, got {type(name).__name__}; give "
            "pictures of your own when the method is called: explain(model, inputs, targets, "
            "baselines)"
        )
    refuse_unknown("baseline", name, BASELINES)


def baselines_for(inputs: Tensor, given: Tensor | None, name: str) -> Tensor:
    """The given baselines, detached; those of the given name if there are none.

    Args:
        inputs: `(N, C, H, W)`.
        given: the same, or None.
        name: a key of `BASELINES`: pictures of one colour, or the inputs themselves, blurred.
            Black is 0 and white is 1, whatever the unit of the inputs (`Method`).

    Raises:
        ValueError: baselines that do not match the inputs in shape, type or device, or are not
            finite.
    """
    if given is None:
        return BASELINES[name](inputs.detach())
    _validate_like(inputs, given)
    return given.detach()


def _validate_like(inputs: Tensor, baselines: Tensor) -> None:
    refuse_non_tensor("baselines", baselines)
    if baselines.shape != inputs.shape:
        raise ValueError(
            f"baselines must have the shape of the inputs {tuple(inputs.shape)}, "
            f"got {tuple(baselines.shape)}"
        )
    if baselines.device != inputs.device:
        raise ValueError(f"baselines must lie on {inputs.device} like the inputs")
    if baselines.dtype != inputs.dtype or not torch.isfinite(baselines).all():
        raise ValueError(f"baselines must be finite {inputs.dtype} like the inputs")
