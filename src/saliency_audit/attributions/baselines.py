"""The pictures that explanations compare an image with."""

import torch
from torch import Tensor

BASELINES = {"black": 0.0, "white": 1.0}


def plain_baselines(name: str, inputs: Tensor) -> Tensor:
    """Pictures of one colour, like the inputs in shape, type and device."""
    return torch.full_like(inputs, BASELINES[name])


def check_baseline(name: str) -> None:
    """Refuse an unknown name.

    Raises:
        ValueError: names the known ones.
    """
    if name not in BASELINES:
        raise ValueError(f"unknown baseline {name!r}; known: {', '.join(BASELINES)}")


def check_baselines(inputs: Tensor, baselines: Tensor) -> None:
    """Refuse baselines that are not finite pictures like the inputs.

    Raises:
        ValueError: names what differs.
    """
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
