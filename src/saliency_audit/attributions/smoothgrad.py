"""SmoothGrad: the gradient averaged over noisy copies of the image."""

from dataclasses import dataclass

import torch
from torch import Tensor

from saliency_audit.attributions.arguments import Asked, Method
from saliency_audit.attributions.called import Model
from saliency_audit.attributions.engine import halving_on_oom, score_and_gradient
from saliency_audit.attributions.noise import noisy_copies, validate_noise
from saliency_audit.attributions.scores import validate_output
from saliency_audit.attributions.targets import Targets


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
        super().__post_init__()
        validate_noise(self.samples, self.noise, self.noise_unit)
        validate_output(self.output)

    def __call__(self, model: Model, inputs: Tensor, targets: Targets = None) -> Tensor:
        """Attribution maps `(N, C, H, W)`.

        A batch may span several images and samples; the memory does not grow with `samples`.

        Raises:
            ValueError: malformed inputs, targets, model output or batch size.
        """
        with self.asked(model, inputs, targets) as call:
            return halving_on_oom(lambda size: self._mean(call, size), self.batch_size, call.inputs)

    def _mean(self, call: Asked, size: int) -> Tensor:
        """The mean over all samples, `size` at a time."""
        total = torch.zeros_like(call.inputs)
        for image, _, copies in noisy_copies(
            call.inputs,
            samples=self.samples,
            noise=self.noise,
            unit=self.noise_unit,
            seed=self.seed,
            size=size,
        ):
            _, gradients = score_and_gradient(call.model, copies, call.targets[image], self.output)
            total.index_add_(0, image, gradients.square() if self.squared else gradients)
        return total / self.samples
