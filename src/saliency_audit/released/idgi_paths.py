"""The three paths as the IDGI study's code walks them: none of them ends at the image."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from saliency_audit.attributions.guided_path import GuidedPath, GuidedWalker
from saliency_audit.attributions.paths import SinglePass
from saliency_audit.errors import is_whole, refuse_numbers, refuse_unknown

#: Points of the one walk whose parts stand for fewer steps.
WHOLE = 128
BLURS = ("matrix", "taps")
#: 1 where a path is walked to the image, −1 where it comes from there: the sign of IDGI's map.
DIRECTIONS = {"ig": 1, "gig": 1, "blurig": -1}


@dataclass(frozen=True)
class CutStraightPath:
    """The first of 128 points from x′ to x, and every (128/steps)-th after it.

    γ_k = x′ + α_k (x − x′) with α_k = k·(128/steps)/127: with 8 steps the path ends at α = .882,
    with 16 at .945, with 128 at the image. The gradient is taken at the right end of each piece.
    What the score changes between the last point and the image is no part of IDGI's map.

    Source: `TMLR-IDGI/ig.py`, see `data/released/idgi.yml`; the text has n Riemann steps.
    """

    steps: int = 32
    adaptive: ClassVar[bool] = False
    has_baseline: ClassVar[bool] = True

    def __post_init__(self) -> None:
        validate_share(self.steps)

    def start(self, inputs: Tensor, baselines: Tensor) -> "CutStraightWalker":
        """The beginning of the line from each baseline to its image."""
        return CutStraightWalker(self.steps, inputs, baselines)


class CutStraightWalker(SinglePass):
    """The cut line bound to a block of images; see `paths.Walker`."""

    start: None = None
    end: None = None

    def __init__(self, steps: int, inputs: Tensor, baselines: Tensor) -> None:
        self._inputs, self._baselines = inputs, baselines
        alphas = np.linspace(0, 1, WHOLE)[:: WHOLE // steps]
        self._alphas = self._along(alphas)
        self._widths = self._along(np.diff(alphas, prepend=0.0))

    def _along(self, values: NDArray[np.float64]) -> Tensor:
        return torch.from_numpy(values).to(self._inputs).reshape(1, -1, 1, 1, 1)

    def points(self, first: int, last: int) -> Tensor:
        """Points `first … last-1`: `(N, last-first, C, H, W)`."""
        alphas = self._alphas[:, first:last]
        return torch.lerp(self._baselines[:, None], self._inputs[:, None], alphas)

    def increments(self, first: int, last: int, gradients: Tensor) -> Tensor:
        """The way from the point before, 0 at the first: `(N, last-first, C, H, W)`."""
        return self._widths[:, first:last] * (self._inputs - self._baselines)[:, None]


@dataclass(frozen=True)
class CutBlurPath:
    """The sharp image and every (128/steps)-th of 128 blurs, from sharp to blurred.

    σ_k = k·max_sigma/steps for k = 0 … steps − 1, in pixels, hence the most blurred point is
    43.75 with 8 steps and 49.6 with 128. Kernels have 2·round(4σ) + 1 taps, and images
    are mirrored at the border. The plain increments are −(max_sigma/steps)·(G(σ_k + h) −
    G(σ_k))/h ∗ x.

    As the walk goes towards the blur, IDGI's map of it is that of the path from blurred to sharp
    with the opposite sign, and each step takes the gradient at its sharper end.

    With `blur` "taps" the kernels are applied as there, in the images' precision: in single
    precision the difference quotient then has its rounding too, seen up to 5e-4 of the largest
    value of a map. "matrix" is exact, and many times faster for wide blurs.

    Source: `TMLR-IDGI/blurig.py`, see `data/released/idgi.yml`. Blur IG of the text starts at the
    blurred end, where IDGI's gradients are then taken.
    """

    steps: int = 32
    max_sigma: float = 50.0
    grad_step: float = 0.01
    blur: str = "matrix"
    adaptive: ClassVar[bool] = False
    has_baseline: ClassVar[bool] = False

    def __post_init__(self) -> None:
        validate_share(self.steps)
        refuse_unknown("blur", self.blur, BLURS)
        refuse_numbers(self, positive=("max_sigma", "grad_step"))

    def start(self, inputs: Tensor, baselines: Tensor) -> "CutBlurWalker":
        """The blurs of each image; the baselines are not used.

        Raises:
            ValueError: a picture that is smaller than half a kernel, which cannot be mirrored.
        """
        return CutBlurWalker(self, inputs)


class CutBlurWalker(SinglePass):
    """The blurs bound to a block of images; see `paths.Walker`."""

    start: None = None
    end: None = None

    def __init__(self, path: CutBlurPath, inputs: Tensor) -> None:
        self._inputs, self._path = inputs, path
        # In single precision, as there: it decides the number of taps where 4σ ends in ½.
        every = np.arange(WHOLE, dtype=np.float64) * path.max_sigma / WHOLE
        self._sigmas = every.astype(np.float32)[:: WHOLE // path.steps]

    def points(self, first: int, last: int) -> Tensor:
        """Blurred images, the sharp one first: `(N, last-first, C, H, W)`."""
        return self._blurred(self._sigmas[first:last])

    def increments(self, first: int, last: int, gradients: Tensor) -> Tensor:
        """−Δσ times the difference quotient of the blur: `(N, last-first, C, H, W)`."""
        sigmas, step = self._sigmas[first:last], np.float32(self._path.grad_step)
        slopes = (self._blurred(sigmas + step) - self._blurred(sigmas)) / self._path.grad_step
        return slopes.mul_(-self._path.max_sigma / self._path.steps)

    def _blurred(self, sigmas: NDArray[np.float32]) -> Tensor:
        if self._path.blur == "taps":
            found = [convolved(self._inputs, sigma) for sigma in sigmas]
            return torch.stack(found, dim=1)
        rows, columns = (self._matrices(size, sigmas) for size in self._inputs.shape[2:])
        return rows[:, None] @ self._inputs[:, None] @ columns[:, None].mT

    def _matrices(self, size: int, sigmas: NDArray[np.float32]) -> Tensor:
        return torch.stack([mirrored_blur(size, sigma, self._inputs) for sigma in sigmas])


@dataclass(frozen=True)
class CutGuidedPath(GuidedPath):
    """Guided IG with half of the features moved in each step, anywhere along their way.

    The score is taken before each move, never at the image: for IDGI the path ends at its last but
    one point.

    Source: `TMLR-IDGI/gig.py`, see `data/released/idgi.yml`; the text has the defaults, which are a
    quarter of the features and a distance of .02 in the method's reference implementation.
    """

    fraction: float = 0.5
    max_dist: float = 1.0

    def start(self, inputs: Tensor, baselines: Tensor) -> "CutGuidedWalker":
        """The walk from each baseline to its image, without its end."""
        return CutGuidedWalker(self, inputs, baselines)


class CutGuidedWalker(GuidedWalker):
    """The cut guided path bound to a block of images; see `paths.Walker`."""

    def __init__(self, path: CutGuidedPath, inputs: Tensor, baselines: Tensor) -> None:
        super().__init__(path, inputs, baselines)
        self.end = None


def mirrored_blur(size: int, sigma: np.float32, like: Tensor) -> Tensor:
    """The blur of a signal mirrored at its ends, as a matrix `(size, size)` with rows of sum 1.

    Args:
        size: length of the signal.
        sigma: width in pixels, ≥ 0; 0 for none.
        like: a tensor whose type and device the matrix gets.

    Raises:
        ValueError: half the kernel is longer than the signal without its end.
    """
    radius = _radius(sigma, size)
    if radius == 0:
        return torch.eye(size).to(like)
    offsets = np.arange(-radius, radius + 1)
    taps = np.exp(-0.5 * (offsets / float(sigma)) ** 2)
    sources = np.abs(np.arange(size)[:, None] + offsets)
    sources = np.where(sources < size, sources, 2 * (size - 1) - sources)
    matrix = np.zeros((size, size))
    np.add.at(matrix, (np.arange(size)[:, None], sources), taps / taps.sum())
    return torch.from_numpy(matrix).to(like)


def convolved(images: Tensor, sigma: np.float32) -> Tensor:
    """The same blur of images `(N, C, H, W)` by one convolution, rounded as torchvision does."""
    from torchvision.transforms.functional import gaussian_blur  # slow to import

    radius = _radius(sigma, min(images.shape[2:]))
    return gaussian_blur(images, [2 * radius + 1] * 2, [float(sigma)] * 2) if radius else images


def _radius(sigma: np.float32, size: int) -> int:
    """Taps on each side of the middle one."""
    radius = int(np.round(4 * sigma))
    if radius >= size:
        raise ValueError(
            f"a picture of {size} pixels a side cannot be mirrored by the {radius} that a blur of "
            f"σ = {sigma:g} needs; give larger pictures or a smaller max_sigma"
        )
    return radius


def validate_share(steps: int) -> None:
    """Refuse a number of steps that is no part of the one walk.

    Raises:
        ValueError: not a divisor of 128 from 2.
    """
    if not is_whole(steps) or steps < 2 or WHOLE % steps:
        raise ValueError(
            f"steps must divide {WHOLE}, the points of the one walk that is cut, and be at least "
            f"2: 2, 4, 8 … {WHOLE}; got {steps!r}"
        )
