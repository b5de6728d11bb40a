"""The class probability while pixels are replaced, the most salient ones first."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from saliency_audit.attributions.arguments import Asked
from saliency_audit.attributions.engine import halving_on_oom, score
from saliency_audit.attributions.members import refuse_members
from saliency_audit.attributions.scores import validate_saliency
from saliency_audit.errors import is_whole, shown


@torch.no_grad()
def pixel_curves(
    call: Asked,
    saliency: Tensor,
    *,
    before: Callable[[Tensor], Tensor],
    after: Callable[[Tensor], Tensor],
    stops: Callable[[int, int], Tensor],
    seeds: list[int] | None,
    batch_size: int | str,
) -> tuple[Tensor, Tensor]:
    """Class probability while the pixels of one picture are replaced by those of another.

    Args:
        call: model, images and targets.
        saliency: `(N, H, W)`; the most salient pixels are replaced first.
        before: the images -> the pictures that the walk starts from.
        after: the images -> the pictures that it ends at.
        stops: height and width -> rising numbers of pixels `(S,)` that are replaced at each stop.
        seeds: one per image, for the order of ties; 0…N-1 if not given.
        batch_size: pictures per forward pass.

    Returns:
        Curves `(N, S)` and the share of pixels replaced `(S,)`, in [0, 1]; float64 on the CPU.

    Raises:
        ValueError: malformed saliency, seeds or model output.
    """
    images = call.inputs
    saliency = validate_saliency(images, saliency)
    count, _, height, width = images.shape
    replaced = stops(height, width)
    fractions = replaced.double() / (height * width)
    if count == 0:
        return torch.zeros(0, len(replaced), dtype=torch.float64), fractions
    ranks = reveal_order(saliency, list(range(count)) if seeds is None else seeds)
    first, last = before(images), after(images)
    shares = replaced.to(images.device)
    pairs = torch.cartesian_prod(
        torch.arange(count, device=images.device), torch.arange(len(shares), device=images.device)
    )

    def run(size: int) -> Tensor:
        scores = []
        for picture, position in (chunk.T for chunk in pairs.split(size)):
            gone = ranks[picture] < shares[position][:, None, None]
            pictures = torch.where(gone[:, None], last[picture], first[picture])
            scores.append(score(call.model, pictures, call.targets[picture], "probability"))
        return torch.cat(scores)

    scores = halving_on_oom(run, batch_size, images, gradients=False)
    return scores.reshape(count, len(replaced)).cpu().double(), fractions


def equal_stops(count: int) -> Callable[[int, int], Tensor]:
    """Height and width -> `count` + 1 stops at equal shares of the pixels, from none to all."""

    def stops(height: int, width: int) -> Tensor:
        shares = torch.arange(count + 1, dtype=torch.float64) / count
        return (shares * (height * width)).round().long()

    return stops


def unchanged(images: Tensor) -> Tensor:
    """The images themselves, as one end of the walk."""
    return images


def refuse_seeds(seeds: object, count: int) -> None:
    """Refuse what is not a list of whole numbers ≥ 0, one per image.

    Raises:
        ValueError: names the images whose seeds are none.
    """
    if not isinstance(seeds, Sequence | np.ndarray) or isinstance(seeds, str):
        raise ValueError(
            f"seeds must be a list of whole numbers, one per image, got {shown(seeds)}; leave it "
            "out for 0…N-1"
        )
    if len(seeds) != count:
        raise ValueError(f"{count} images need {count} seeds, got {len(seeds)}")
    wrong = [not is_whole(seed) or seed < 0 for seed in seeds]
    refuse_members(
        torch.tensor(wrong, dtype=torch.bool),
        "seeds must be whole numbers ≥ 0",
        "leave them out for 0…N-1",
        members="images",
    )


def reveal_order(saliency: Tensor, seeds: list[int]) -> Tensor:
    """Rank of every pixel, 0 for the most salient; ties are ordered by the image's seed.

    Args:
        saliency: `(N, H, W)`.
        seeds: N seeds.

    Returns:
        `(N, H, W)` int64, a permutation of 0…HW-1 per image.
    """
    count, height, width = saliency.shape
    refuse_seeds(seeds, count)
    shuffles = np.stack([np.random.default_rng(seed).permutation(height * width) for seed in seeds])
    shuffle = torch.from_numpy(shuffles).to(saliency.device)
    shuffled = saliency.flatten(1).gather(1, shuffle)
    order = shuffle.gather(1, shuffled.argsort(dim=1, descending=True, stable=True))
    ranks = torch.empty_like(order)
    ranks.scatter_(1, order, torch.arange(height * width, device=order.device).expand_as(order))
    return ranks.reshape(count, height, width)
