"""Gaussian blur as a product with one matrix per axis: exact, and fast at any width."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

TRUNCATE = 4.0


def gaussian_profiles(sigmas: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Weights of Gaussian kernels at the offsets 0 … size−1 pixels: `(s, size)`.

    A kernel is truncated at ⌊4σ + ½⌋ pixels and sums to one where it lies within the signal, as in
    `scipy.ndimage.gaussian_filter(mode="constant")`. Below σ = 0.125 it is the identity.
    """
    radius = (TRUNCATE * sigmas + 0.5).astype(int)[:, None]
    offsets = np.arange(max(size, int(radius.max()) + 1))
    widths = np.where(radius > 0, sigmas[:, None], 1.0)
    taps = np.where(offsets <= radius, np.exp(-0.5 * (offsets / widths) ** 2), 0.0)
    return (taps / (2 * taps.sum(axis=1, keepdims=True) - taps[:, :1]))[:, :size]


def blur_matrix(size: int, sigma: float, like: Tensor) -> Tensor:
    """The Gaussian blur of a signal as a matrix `(size, size)` whose rows sum to one.

    At the border the kernel's part within the signal counts, so that what is constant stays so.

    Args:
        size: length of the signal.
        sigma: width in pixels, ≥ 0; 0 for none.
        like: a tensor whose type and device the matrix gets.
    """
    taps = gaussian_profiles(np.array([float(sigma)]), size)[0]
    places = np.arange(size)
    matrix = taps[np.abs(places[:, None] - places)]
    return torch.from_numpy(matrix / matrix.sum(axis=1, keepdims=True)).to(like)


def blurred(images: Tensor, sigma: float) -> Tensor:
    """Images `(N, C, H, W)` under a Gaussian blur, by `blur_matrix` along both axes."""
    rows, columns = (blur_matrix(size, sigma, images) for size in images.shape[2:])
    return rows @ images @ columns.mT


class GaussianBlur:
    """Blurs of a block of images at several widths, and their slope with respect to the width.

    Beyond the border the images are black. Kernels are symmetric, so the even and the odd part of a
    signal never mix: with both axes folded into halves, a product costs half. With K′ = K + hD per
    axis the difference quotient of the two-dimensional blur is D X Kᵀ + K′ X Dᵀ, which avoids
    subtracting nearly equal numbers.

    Halves are laid out as (row parity, column parity, width, H/2, N·C, W/2): one product handles
    the rows at all widths, another the columns at each width, and no data is moved in between.

    Args:
        images: `(N, C, H, W)`.
        sigmas: `(s,)` widths in pixels, ≥ 0.
        step: distance h of the difference quotient.
    """

    def __init__(self, images: Tensor, sigmas: NDArray[np.float64], step: float) -> None:
        self._images, self._sigmas, self._step = images, sigmas, step
        pictures = images.flatten(0, 1)
        self._folded = _fold(_fold(pictures).mT).permute(0, 1, 4, 2, 3).contiguous()
        rows, self._columns = self._per_axis(lambda size: gaussian_profiles(sigmas, size))
        self._along = self._row_product(rows)

    def images(self) -> Tensor:
        """G(σ): `(N, s, C, H, W)`."""
        return self._unfolded(self._along @ self._columns.mT)

    def slopes(self) -> Tensor:
        """(G(σ+h) − G(σ))/h: `(N, s, C, H, W)`."""
        row_slopes, slopes = self._per_axis(self._slope_profiles)
        widened = torch.add(self._columns, slopes, alpha=self._step)
        halves = self._along @ slopes.mT
        return self._unfolded(halves.add_(self._row_product(row_slopes) @ widened.mT))

    def _slope_profiles(self, size: int) -> NDArray[np.float64]:
        wider = gaussian_profiles(self._sigmas + self._step, size)
        return (wider - gaussian_profiles(self._sigmas, size)) / self._step

    def _per_axis(self, profiles: Callable[[int], NDArray[np.float64]]) -> tuple[Tensor, Tensor]:
        """The matrices of rows and of columns, `(2, s, L/2, L/2)` each."""
        height, width = self._images.shape[2:]
        rows = _folded_matrices(profiles(height), self._images)
        return rows, rows if width == height else _folded_matrices(profiles(width), self._images)

    def _row_product(self, matrices: Tensor) -> Tensor:
        """The rows times every matrix: `(2, 2, s, H/2·N·C, W/2)`."""
        product = matrices.flatten(1, 2)[:, None] @ self._folded.flatten(3)
        return product.reshape(2, 2, len(self._sigmas), -1, self._folded.shape[-1])

    def _unfolded(self, halves: Tensor) -> Tensor:
        """`(2, 2, s, H/2·N·C, W/2)` -> `(N, s, C, H, W)`; overwrites the halves."""
        count, channels, height, width = self._images.shape
        widths, half = halves.shape[2], halves.shape[-1]
        columns = halves.new_empty(2, widths, height, count, channels, half)
        _unfold(halves.reshape(2, 2, widths, -1, count, channels, half), columns, axis=2)
        pictures = halves.new_empty(count, widths, channels, height, width)
        _unfold(columns, pictures.permute(1, 3, 0, 2, 4), axis=4)
        return pictures


def _fold(signals: Tensor) -> Tensor:
    """Even and odd parts along the last axis: `(…, L)` -> `(2, …, L/2)`."""
    size = signals.shape[-1]
    half = (size + 1) // 2
    front, back = signals[..., :half], signals.flip(-1)[..., :half]
    even, odd = front + back, front - back
    if size % 2:
        even[..., -1] /= 2
    return torch.stack([even, odd])


def _unfold(halves: Tensor, signals: Tensor, axis: int) -> None:
    """Writes into `signals` what `_fold` made of them along an axis; overwrites the even part."""
    even, odd = halves
    half, rest = even.shape[axis], signals.shape[axis] - even.shape[axis]
    torch.add(even, odd, out=signals.narrow(axis, 0, half))
    signals.narrow(axis, half, rest).copy_(even.sub_(odd).narrow(axis, 0, rest).flip(axis))


def _folded_matrices(profiles: NDArray[np.float64], like: Tensor) -> Tensor:
    """½(p[|i−j|] ± p[L−1−i−j]) for i, j in the first half: parity by parity `(2, s, L/2, L/2)`."""
    half = (profiles.shape[1] + 1) // 2
    taps = torch.from_numpy(profiles / 2).to(like)
    both_sides = torch.cat([taps[:, 1:half].flip(1), taps[:, :half]], dim=1)
    same = both_sides.unfold(1, half, 1).flip(1)
    mirrored = taps.flip(1).unfold(1, half, 1)[:, :half]
    return torch.stack([same + mirrored, same - mirrored])
