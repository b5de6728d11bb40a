"""RISE: a pixel is salient if the class score is high under random masks that keep it."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from saliency_audit.attributions.arguments import Asked, Method
from saliency_audit.attributions.called import Model
from saliency_audit.attributions.engine import halving_on_oom, score
from saliency_audit.attributions.scores import validate_output
from saliency_audit.attributions.seeding import image_generator
from saliency_audit.attributions.targets import Targets
from saliency_audit.errors import refuse_number, refuse_numbers


@dataclass(frozen=True)
class Rise(Method):
    """Σ_i f_c(x ⊙ m_i) m_i / (p · masks): the mean score over the masks that keep a pixel.

    A mask is a lattice of cells, `grid` along each side of the picture and one more for the shift,
    each kept with `probability` p, upsampled bilinearly and shifted at random by up to a cell, so
    that its values lie in [0, 1]; hidden pixels are black, that is 0. In units of the score; a
    model that returns a constant c gets about c everywhere, plus the noise of the masks (§3 of the
    source subtracts nothing either).

    The source's own code draws `grid` cells per side and enlarges them to the size of grid + 1, so
    its cells are (grid + 1)/grid times as far apart, and it mirrors them at the border, where ours
    go on as they are. On 224 × 224 pixels with the defaults the variance of a mask is .17 in our
    corners and .11 in the centre; in the source's it is .12 in both. Maps of few masks are
    therefore noisier in our corners.

    The masks of an image depend only on the image and `seed` (`image_generator`), not on batches,
    order, device or model, so two models are compared under equal masks. For MeGe and ReCo give
    every predictor its own seed: with shared masks their maps agree in the noise of the masks, and
    the score says little about the predictors.

    The MeGe/ReCo paper uses 1,000 masks (4,000 on ImageNet) and states neither grid nor p; the
    defaults are those of the source.

    Source: Petsiuk et al. 2018, §3; MeGe/ReCo paper, Appendix B.
    """

    masks: int = 1000
    grid: int = 7
    probability: float = 0.5
    seed: int = 0
    output: str = "probability"
    batch_size: int | str = "auto"

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_numbers(self, whole=("masks", "grid"))
        refuse_number("probability", self.probability, "share or all")
        validate_output(self.output)

    def __call__(self, model: Model, inputs: Tensor, targets: Targets = None) -> Tensor:
        """Attribution maps `(N, 1, H, W)`: one value per location, not per channel.

        Raises:
            ValueError: malformed inputs, targets, model output or batch size.
        """
        with self.asked(model, inputs, targets) as call:

            def run(size: int) -> Tensor:
                return self._mean(call, size)

            return halving_on_oom(run, self.batch_size, call.inputs, gradients=False)

    def _mean(self, call: Asked, size: int) -> Tensor:
        """The mean over all masks, `size` at a time."""
        maps = torch.zeros_like(call.inputs[:, :1])
        for image, target, saved in zip(call.inputs, call.targets, maps, strict=True):
            for part in self._streamed(image, size):
                masked, classes = image * part[:, None], target.expand(len(part))
                scores = score(call.model, masked, classes, self.output)
                saved += torch.einsum("m,mhw->hw", scores, part)
        return maps / (self.probability * self.masks)

    def _streamed(self, image: Tensor, size: int) -> Iterator[Tensor]:
        """All masks of an image, `size` at a time: `(M, H, W)` in [0, 1]."""
        generator = image_generator(image, self.seed)
        shape = (image.shape[1], image.shape[2])
        for first in range(0, self.masks, size):
            count = min(size, self.masks - first)
            masks = random_masks(count, shape, self.grid, self.probability, generator, image.device)
            yield masks.to(image)


def random_masks(
    count: int,
    size: tuple[int, int],
    grid: int,
    probability: float,
    generator: torch.Generator,
    device: torch.device | str = "cpu",
) -> Tensor:
    """Soft masks of RISE: `(count, H, W)` float32 in [0, 1].

    Args:
        count: how many.
        size: H and W.
        grid: cells per side.
        probability: of a cell being kept.
        generator: of random numbers, on the CPU; each mask draws the same number of them, whatever
            `count`.
        device: where the masks are computed.
    """
    height, width = size
    cell_height, cell_width = -(-height // grid), -(-width // grid)
    # One row of numbers per mask: its cells, one more per axis for the shift, and its two shifts.
    drawn = torch.rand(count, (grid + 1) ** 2 + 2, generator=generator, dtype=torch.float32).to(
        device
    )
    kept = (drawn[:, :-2] < probability).float().reshape(count, 1, grid + 1, grid + 1)
    enlarged = F.interpolate(
        kept,
        size=((grid + 1) * cell_height, (grid + 1) * cell_width),
        mode="bilinear",
        align_corners=False,
    )[:, 0]
    down = (drawn[:, -2] * cell_height).long()
    across = (drawn[:, -1] * cell_width).long()
    windows = enlarged.unfold(1, height, 1).unfold(2, width, 1)
    return windows[torch.arange(count, device=device), down, across]
