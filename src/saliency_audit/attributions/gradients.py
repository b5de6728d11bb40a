"""The gradient of the class score with respect to the image: plain, and times the image."""

from dataclasses import dataclass

import torch
from torch import Tensor

from saliency_audit.attributions.arguments import Method
from saliency_audit.attributions.called import Model
from saliency_audit.attributions.engine import halving_on_oom, score_and_gradient
from saliency_audit.attributions.scores import validate_output
from saliency_audit.attributions.targets import Targets


@dataclass(frozen=True)
class GradientMethod(Method):
    """What methods share that make their map from one gradient per image."""

    output: str = "probability"
    batch_size: int | str = "auto"

    def __post_init__(self) -> None:
        super().__post_init__()
        validate_output(self.output)

    def gradients(self, model: Model, inputs: Tensor, targets: Targets) -> Tensor:
        """∂f_c/∂x of each image, batch by batch: `(N, C, H, W)`.

        Raises:
            ValueError: malformed inputs, targets, model output or batch size.
        """
        with self.asked(model, inputs, targets) as call:

            def run(size: int) -> Tensor:
                gradients = torch.empty_like(call.inputs)
                for start in range(0, len(gradients), size):
                    block = slice(start, start + size)
                    _, gradients[block] = score_and_gradient(
                        call.model, call.inputs[block], call.targets[block], self.output
                    )
                return gradients

            return halving_on_oom(run, self.batch_size, call.inputs)


@dataclass(frozen=True)
class Saliency(GradientMethod):
    """∂f_c/∂x: how the class score changes with each pixel.

    Signed, in units of the score per unit of intensity; with `absolute`, its magnitude, as captum's
    `Saliency` gives by default. The published map is the largest magnitude over the channels:
    `saliency(maps, "max_abs")`.

    Source: Simonyan et al. 2013, §3; "Vanilla Gradient", "GRAD" and "SA" in the papers studied.
    """

    absolute: bool = False

    def __call__(self, model: Model, inputs: Tensor, targets: Targets = None) -> Tensor:
        """Attribution maps `(N, C, H, W)`.

        Raises:
            ValueError: malformed inputs, targets, model output or batch size.
        """
        gradients = self.gradients(model, inputs, targets)
        return gradients.abs_() if self.absolute else gradients


@dataclass(frozen=True)
class GradientInput(GradientMethod):
    """x ⊙ ∂f_c/∂x: each pixel's first-order contribution to f_c(x) − f_c(0).

    Signed, in units of the score; exact for a linear model. The image is the one in [0, 1], not the
    normalised one, so black pixels get 0.

    Source: Shrikumar et al. 2016; MeGe/ReCo paper, Appendix B.
    """

    def __call__(self, model: Model, inputs: Tensor, targets: Targets = None) -> Tensor:
        """Attribution maps `(N, C, H, W)`.

        Raises:
            ValueError: malformed inputs, targets, model output or batch size.
        """
        return self.gradients(model, inputs, targets).mul_(inputs.detach())
