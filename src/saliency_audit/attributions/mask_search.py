"""What the methods share that search a mask for each image: blocks, descent, the background."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from saliency_audit.attributions.arguments import Asked
from saliency_audit.attributions.engine import halving_on_oom, loss_gradient
from saliency_audit.attributions.relevance.background import Background
from saliency_audit.errors import refuse_unknown

PERTURBATIONS = ("native", "shared")


def mask_by_mask(
    search: Callable[[Tensor, Tensor, int], Tensor],
    call: Asked,
    batch_size: int | str,
    pictures_each: int = 1,
) -> Tensor:
    """Maps `(N, 1, H, W)` of images whose masks are searched together, block by block.

    Args:
        search: from images `(B, C, H, W)`, classes `(B,)` and the size of a batch to maps
            `(B, 1, H, W)`.
        call: what was asked.
        batch_size: how many pictures the model sees at once, or "auto".
        pictures_each: how many pictures of an image the model sees at a step.

    Raises:
        ValueError: malformed batch size, or what `search` refuses.
    """

    def run(size: int) -> Tensor:
        maps = torch.empty_like(call.inputs[:, :1])
        together = max(1, size // pictures_each)
        for start in range(0, len(maps), together):
            block = slice(start, start + together)
            maps[block] = search(call.inputs[block], call.targets[block], size)
        return maps

    return halving_on_oom(run, batch_size, call.inputs)


def descend(
    model: nn.Module,
    start: Tensor,
    losses: Callable[[int], Callable[[Tensor], Tensor]],
    optimizer: Callable[[list[Tensor]], torch.optim.Optimizer],
    iterations: int,
    bounds: tuple[float, float | None],
    rate: Callable[[int], float] | None = None,
) -> Tensor:
    """Where an optimiser arrives from `start` after so many steps, each followed by clipping.

    Adam and SGD keep a state per value, and the losses of different rows have nothing in common,
    so that a row arrives where it would alone.

    Args:
        model: a `frozen` model, which the losses ask.
        start: `(B, …)`.
        losses: from the number of a step, the first being 0, to the function of the values that
            is made smaller in it, with losses `(B,)`. Random numbers are drawn before.
        optimizer: of a list of tensors.
        iterations: steps, each with one gradient.
        bounds: least and largest value.
        rate: from the number of the step to the learning rate; if not given, the optimiser's.
    """
    values = start.detach().clone()
    descent = optimizer([values])
    for step in range(iterations):
        if rate is not None:
            descent.param_groups[0]["lr"] = rate(step)
        values.grad = loss_gradient(model, losses(step), values)
        descent.step()
        values.clamp_(*bounds)
    values.grad = None
    return values


def drawn(images: Tensor, generators: Sequence[torch.Generator]) -> Tensor:
    """A background of DRE's §4.1 for each image, `(B, C, H, W)`, from its own generator."""
    background = Background()
    pairs = zip(images, generators, strict=True)
    return torch.cat([background.draw(image[None], generator) for image, generator in pairs])


def validate_perturbation(name: str) -> None:
    """Refuse an unknown perturbation.

    Raises:
        ValueError: names the known ones.
    """
    refuse_unknown("perturbation", name, PERTURBATIONS)
