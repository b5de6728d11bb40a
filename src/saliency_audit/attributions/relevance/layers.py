"""Which layers of a network feed a mask generator."""

from collections import Counter

from torch import Tensor, nn

from saliency_audit.attributions.engine import frozen
from saliency_audit.attributions.layers import POOLS, layers_as_run
from saliency_audit.attributions.relevance.pyramid import halves

# Enough for a mask of a quarter of the picture's side, as for the paper's networks.
MOST = 4


def find_pyramid(model: nn.Module, images: Tensor) -> tuple[str, ...]:
    """Names of layers whose maps halve in size: of every size the block that finishes last.

    Found by passing one image through the model. The largest maps have at most a quarter of the
    picture's side, unless fewer than three sizes are left then; the smallest are the last maps with
    more than one place. This gives the layers of the DRE paper for ResNet50 (`layer1` … `layer4`)
    and GoogLeNet; for VGG19 the paper's channels are those of the poolings, `features.9`,
    `features.18`, `features.27`, `features.36`.

    Args:
        model: maps `(N, C, H, W)` to logits.
        images: `(N, C, H, W)`, N ≥ 1, of the size that it will be trained on.

    Returns:
        Two to four names, from the largest maps to the smallest.

    Raises:
        ValueError: the model has no two layers whose maps halve in size; name them by hand.
    """
    if not isinstance(images, Tensor) or images.ndim != 4 or len(images) == 0:
        raise ValueError("images must be a tensor (N, C, H, W); of a data set, data[0][0][None]")
    with frozen(model):
        last = _last_of_each_side(model, images[:1])
    sides = sorted(last)  # one side stands for the size
    chain = sides[:1]
    for side in sides[1:]:
        if halves(side, chain[-1]):
            chain.append(side)
    quarter = [side for side in chain if 4 * side <= images.shape[2] + 3]
    chain = (quarter if len(quarter) >= 3 else chain[:3])[:MOST]
    if len(chain) < 2:
        raise ValueError(
            "no two layers of the model have maps of which one is half as large as the other; "
            "name layers of your own (model.named_modules() lists all)"
        )
    return tuple(last[side] for side in reversed(chain))


def _last_of_each_side(model: nn.Module, image: Tensor) -> dict[int, str]:
    """Height of maps -> the layer that makes such maps last, of those nested least.

    Only layers that run once; pooling to a given size, as it stands before classifiers, left out.
    """
    names = {part: name for name, part in model.named_modules() if name}
    ran = layers_as_run(model, image, (part for part in names if not isinstance(part, POOLS)))
    times = Counter(part for part, _ in ran)
    # Parts of a block come before the block: a strided one still works at the larger size inside.
    outermost: dict[int, str] = {}
    for part, shape in ran:
        if times[part] > 1 or shape is None or len(shape) != 4 or min(shape[2:]) < 2:
            continue
        name, side = names[part], shape[2]
        if name.count(".") <= outermost.get(side, name).count("."):
            outermost[side] = name
    return outermost
