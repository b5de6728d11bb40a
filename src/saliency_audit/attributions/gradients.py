"""The gradient of the class score with respect to the image: plain, and times the image."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from saliency_audit.attributions.engine import frozen, halving_on_oom, score_and_gradient
from saliency_audit.attributions.scores import validate_inputs, validate_output


def input_gradients(
    model: nn.Module, inputs: Tensor, targets: Tensor, output: str, batch_size: int | str
) -> Tensor:
    """∂f_c/∂x of each image, batch by batch: `(N, C, H, W)`.

    Arguments as in `score_and_gradient` and `halving_on_oom`.

    Raises:
        ValueError: malformed inputs, targets, model output or batch size.
    """
    validate_inputs(inputs, targets)

    def run(size: int) -> Tensor:
        gradients = torch.empty_like(inputs, requires_grad=False)
        for start in range(0, len(inputs), size):
            block = slice(start, start + size)
            _, gradients[block] = score_and_gradient(model, inputs[block], targets[block], output)
        return gradients

    with frozen(model, inputs):
        return halving_on_oom(run, batch_size, inputs)


@dataclass(frozen=True)
class Saliency:
    """∂f_c/∂x: how the class score changes with each pixel.

    Signed, in units of the score per unit of intensity. The published map is the largest magnitude
    over the channels: `saliency(maps, "max_abs")`.

    Source: Simonyan et al. 2013, §3; "Vanilla Gradient", "GRAD" and "SA" in the papers studied.
    """

    output: str = "probability"
    batch_size: int | str = "auto"

    def __post_init__(self) -> None:
        validate_output(self.output)

    def __call__(self, model: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
        """Attribution maps `(N, C, H, W)`; see `input_gradients` for errors."""
        return input_gradients(model, inputs, targets, self.output, self.batch_size)


@dataclass(frozen=True)
class GradientInput:
    """x ⊙ ∂f_c/∂x: each pixel's first-order contribution to f_c(x) − f_c(0).

    Signed, in units of the score; exact for a linear model. The image is the one in [0, 1], not the
    normalised one, so black pixels get 0.

    Source: Shrikumar et al. 2016; MeGe/ReCo paper, Appendix B.
    """

    output: str = "probability"
    batch_size: int | str = "auto"

    def __post_init__(self) -> None:
        validate_output(self.output)

    def __call__(self, model: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
        """Attribution maps `(N, C, H, W)`; see `input_gradients` for errors."""
        gradients = input_gradients(model, inputs, targets, self.output, self.batch_size)
        return gradients.mul_(inputs.detach())
