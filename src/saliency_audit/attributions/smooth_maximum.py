"""Masks of extremal perturbations: the smooth maximum of a kernel over a lattice of parameters."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional as F

from saliency_audit.attributions.blocks import blocks

# T of the smooth maximum Σ a exp(a/T) / Σ exp(a/T).
TEMPERATURE = 1 / 20
# Cells × neighbours × places at once: what stays in the cache of a CPU, or keeps a GPU busy.
NUMBERS_PER_BLOCK = {"cpu": 2**18, "cuda": 2**27}


class SmoothMasks:
    """Masks whose value at a pixel is a smooth maximum of k(u − v) p_v over the lattice points v.

    The points are `step` pixels apart. The kernel is k(d) = exp(−2 max(0, |d|/σ − ½)²), so that it
    depends on where in its cell a pixel lies and not on the cell: its values are a table of
    neighbours × `step`² places, with 1 + ⌈σ/step⌉ neighbours on each side. Masks extend about σ
    pixels beyond the picture on all sides, where the area counts too.

    Args:
        height: of the picture, in pixels.
        width: of the picture.
        step: distance of lattice points.
        sigma: σ, in pixels.
        like: a tensor whose type and device the table gets.

    Source: Fong et al. 2019, §3.2, whose constants are those of TorchRay's code.
    """

    def __init__(self, height: int, width: int, step: int, sigma: float, like: Tensor) -> None:
        self._size, self._step, self._margin = (height, width), step, round(sigma)
        self._side = 2 * math.ceil(sigma / step) + 3
        padding = 1 + math.ceil(2 * sigma / step)
        self.lattice = (math.ceil(height / step), math.ceil(width / step))
        cells = [
            # TorchRay's number of cells, or more if these do not cover the picture.
            max(points + 2 * padding - self._side + 1, -(-(self._margin + pixels - 1) // step) + 1)
            for points, pixels in zip(self.lattice, self._size, strict=True)
        ]
        self._cells = (cells[0], cells[1])
        beyond = [
            count - points - padding + self._side - 1
            for count, points in zip(cells, self.lattice, strict=True)
        ]
        self._padding = (padding, beyond[1], padding, beyond[0])
        # From each place of a cell to the points around it, along one axis.
        neighbours = np.arange(self._side)[:, None] - padding
        apart = np.arange(step) - sigma - step * neighbours
        down, right = apart[:, None, :, None], apart[None, :, None, :]
        outside = np.maximum(np.sqrt(down**2 + right**2) / sigma - 0.5, 0)
        table = np.exp(-2 * outside**2).reshape(len(apart) ** 2, step**2)
        self._table = torch.from_numpy(table).to(like)

    def extended(self, points: Tensor) -> Tensor:
        """Masks with their margins: `(B, 1, h, w)` parameters in [0, 1] -> `(B, h′, w′)`."""
        count, step, (rows, columns) = len(points), self._step, self._cells
        around = F.unfold(F.pad(points, self._padding), self._side)
        # In one block of memory: of others, `bmm` copies matrix by matrix.
        values = _SmoothMaximum.apply(around.mT.flatten(0, 1).contiguous(), self._table)
        mosaic = values.reshape(count, rows, columns, step, step).transpose(2, 3)
        whole = mosaic.reshape(count, rows * step, columns * step)
        # Only the first place of the last cell is a place of the mask.
        return whole[:, : -step + 1 or None, : -step + 1 or None].clamp(0, 1)

    def cropped(self, extended: Tensor) -> Tensor:
        """The part of extended masks on the picture: `(B, h′, w′)` -> `(B, 1, H, W)`."""
        (height, width), first = self._size, self._margin
        return extended[:, None, first : first + height, first : first + width]


class _SmoothMaximum(Function):
    """Σ_k a_k exp(a_k/T) / Σ_k exp(a_k/T) of a_k = table_k × points_k, block by block.

    The memory does not grow with the number of neighbours, neither forward nor backward. All a_k
    lie in [0, 1], so that nothing overflows.
    """

    @staticmethod
    def forward(ctx: Any, points: Tensor, table: Tensor) -> Tensor:
        """`(cells, K)` and `(K, places)` -> `(cells, places)`."""
        exponents = table / TEMPERATURE
        total, maxima = (points.new_empty(len(points), table.shape[1]) for _ in range(2))
        for block in _blocks(points, table):
            around = points[block]
            shares = (around[:, :, None] * exponents).exp_()
            total[block] = shares.sum(dim=1)
            maxima[block] = torch.bmm(around[:, None], shares.mul_(table))[:, 0]
        maxima /= total
        ctx.save_for_backward(points, table, total, maxima)
        return maxima

    @staticmethod
    def backward(ctx: Any, gradients: Tensor) -> tuple[Tensor, None]:
        """∂/∂a_k = exp(a_k/T) (1 + (a_k − maximum)/T) / Σ exp."""
        points, table, total, maxima = ctx.saved_tensors
        each = gradients.contiguous() / total
        offset = each * (1 - maxima / TEMPERATURE)
        kernel = table.mT.contiguous()
        exponents = kernel / TEMPERATURE
        found = torch.empty_like(points)
        for block in _blocks(points, table):
            around = points[block]
            slopes = (around[:, None] * exponents).exp_().mul_(kernel)
            found[block] = torch.bmm(offset[block, None], slopes)[:, 0]
            curved = torch.bmm(each[block, None], slopes.mul_(kernel))[:, 0]
            found[block] += around / TEMPERATURE * curved
        return found, None


def _blocks(points: Tensor, table: Tensor) -> Iterator[slice]:
    """Slices of cells."""
    return blocks(len(points), table.numel(), NUMBERS_PER_BLOCK, points.device)
