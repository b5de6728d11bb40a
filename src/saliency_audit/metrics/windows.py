"""Weights along a side of a square filter, by name; they sum to 1."""

import torch
from torch import Tensor


def mean_window(side: int) -> Tensor:
    """Equal weights: `(side,)` float64."""
    return torch.full((side,), 1 / side, dtype=torch.float64)


def gaussian_window(side: int) -> Tensor:
    """A Gaussian around the middle: `(side,)` float64.

    Its standard deviation is what OpenCV takes for a filter of this side.

    Args:
        side: odd.
    """
    margin = side // 2
    places = torch.arange(-margin, margin + 1, dtype=torch.float64)
    heights = torch.exp(-(places**2) / (2 * (0.3 * (margin - 1) + 0.8) ** 2))
    return heights / heights.sum()


WINDOWS = {"mean": mean_window, "gaussian": gaussian_window}
