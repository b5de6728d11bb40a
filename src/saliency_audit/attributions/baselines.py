"""The pictures that explanations compare an image with."""

import torch
from torch import Tensor

from saliency_audit.errors import refuse_unknown

BASELINES = {"black": 0.0, "white": 1.0}


def check_baseline(name: str) -> None:
    """Refuse an unknown name.

    Raises:
        ValueError: names the known ones.
    """
    refuse_unknown("baseline", name, BASELINES)


def baselines_for(inputs: Tensor, given: Tensor | None, name: str) -> Tensor:
    """The given baselines, detached; pictures of one colour like the inputs where none are given.

    Args:
        inputs: `(N, C, H, W)`.
        given: the same, or None.
        name: the colour, a key of `BASELINES`.

    Raises:
        ValueError: baselines that are not finite pictures like the inputs; names what differs.
    """
    if given is None:
        return torch.full_like(inputs, BASELINES[name])
    _check_like(inputs, given)
    return given.detach()


def _check_like(inputs: Tensor, baselines: Tensor) -> None:
    if not isinstance(baselines, Tensor):
        raise ValueError(f"baselines must be a torch tensor, got {type(baselines).__name__}")
    if baselines.shape != inputs.shape:
        raise ValueError(
            f"baselines must have the shape of the inputs {tuple(inputs.shape)}, "
            f"got {tuple(baselines.shape)}"
        )
    if baselines.device != inputs.device:
        raise ValueError(f"baselines must lie on {inputs.device} like the inputs")
    if baselines.dtype != inputs.dtype or not torch.isfinite(baselines).all():
        raise ValueError(f"baselines must be finite {inputs.dtype} like the inputs")
