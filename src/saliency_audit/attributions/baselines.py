"""Baselines: the pictures that an explanation compares an image with."""

from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from saliency_audit.attributions.gaussian import GaussianBlur
from saliency_audit.errors import is_finite, refuse_unknown

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


#: As a setting: a name of `BASELINES`, a number, or one number per channel.
Baseline = str | float | tuple[float, ...]
#: In a call: a setting, or numbers that broadcast to the inputs; None for the method's own.
Baselines = Tensor | NDArray[np.floating] | Sequence[float] | float | str | None
FORMS = f"one of {', '.join(BASELINES)}, a number, one number per channel"


def validate_baseline(baseline: Any) -> None:
    """Refuse what is no setting: a name, a finite number, or a tuple of one per channel.

    Raises:
        ValueError: names the known ones.
    """
    if isinstance(baseline, str):
        refuse_unknown("baseline", baseline, BASELINES)
        return
    numbers = baseline if isinstance(baseline, tuple) and baseline else (baseline,)
    if not all(map(is_finite, numbers)):
        shown = repr(baseline) if isinstance(baseline, tuple | float) else type(baseline).__name__
        raise ValueError(
            f"baseline must be {FORMS} as a tuple, finite, got {shown}; give pictures of your own "
            "when the method is called: explain(model, inputs, targets, baselines)"
        )


def baselines_for(inputs: Tensor, given: Baselines, setting: Baseline = "black") -> Tensor:
    """Baselines in the shape, type and device of the inputs, detached.

    A single axis is that of the channels: of three numbers each belongs to a colour, also where the
    images are three pixels wide. All other shapes broadcast as torch's do, from the last axis:
    `(H, W)`, `(C, H, W)`, `(1, C, H, W)`, or `(N, 1, 1, 1)` for a number per image.

    Args:
        inputs: `(N, C, H, W)`.
        given: a name, a number, a list or tuple of one number per channel, or a tensor or array of
            any floating type that broadcasts to the inputs; None for the setting.
        setting: a name of `BASELINES`, a number or a tuple of one per channel. "black" is 0 and
            "white" is 1, whatever the unit of the inputs (`Method`); "blur" is the inputs
            themselves, `blurred`. Numbers may lie outside [0, 1].

    Raises:
        ValueError: an unknown name, another type, numbers that do not broadcast or are not finite.
    """
    pictures = inputs.detach()
    chosen = setting if given is None else given
    if isinstance(chosen, str):
        refuse_unknown("baseline", chosen, BASELINES)
        return BASELINES[chosen](pictures)
    numbers = _numbers(chosen)
    # Converted where they are: not every device has float64.
    values = numbers.detach().to(pictures.dtype).to(pictures.device)
    if not torch.isfinite(values).all():
        raise ValueError(f"baselines must be finite {inputs.dtype} numbers, got NaN or infinity")
    if values.ndim == 1 and len(values) > 1:
        values = values[:, None, None]
    if not _broadcasts(values.shape, inputs.shape):
        single = "; a single axis means one number per channel" if numbers.ndim == 1 else ""
        raise ValueError(
            f"baselines must broadcast to the shape of the inputs {tuple(inputs.shape)}, "
            f"got {tuple(numbers.shape)}{single}"
        )
    return values.expand(inputs.shape)


def _broadcasts(shape: torch.Size, wanted: torch.Size) -> bool:
    try:
        return torch.broadcast_shapes(shape, wanted) == wanted
    except RuntimeError:
        return False


def _numbers(given: Any) -> Tensor:
    """The numbers in the shape that they have.

    Raises:
        ValueError: no floating point numbers.
    """
    if isinstance(given, Tensor) and given.is_floating_point():
        return given
    if _is_real(given):
        return torch.tensor(float(given), dtype=torch.float64, device="cpu")
    if isinstance(given, list | tuple) and all(map(_is_real, given)):
        return torch.tensor([float(value) for value in given], dtype=torch.float64, device="cpu")
    if not isinstance(given, Tensor | list | tuple) and hasattr(given, "__array__"):
        array = np.asarray(given)
        if array.dtype.kind == "f":
            return torch.from_numpy(array.astype(np.float64))
    kind = f" of {given.dtype}" if hasattr(given, "dtype") else ""
    raise ValueError(
        f"baselines must be {FORMS}, or a floating point tensor or array that broadcasts to the "
        f"inputs, got {type(given).__name__}{kind}"
    )


def _is_real(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
