"""Of what shape a mask is: how much of the picture it covers, and how rough it is.

Both take masks `(N, H, W)` in [0, 1] and return one float64 value per image on the CPU.
"""

import torch
from torch import Tensor

from saliency_audit.attributions.members import refuse_members
from saliency_audit.errors import refuse_non_tensor


def map_area(masks: Tensor) -> Tensor:
    """The mean of a mask: the share of the picture that it keeps, in [0, 1].

    Args:
        masks: `(N, H, W)` floats in [0, 1].

    Returns:
        `(N,)` float64 on the CPU.

    Raises:
        ValueError: no masks `(N, H, W)`, or values outside [0, 1].

    Source: Θ_av of the DRE paper, Eq. 2.
    """
    return _validated(masks).mean(dim=(1, 2))


def total_variation(masks: Tensor) -> Tensor:
    """The mean absolute difference of neighbouring pixels, down and across, in [0, 1].

    0 for a constant mask, 1 for a chessboard.

    Args:
        masks: `(N, H, W)` floats in [0, 1].

    Returns:
        `(N,)` float64 on the CPU.

    Raises:
        ValueError: no masks `(N, H, W)`, values outside [0, 1], or a single pixel.

    Source: Θ_tv of the DRE paper, Eq. 2, which does not define it; an average does not grow with
    the size of the picture.
    """
    values = _validated(masks)
    pairs = [torch.diff(values, dim=dim).abs().flatten(1) for dim in (1, 2)]
    together = torch.cat(pairs, dim=1)
    if together.shape[1] == 0:
        raise ValueError("a mask of a single pixel has no neighbours")
    return together.mean(dim=1)


def _validated(masks: Tensor) -> Tensor:
    refuse_non_tensor("masks", masks)
    if masks.ndim != 3 or not masks.is_floating_point():
        raise ValueError(
            f"masks must be floats of shape (N, H, W), got {masks.dtype} {tuple(masks.shape)}"
        )
    values = masks.detach().cpu().double()
    refuse_members(
        ~((values >= 0) & (values <= 1)),
        "masks must lie in [0, 1]",
        "scale maps to it first",
        members="masks",
    )
    return values
