"""Ranks of the values of many maps at once."""

import torch
from torch import Tensor


def average_ranks(values: Tensor) -> Tensor:
    """Rank of every value in its row, from 1; equal values share the mean of their ranks.

    Args:
        values: `(N, D)`, finite.

    Returns:
        `(N, D)` float64.
    """
    ordered, order = values.sort(dim=1)
    places = torch.arange(values.shape[1], device=values.device).expand_as(order)
    # First and last place of the run of equal values that each place lies in.
    starts = torch.ones_like(order, dtype=torch.bool)
    starts[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    first = places.where(starts, 0).cummax(dim=1).values
    ends = starts.roll(-1, dims=1)
    last = places.where(ends, values.shape[1]).flip(1).cummin(dim=1).values.flip(1)
    ranks = torch.empty(values.shape, dtype=torch.float64, device=values.device)
    return ranks.scatter_(1, order, (first + last).double() / 2 + 1)


def normalised_ranks(values: Tensor) -> Tensor:
    """Ranks of each row less their mean, divided by their norm; NaN where the row is constant.

    The scalar product of two such rows is their Spearman correlation.

    Args:
        values: `(N, D)`, finite.

    Returns:
        `(N, D)` float64.
    """
    centred = average_ranks(values) - (values.shape[1] + 1) / 2
    lengths = torch.linalg.vector_norm(centred, dim=1, keepdim=True)
    return centred / lengths.where(lengths > 0, torch.nan)
