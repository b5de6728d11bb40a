"""The path of Blur Integrated Gradients: from a blurred image to the sharp one."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from torch import Tensor

from saliency_audit.attributions.gaussian import GaussianBlur
from saliency_audit.attributions.paths import SinglePass, validate_steps
from saliency_audit.errors import refuse_unknown

SCHEDULES = ("linear", "sqrt")


@dataclass(frozen=True)
class BlurPath:
    """γ_i = G(σ_i) ∗ x for i = steps−1 … 0, where σ_0 = 0 is the image itself.

    `schedule="linear"`: σ_i = i·max_sigma/steps. `schedule="sqrt"`: its square root, so that the
    path ends near √max_sigma. σ in pixels; beyond the border the image is black. σ_steps is never
    evaluated: the baseline of this discretisation is the image at σ_{steps−1}. The Riemann
    increments are −Δσ_i (G(σ_i + grad_step) − G(σ_i))/grad_step ∗ x, a left sum in σ: at σ_0 = 0
    the slope is 0, so the change between 0 and σ_1 is left out; with `sqrt` this is the widest
    step.

    Source: Xu et al. 2020; IDGI study, Eq. 2 (whose kernel has variance α/2 and pixel positions in
    the exponent; the reference implementation, followed here, has variance σ²).
    """

    steps: int = 32
    max_sigma: float = 50.0
    schedule: str = "linear"
    grad_step: float = 0.01
    adaptive: ClassVar[bool] = False
    has_baseline: ClassVar[bool] = False

    def __post_init__(self) -> None:
        validate_steps(self.steps, 2)
        refuse_unknown("schedule", self.schedule, SCHEDULES)
        for name in ("max_sigma", "grad_step"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"{name} must be a positive number, got {getattr(self, name)!r}")

    def start(self, inputs: Tensor, baselines: Tensor) -> "BlurWalker":
        """The blurs of each image; the baselines are not used."""
        return BlurWalker(self, inputs)


class BlurWalker(SinglePass):
    """The blur path bound to a block of images; see `paths.Walker`."""

    start: None = None
    end: None = None

    def __init__(self, path: BlurPath, inputs: Tensor) -> None:
        self._inputs, self._step = inputs, path.grad_step
        sigmas = np.arange(path.steps + 1) * path.max_sigma / path.steps
        if path.schedule == "sqrt":
            sigmas = np.sqrt(sigmas)
        self._sigmas = sigmas[-2::-1]
        self._widths = np.diff(sigmas)[::-1]
        self._blur: GaussianBlur | None = None

    def points(self, first: int, last: int) -> Tensor:
        """Blurred images, the most blurred first: `(N, last-first, C, H, W)`."""
        self._blur = GaussianBlur(self._inputs, self._sigmas[first:last], self._step)
        return self._blur.images()

    def increments(self, first: int, last: int, gradients: Tensor) -> Tensor:
        """−Δσ ∂G/∂σ ∗ x at the points that `points` returned last: `(N, last-first, C, H, W)`."""
        assert self._blur is not None
        slopes = self._blur.slopes()
        widths = slopes.new_tensor(self._widths[first:last].copy())
        return slopes.mul_(-widths.reshape(1, -1, 1, 1, 1))
