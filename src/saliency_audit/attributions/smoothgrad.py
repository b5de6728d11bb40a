"""SmoothGrad: the gradient averaged over noisy copies of the image."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor, nn

from saliency_audit.attributions.arguments import Asked, Method, asked
from saliency_audit.attributions.engine import halving_on_oom, score_and_gradient
from saliency_audit.attributions.scores import validate_output
from saliency_audit.attributions.seeding import image_generator
from saliency_audit.errors import is_finite, is_whole, refuse_unknown

NOISE_UNITS = ("range", "absolute")


@dataclass(frozen=True)
class SmoothGrad(Method):
    """Mean of ∂f_c/∂x at x + ε over `samples` draws of ε ~ N(0, σ²).

    Signed, in units of the score per unit of intensity; with `squared`, the mean of the squared
    gradients instead, which is ≥ 0. Every sample is noisy and none is clipped, so points may leave
    [0, 1]: clipping would shift the mean of the noise at dark and bright pixels.

    σ is `noise` times the difference between the image's brightest and darkest value (over all
    channels) with `noise_unit="range"`, as in the original and in PAIR saliency, whose values are
    the defaults; a constant image then gets its plain gradient. With `noise_unit="absolute"` σ is
    `noise` itself, on the scale of the pixels, as in captum. The MeGe/ReCo paper writes N(0, Iσ²)
    with σ = 0.2 and 60 samples, which is read here as absolute: `SmoothGrad(samples=60, noise=0.2,
    noise_unit="absolute")`.

    The noise of an image depends only on the image and `seed` (`image_generator`), not on batches,
    order, device or model, so two models are compared under equal noise. For MeGe and ReCo give
    every predictor its own seed: shared noise makes their maps more alike.

    Source: Smilkov et al. 2017; MeGe/ReCo paper, Appendix B; squared: Hooker et al. 2019.
    """

    samples: int = 25
    noise: float = 0.15
    noise_unit: str = "range"
    squared: bool = False
    seed: int = 0
    output: str = "probability"
    batch_size: int | str = "auto"

    def __post_init__(self) -> None:
        if not is_whole(self.samples) or self.samples < 1:
            raise ValueError(f"SmoothGrad needs at least 1 sample, got {self.samples!r}")
        if not is_finite(self.noise) or self.noise < 0:
            raise ValueError(f"noise must be a finite number ≥ 0, got {self.noise!r}")
        refuse_unknown("noise_unit", self.noise_unit, NOISE_UNITS)
        validate_output(self.output)

    def __call__(self, model: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
        """Attribution maps `(N, C, H, W)`.

        A batch may span several images and samples; the memory does not grow with `samples`.

        Raises:
            ValueError: malformed inputs, targets, model output or batch size.
        """
        with asked(model, inputs, targets, check_range=self.check_range) as call:
            return halving_on_oom(lambda size: self._mean(call, size), self.batch_size, call.inputs)

    def _mean(self, call: Asked, size: int) -> Tensor:
        """The mean over all samples, `size` at a time."""
        inputs, sigmas = call.inputs, self._sigmas(call.inputs)
        points = len(inputs) * self.samples
        normal = standard_normal(inputs, self.samples, self.seed)
        total = torch.zeros_like(inputs)
        for first in range(0, points, size):
            last = min(first + size, points)
            image = torch.arange(first, last, device=inputs.device) // self.samples
            noise = torch.stack(list(islice(normal, last - first))).to(inputs)
            noisy = inputs[image] + sigmas[image] * noise
            _, gradients = score_and_gradient(call.model, noisy, call.targets[image], self.output)
            total.index_add_(0, image, gradients.square() if self.squared else gradients)
        return total / self.samples

    def _sigmas(self, inputs: Tensor) -> Tensor:
        """Standard deviation of each image's noise: `(N, 1, 1, 1)`."""
        if self.noise_unit == "absolute":
            return inputs.new_full((len(inputs), 1, 1, 1), self.noise)
        dims = (1, 2, 3)
        return self.noise * (inputs.amax(dims, keepdim=True) - inputs.amin(dims, keepdim=True))


def standard_normal(inputs: Tensor, samples: int, seed: int) -> Iterator[Tensor]:
    """Standard normal draws `(C, H, W)` on the CPU: all of the first image, then of the next, …

    The generator is called once per draw, so the draws do not depend on the batch size.
    """
    for image in inputs:
        generator = image_generator(image, seed)
        for _ in range(samples):
            yield torch.randn(image.shape, generator=generator, dtype=torch.float32)
